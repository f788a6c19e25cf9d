"""Histogram gradient boosting: many shallow trees, each correcting the sum of those before.

150 trees (fewer below 750 rows) of 15 leaves at learning rate 0.08, with missing cells sent to the
better side. Each split chooses from a fifth of the prepared columns, drawn anew, from eight at least: trees
that differ more from each other err less in sum (Breiman, Random Forests, 2001). With ``levels_in_groups``
a split sends any group of a category's levels to either side, the best group by gain (Fisher, On grouping for
maximum homogeneity, 1958), where it otherwise tells one level from the rest. On a regression task judged
by ``mae`` the trees minimise the absolute error, and where it is judged by a pinball loss, that one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.models.spaces import GROUPED, Range, filled
from vigil.records import Task
from vigil.stats import metrics

if TYPE_CHECKING:
    from vigil.models.folding import Folded, Tree
    from vigil.models.preparing import Plan

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")

#: ``trees`` and ``rows_of_a_leaf`` are upper limits: few rows get fewer. ``share_of_columns`` is a lower one.
SPACE = {
    "learning_rate": Range(0.02, 0.3, 0.08),
    "trees": Range(40, 400, 150, whole=True),
    "leaves": Range(4, 63, 15, whole=True),
    "rows_of_a_leaf": Range(2, 100, 20, whole=True),
    "l2_regularization": Range(0.01, 30.0, 1.0),
    "share_of_columns": Range(0.1, 1.0, 0.2, linear=True),
    GROUPED: Range(0, 1, 0, whole=True, linear=True),
}

#: Fitted to all rows it errs less than on four fifths of them, which its calibration is learnt from: its
#: probabilities lie too near to the middle.
FLAW = 5.0

#: A split chooses from so many columns at least, where there are so many.
FEWEST_COLUMNS = 8


def build(plan: Plan) -> Any:
    """Return the unfitted pipeline."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    from vigil.models import preparing

    chosen = filled(SPACE, plan.settings)
    # At least two leaves must be possible, also with a dozen rows.
    fewest = np.clip(plan.rows // 10, 2, chosen["rows_of_a_leaf"])
    settings: dict[str, Any] = {
        "max_leaf_nodes": chosen["leaves"],
        "learning_rate": chosen["learning_rate"],
        "l2_regularization": chosen["l2_regularization"],
        "early_stopping": False,
        "min_samples_leaf": int(fewest),
        "max_iter": int(np.clip(plan.rows // 5, 40, chosen["trees"])),
        "max_features": max(chosen["share_of_columns"], min(1.0, FEWEST_COLUMNS / plan.width)),
    }
    if plan.grouped:
        settings["categorical_features"] = list(range(len(plan.grouped)))
    if plan.task != "regression":
        model = HistGradientBoostingClassifier(random_state=plan.seed, **settings)
    else:
        quantile = metrics.quantile(metrics.get(plan.metric))
        loss = "absolute_error" if plan.metric == "mae" else "quantile" if quantile else "squared_error"
        model = HistGradientBoostingRegressor(
            loss=loss, quantile=quantile, random_state=plan.seed, **settings
        )
    return preparing.pipeline(plan, model, "steps")


def fold(pipeline: Any, plan: Plan) -> Folded:
    """Return the fitted pipeline as bit masks of leaves."""
    from vigil.models.folding import Folded, leaves

    model = pipeline["model"]
    trees = [_tree(one.nodes, one.raw_left_cat_bitsets) for group in model._predictors for one in group]  # noqa: SLF001  (no public form)
    intercept = np.asarray(model._baseline_prediction, dtype=np.float64).reshape(-1)  # noqa: SLF001  (same)
    link = "identity" if plan.task == "regression" else "logit" if len(intercept) == 1 else "softmax"
    return Folded(leaves(pipeline["prepare"], plan, trees, intercept), link)


def _tree(nodes: np.ndarray, groups: np.ndarray) -> Tree:
    """Read scikit-learn's node records; a leaf has no feature. Each of ``groups`` is 256 bits, one a code."""
    from vigil.models.folding import Tree

    leaf = nodes["is_leaf"].astype(bool)
    bits = np.unpackbits(groups.astype("<u4").view(np.uint8), axis=1, bitorder="little").astype(bool)
    parting = np.flatnonzero(nodes["is_categorical"] & ~leaf)
    return Tree(
        feature=np.where(leaf, -1, nodes["feature_idx"]).astype(np.intp),
        threshold=nodes["num_threshold"].astype(np.float64),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        left=nodes["left"].astype(np.intp),
        right=nodes["right"].astype(np.intp),
        value=nodes["value"].astype(np.float64)[:, None],
        groups={int(node): bits[nodes["bitset_idx"][node]] for node in parting},
    )
