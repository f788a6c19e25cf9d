"""Specificity: the share of negatives that are predicted so, TN/(TN + FP)."""

from __future__ import annotations

import numpy as np

from vigil.stats.betting import Floats
from vigil.stats.metrics._cells import CellMetric


class Specificity(CellMetric):
    """Hits are true negatives, misses false positives."""

    name = "specificity"
    title = "specificity"

    def masks(self, classes: int) -> tuple[Floats, Floats]:
        """Return TN as hits, FP as misses."""
        del classes
        return np.array([[[1.0, 0.0], [0.0, 0.0]]]), np.array([[[0.0, 1.0], [0.0, 0.0]]])


METRIC = Specificity()
