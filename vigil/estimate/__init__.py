"""How a release probably does on rows whose labels are not in yet.

What is learnt from held-out rows is a few numbers in plain JSON, kept with the release's reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vigil.estimate import bands, confidence, losses, ratio
from vigil.stats.metrics import Metric

#: Fewer held-out rows teach nothing about how sure the answers are.
ENOUGH = 50


def learn(
    truth: np.ndarray,
    answer: np.ndarray,
    probability: np.ndarray | None,
    weight: np.ndarray | None = None,
) -> dict[str, Any] | None:
    """Return what held-out rows, arrays of shape (n,), say of later ones; None when they are too few.

    ``probability`` is (n,) for two classes, (n, K) for more, None for regression. ``weight`` (n,) makes the
    rows stand for others than themselves (``ratio.weights``).
    """
    if len(truth) < ENOUGH or (probability is not None and len(np.unique(truth)) < 2):
        return None
    if probability is None:
        return losses.learn(truth, answer, weight)
    return confidence.learn(truth, probability, weight) if probability.ndim == 1 else {}


def estimate(
    learnt: dict[str, Any], answer: np.ndarray, probability: np.ndarray | None, metric: Metric, classes: int
) -> dict[str, float | None]:
    """Return the ``score`` by a metric that rows probably have, and for two classes the ``auc``.

    A metric that is not a count of right and wrong answers, nor a mean absolute error, has no score here.
    """
    if not len(answer):
        return {"score": None}
    if probability is None:
        known = metric.name == "mae"
        return {"score": float(losses.expected(learnt, answer).mean()) if known else None}
    sure = probability if probability.ndim > 1 else confidence.calibrated(learnt, probability)
    table = confidence.cells(answer, sure, classes)
    found = {"score": metric.value({"confusion": table.tolist()}) if metric.of == "answer" else None}
    return found | ({"auc": confidence.auc(probability, sure)} if probability.ndim == 1 else {})


__all__ = ["ENOUGH", "bands", "estimate", "learn", "ratio"]
