"""Macro F1: the mean of F1 over the classes that occur in truth or prediction."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vigil.stats.betting import Floats
from vigil.stats.metrics import Tally
from vigil.stats.metrics._cells import CellMetric

#: A class with fewer hits and misses says too little about its own F1.
_CLASS_ENOUGH = 5


class MacroF1(CellMetric):
    """One process for each class's F1 and one for the accuracy (micro F1): "some class is worse".

    A class without a level is mute; it does not silence the others.
    """

    name = "macro_f1"
    title = "macro F1"
    tasks = ("multiclass",)

    def masks(self, classes: int) -> tuple[Floats, Floats]:
        """Return each class's TP as hits, FP and FN as misses; last, right and wrong over all."""
        each = np.eye(classes)
        hit = each[:, :, None] * each[:, None, :]
        # Row c or column c but not both: the exclusive or of two indicators.
        miss = np.abs(each[:, :, None] - each[:, None, :])
        return np.concatenate([hit, each[None]]), np.concatenate([miss, 1 - each[None]])

    def harmonic(self, processes: int) -> npt.NDArray[np.bool_]:
        """Return that all but the last value are 2J/(1 + J)."""
        watched: npt.NDArray[np.bool_] = np.arange(processes) < processes - 1
        return watched

    def scored(self, processes: int) -> int:
        """Leave the last process out of the score: it only watches."""
        return processes - 1

    def enough(self, tally: Tally) -> bool:
        """Ask for 20 rows, and for two classes with at least 5 hits and misses."""
        hits, misses = self._counts(np.array(tally["confusion"], dtype=np.float64))
        known = int((hits[:-1] + misses[:-1] >= _CLASS_ENOUGH).sum())
        return super().enough(tally) and known >= 2


METRIC = MacroF1()
