"""Recall: the share of positives that are predicted so, TP/(TP + FN)."""

from __future__ import annotations

import numpy as np

from vigil.stats.betting import Floats
from vigil.stats.metrics._cells import CellMetric


class Recall(CellMetric):
    """Hits are true positives, misses false negatives."""

    name = "recall"
    title = "recall"

    def masks(self, classes: int) -> tuple[Floats, Floats]:
        """Return TP as hits, FN as misses."""
        del classes
        return np.array([[[0.0, 0.0], [0.0, 1.0]]]), np.array([[[0.0, 0.0], [1.0, 0.0]]])


METRIC = Recall()
