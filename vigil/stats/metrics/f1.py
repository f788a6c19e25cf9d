"""F1 of the positive class: 2·TP/(2·TP + FP + FN)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vigil.stats.betting import Floats
from vigil.stats.metrics._cells import CellMetric


class F1(CellMetric):
    """Hits are true positives, misses false positives and false negatives."""

    name = "f1"
    title = "F1"

    def masks(self, classes: int) -> tuple[Floats, Floats]:
        """Return TP as hits, FP and FN as misses."""
        del classes
        return np.array([[[0.0, 0.0], [0.0, 1.0]]]), np.array([[[0.0, 1.0], [1.0, 0.0]]])

    def harmonic(self, processes: int) -> npt.NDArray[np.bool_]:
        """Return that the value is 2J/(1 + J)."""
        return np.ones(processes, dtype=bool)


METRIC = F1()
