"""A random forest: the average of trees grown on resampled rows and random columns.

60 trees of at most 256 leaves, 3 rows in a leaf at least.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.models.spaces import Range, filled
from vigil.records import Task

if TYPE_CHECKING:
    from vigil.models.folding import Folded, Tree
    from vigil.models.preparing import Plan

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")

SPACE = {
    "leaves": Range(16, 1024, 256, whole=True),
    "rows_of_a_leaf": Range(1, 50, 3, whole=True),
    "share_of_columns": Range(0.1, 1.0, 0.5, linear=True),
}

#: As boosting's, and smaller.
FLAW = 2.0


def build(plan: Plan) -> Any:
    """Return the unfitted pipeline."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    from vigil.models import preparing

    chosen = filled(SPACE, plan.settings)
    settings: dict[str, Any] = {
        "n_estimators": 60,
        "max_leaf_nodes": chosen["leaves"],
        "min_samples_leaf": chosen["rows_of_a_leaf"],
    }
    share = chosen["share_of_columns"]
    if plan.task == "regression":
        model = RandomForestRegressor(random_state=plan.seed, max_features=share, **settings)
    else:
        # At its usual half, classes keep the root of the columns' number, which suits them as well.
        few: Any = share if "share_of_columns" in plan.settings else "sqrt"
        model = RandomForestClassifier(random_state=plan.seed, max_features=few, **settings)
    return preparing.pipeline(plan, model, "steps")


def fold(pipeline: Any, plan: Plan) -> Folded:
    """Return the fitted pipeline as bit masks of leaves; forests compute in single precision."""
    from vigil.models.folding import Folded, leaves

    model = pipeline["model"]
    trees = [_tree(one.tree_, len(model.estimators_)) for one in model.estimators_]
    intercept = np.zeros(trees[0].value.shape[1])
    link = "identity" if plan.task == "regression" else "share"
    return Folded(leaves(pipeline["prepare"], plan, trees, intercept, precision=np.float32), link)


def _tree(grown: Any, count: int) -> Tree:
    """Read scikit-learn's node arrays; each tree gives its share of the average."""
    from vigil.models.folding import Tree

    return Tree(
        feature=np.where(grown.children_left < 0, -1, grown.feature).astype(np.intp),
        threshold=grown.threshold.astype(np.float64),
        missing_left=grown.missing_go_to_left.astype(bool),
        left=grown.children_left.astype(np.intp),
        right=grown.children_right.astype(np.intp),
        value=grown.value[:, 0, :].astype(np.float64) / count,
    )
