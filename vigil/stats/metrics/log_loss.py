"""Log-loss: the mean of −ln of the probability that was given to the class that came."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from vigil.records import Task
from vigil.stats.betting import Floats
from vigil.stats.metrics import Rows
from vigil.stats.metrics._losses import LossMetric

#: Probabilities are kept this far from 0 and 1.
_EDGE = 1e-15


class LogLoss(LossMetric):
    """Losses are clipped where a class that came was given a probability of 0.01; rows beyond are counted."""

    name = "log_loss"
    title = "log-loss"
    tasks: tuple[Task, ...] = ("binary", "multiclass")
    of: Literal["answer", "probability"] = "probability"
    limit = math.log(100)

    def losses(self, truth: Rows, prediction: Rows) -> Floats:
        """Return each row's −ln p of its class; probabilities are (n,) of the positive one, or (n, K)."""
        chance, came = np.asarray(prediction, dtype=np.float64), np.asarray(truth, dtype=np.int64)
        if chance.ndim == 2:
            own = chance[np.arange(len(came)), came]
        else:
            own = np.where(came == 1, chance, 1 - chance)
        losses: Floats = -np.log(np.clip(own, _EDGE, 1 - _EDGE))
        return losses


METRIC = LogLoss()
