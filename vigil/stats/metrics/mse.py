"""Mean squared error: the mean of (truth − prediction)², in the square of the target's units."""

from __future__ import annotations

import numpy as np

from vigil.records import Task
from vigil.stats.betting import Floats
from vigil.stats.metrics import Rows
from vigil.stats.metrics._losses import LossMetric


class MeanSquaredError(LossMetric):
    """As ``mae``, with squares; a rise by 2 % is one of the root by about 1 %."""

    name = "mse"
    title = "MSE"
    tasks: tuple[Task, ...] = ("regression",)

    def losses(self, truth: Rows, prediction: Rows) -> Floats:
        """Return each row's e²."""
        gap = np.asarray(truth, dtype=np.float64) - np.asarray(prediction, dtype=np.float64)
        squares: Floats = gap**2
        return squares

    def clipped_at(self, clip: float | None) -> float | None:
        """Return the square of the clip of the error."""
        return None if clip is None else clip**2


METRIC = MeanSquaredError()
