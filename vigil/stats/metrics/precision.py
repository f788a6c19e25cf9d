"""Precision: the share of predicted positives that are positive, TP/(TP + FP)."""

from __future__ import annotations

import numpy as np

from vigil.stats.betting import Floats
from vigil.stats.metrics._cells import CellMetric


class Precision(CellMetric):
    """Hits are true positives, misses false positives."""

    name = "precision"
    title = "precision"

    def masks(self, classes: int) -> tuple[Floats, Floats]:
        """Return TP as hits, FP as misses."""
        del classes
        return np.array([[[0.0, 0.0], [0.0, 1.0]]]), np.array([[[0.0, 1.0], [0.0, 0.0]]])


METRIC = Precision()
