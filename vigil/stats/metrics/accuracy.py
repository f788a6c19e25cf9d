"""Accuracy: the share of rows that are predicted right."""

from __future__ import annotations

import numpy as np

from vigil.stats.betting import Floats
from vigil.stats.metrics._cells import CellMetric


class Accuracy(CellMetric):
    """Hits are the diagonal, misses all else."""

    name = "accuracy"
    title = "accuracy"
    tasks = ("binary", "multiclass")

    def masks(self, classes: int) -> tuple[Floats, Floats]:
        """Return the diagonal as hits, the rest as misses."""
        right = np.eye(classes)[None]
        return right, 1 - right


METRIC = Accuracy()
