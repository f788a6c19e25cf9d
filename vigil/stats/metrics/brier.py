"""Brier score: the mean squared distance of the probabilities from what came (Brier, 1950)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from vigil.records import Task
from vigil.stats.betting import Floats
from vigil.stats.metrics import Rows
from vigil.stats.metrics._losses import LossMetric


class Brier(LossMetric):
    """Losses lie in [0, 1] as they are: half of the sum over the classes, which for two is (p − y)²."""

    name = "brier"
    title = "Brier score"
    tasks: tuple[Task, ...] = ("binary", "multiclass")
    of: Literal["answer", "probability"] = "probability"
    limit = 1.0

    def losses(self, truth: Rows, prediction: Rows) -> Floats:
        """Return each row's (p − y)², or from probabilities (n, K) half of the sum of these."""
        chance, came = np.asarray(prediction, dtype=np.float64), np.asarray(truth, dtype=np.int64)
        if chance.ndim == 2:
            gap = chance - (came[:, None] == np.arange(chance.shape[1]))
            halves: Floats = (gap**2).sum(axis=1) / 2
            return halves
        squares: Floats = (chance - came) ** 2
        return squares


METRIC = Brier()
