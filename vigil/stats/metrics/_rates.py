"""Scores of two classes that are no plain share of rows, with a level from both classes' rates."""

from __future__ import annotations

import numpy as np

from vigil.stats import rates
from vigil.stats.betting import Floats
from vigil.stats.metrics import Level, Tally
from vigil.stats.metrics._cells import CellMetric


class RateMetric(CellMetric):
    """A score that follows from the share of right answers in each class; ``mix`` weighs the classes.

    ``mix`` None stands for the rows' own shares of the classes.
    """

    exact = False
    mix: tuple[float, float] | None = None

    def level(self, tally: Tally, *, delta: float, tolerance: float, choices: int = 1) -> Level | None:
        """Return the exact bound over both rates, less the tolerance; None below 20 rows or at zero."""
        table = np.array(tally["confusion"], dtype=np.float64)
        if not self.enough(tally) or table.sum(axis=1).min() == 0:
            return None
        value = rates.score_lower(self, table, delta / choices, mix=self.mix) - tolerance
        if value <= 0:
            return None
        return {"value": value, "shares": [value], "reference": [self.value(tally)], "scored": [True]}


class FBeta(RateMetric):
    """F of recall weighed ``beta`` times as much as precision; a false answer counts less than a hit.

    With TP as hits and (β²·FN + FP)/(1 + β²) as misses, F is their share of hits. A bet on a miss of weight
    w <= 1 pays (1 + x)^w <= 1 + wx, so that it is fair at worst.
    """

    beta: float

    def masks(self, classes: int) -> tuple[Floats, Floats]:
        """Return TP as hits, FN and FP as misses with their weights."""
        del classes
        square = self.beta**2
        weights = [[0.0, 1 / (1 + square)], [square / (1 + square), 0.0]]
        return np.array([[[0.0, 0.0], [0.0, 1.0]]]), np.array([weights])
