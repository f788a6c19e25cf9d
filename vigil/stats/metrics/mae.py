"""Mean absolute error: the mean of |truth − prediction|, in units of the target."""

from __future__ import annotations

import numpy as np

from vigil.records import Task
from vigil.stats.betting import Floats
from vigil.stats.metrics import Rows
from vigil.stats.metrics._losses import LossMetric


class MeanAbsoluteError(LossMetric):
    """Errors are clipped at the 0.99 quantile of those out of fold; the rows beyond are counted."""

    name = "mae"
    title = "MAE"
    tasks: tuple[Task, ...] = ("regression",)

    def losses(self, truth: Rows, prediction: Rows) -> Floats:
        """Return each row's |e|."""
        size: Floats = np.abs(np.asarray(truth, dtype=np.float64) - np.asarray(prediction, dtype=np.float64))
        return size


METRIC = MeanAbsoluteError()
