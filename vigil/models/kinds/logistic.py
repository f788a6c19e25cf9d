"""Linear on ramps: logistic regression for classes, ridge regression for numbers.

A sum of piecewise linear curves, one per number, and of one value per level; quick to fit, calm
beyond the data, and easy to explain. L2 penalty 1. On a regression task the same name means ridge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.models.spaces import KNOTS, Range, filled
from vigil.records import Task

if TYPE_CHECKING:
    from vigil.models.folding import Folded
    from vigil.models.preparing import Plan

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")

#: ``penalty`` is the weight of the squared coefficients; ``knots`` is an upper limit: few rows get fewer.
SPACE = {
    "penalty": Range(0.01, 100.0, 1.0),
    "knots": Range(2, 24, KNOTS, whole=True),
}

#: Fitted to all rows it is as sure of itself as on four fifths of them, which its calibration is learnt from.
FLAW = 0.0


def build(plan: Plan) -> Any:
    """Return the unfitted pipeline."""
    from sklearn.linear_model import LogisticRegression, Ridge

    from vigil.models import preparing

    penalty = filled(SPACE, plan.settings)["penalty"]
    if plan.task == "regression":
        return preparing.pipeline(plan, Ridge(alpha=penalty), "ramps")
    model = LogisticRegression(C=1 / penalty, max_iter=500, random_state=plan.seed)
    return preparing.pipeline(plan, model, "ramps")


def fold(pipeline: Any, plan: Plan) -> Folded:
    """Return the fitted pipeline as tables of level values and knots."""
    from vigil.models.folding import Folded, additive

    model = pipeline["model"]
    weights = np.atleast_2d(model.coef_)
    intercept = np.atleast_1d(model.intercept_).astype(np.float64)
    link = "identity" if plan.task == "regression" else "logit" if len(weights) == 1 else "softmax"
    return Folded(additive(pipeline["prepare"], plan, weights, intercept), link)
