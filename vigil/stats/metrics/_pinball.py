"""The pinball loss, by which a quantile is judged: one metric for each quantile that is asked for."""

from __future__ import annotations

import numpy as np

from vigil.records import Task
from vigil.stats.betting import Floats
from vigil.stats.metrics import Rows
from vigil.stats.metrics._losses import LossMetric


class Pinball(LossMetric):
    """Too low costs τ a unit, too high 1 − τ: least where a share τ of the truth lies below the answer.

    Koenker and Bassett (1978), Econometrica 46. Clipped like the absolute error.
    """

    tasks: tuple[Task, ...] = ("regression",)

    def __init__(self, quantile: float) -> None:
        self.quantile = quantile
        self.name = f"pinball_{100 * quantile:.0f}"
        self.title = f"pinball loss of the {quantile:g} quantile"

    def losses(self, truth: Rows, prediction: Rows) -> Floats:
        """Return each row's loss, in units of the target."""
        short = np.asarray(truth, dtype=np.float64) - np.asarray(prediction, dtype=np.float64)
        size: Floats = np.maximum(self.quantile * short, (self.quantile - 1) * short)
        return size
