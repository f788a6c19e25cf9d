"""Brier score: the mean squared distance of the positive class's probability from what came (Brier, 1950)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from vigil.records import Task
from vigil.stats.betting import Floats
from vigil.stats.metrics._losses import LossMetric


class Brier(LossMetric):
    """Losses lie in [0, 1] as they are."""

    name = "brier"
    title = "Brier score"
    tasks: tuple[Task, ...] = ("binary",)
    of: Literal["answer", "probability"] = "probability"
    limit = 1.0

    def losses(self, truth: npt.NDArray[Any], prediction: npt.NDArray[Any]) -> Floats:
        """Return each row's (p − y)²."""
        gap = np.asarray(prediction, dtype=np.float64) - np.asarray(truth, dtype=np.float64)
        squares: Floats = gap**2
        return squares


METRIC = Brier()
