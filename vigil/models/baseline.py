"""The best that can be had without looking at any column: what a model must beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vigil.records import Task
from vigil.stats import metrics


@dataclass(frozen=True, slots=True)
class Baseline:
    """The best constant answer (a class code, or a value) and its score on the same rows."""

    answer: float
    score: float | None


def baseline(
    task: Task, metric: str, y: np.ndarray, *, classes: int = 2, clip: float | None = None
) -> Baseline:
    """Return the best constant answer for the metric.

    ``y`` (n,) holds codes below ``classes``, or values. Tried are every class; for regression the
    median, the mean and the quantile that the metric asks about; for a metric of probabilities the share
    of positives, or for more than two classes all shares, whose answer is the most frequent class.
    For F1 that compares always with never positive.
    """
    judge = metrics.get(metric)
    shared = judge.of == "probability"
    if shared and task == "multiclass" and len(y):
        shares = np.bincount(y, minlength=classes) / len(y)
        every = np.tile(shares, (len(y), 1))
        return Baseline(
            float(shares.argmax()), judge.value(judge.tally(y, every, classes=classes, clip=clip))
        )
    middles = [np.median(y), np.mean(y)] if task == "regression" else []
    if middles and len(y) and (quantile := metrics.quantile(judge)) is not None:
        middles.append(np.quantile(y, quantile))
    constants = middles or np.arange(classes)
    constants = [np.mean(y)] if shared and len(y) else constants
    tried = []
    for constant in constants:
        answers = np.full(len(y), constant, dtype=np.float64 if shared or task == "regression" else y.dtype)
        value = judge.value(judge.tally(y, answers, classes=classes, clip=clip))
        tried.append(Baseline(float(constant), None if value is None else float(value)))
    known = [one for one in tried if one.score is not None]
    sign = 1.0 if judge.higher_is_better else -1.0
    return max(known, key=lambda one: sign * (one.score or 0.0), default=tried[0])
