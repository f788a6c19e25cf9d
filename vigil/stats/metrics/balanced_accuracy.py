"""Balanced accuracy: the mean of both classes' shares of right answers, whatever the class mix."""

from __future__ import annotations

import numpy as np

from vigil.stats import standardised
from vigil.stats.betting import Floats
from vigil.stats.metrics import Level, Tally
from vigil.stats.metrics._rates import RateMetric


class BalancedAccuracy(RateMetric):
    """One process: accuracy, with the rows of each class weighed to one half of the batch."""

    name = "balanced_accuracy"
    title = "balanced accuracy"
    mix = (0.5, 0.5)
    moves_with_mix = False

    def masks(self, classes: int) -> tuple[Floats, Floats]:
        """Return right answers as hits, all others as misses."""
        right = np.eye(classes)[None]
        return right, 1 - right

    def score(self, tables: Floats) -> Floats:
        """Return the mean of both rates, NaN where a class is missing."""
        sizes = tables.sum(axis=-1)
        rates = np.einsum("...kk->...k", tables) / np.maximum(sizes, 1)
        score: Floats = np.where((sizes > 0).all(axis=-1), rates.mean(axis=-1), np.nan)
        return score

    def influence(self, table: Floats) -> Floats:
        """Return each cell's influence: that of its own class's rate."""
        sizes = table.sum(axis=1, keepdims=True)
        rates = np.diag(table)[:, None] / np.maximum(sizes, 1)
        moved: Floats = table.sum() / (2 * np.maximum(sizes, 1)) * (np.eye(len(table)) - rates)
        return moved

    def log_l_of(self, tally: Tally, level: Level) -> Floats:
        """Return the log growth of each bet; 0 for a batch that lacks a class."""
        return standardised.log_growth(self, tally["confusion"], {**level, "mix": self.mix})

    def detectable(
        self, level: Level, since: Tally, reference: float, *, log_threshold: float, log_weight: float
    ) -> float | None:
        """Return the smallest drop that would have been found, from twice the rarer class's rows."""
        rare = int(2 * min(sum(row) for row in since["confusion"]))
        as_if = {"confusion": [[rare, 0], [0, 0]]}
        weights = {"log_threshold": log_threshold, "log_weight": log_weight}
        return super().detectable(level, as_if, reference, **weights)


METRIC = BalancedAccuracy()
