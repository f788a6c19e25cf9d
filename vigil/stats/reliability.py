"""How far probabilities are off, less what chance alone would show.

The gap between what was foretold and what came, over ten bins of the probability, is never zero on a
finite number of rows, however right the probabilities are: the fewer rows, the larger it looks. Its
square is unbiased once each bin's own variance is taken off (Kumar, Liang, Ma 2019, Verified uncertainty
calibration, NeurIPS; the reliability term of Murphy 1973).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vigil.stats.betting import Floats
from vigil.stats.intervals import normal

#: Bins of equal width.
BINS = 10


@dataclass(frozen=True, slots=True)
class Reliability:
    """The mean square of the gap over rows, less chance's part; below 0 where chance gave less than its due.

    ``error`` is its standard error, ``by_chance`` the one that it has where every probability is right:
    its mean is then 0, and it lies within two of these in nineteen cases of twenty.
    """

    square: float
    error: float
    by_chance: float

    @property
    def gap(self) -> float:
        """The root of the mean square: by how much probabilities are off; 0 where chance explains it."""
        return math.sqrt(max(self.square, 0.0))

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the two-sided normal interval of the gap."""
        low, high = normal(self.square, self.error, confidence)
        return math.sqrt(max(low, 0.0)), math.sqrt(max(high, 0.0))


def reliability(truth: npt.NDArray[Any], probability: Floats) -> Reliability | None:
    """Measure the probabilities (n,) of the positive class on codes 0 and 1; None without rows."""
    if not len(truth):
        return None
    place = np.minimum((probability * BINS).astype(int), BINS - 1)
    rows = np.bincount(place, minlength=BINS)
    missed = np.bincount(place, weights=truth - probability, minlength=BINS)[rows > 0]
    chance = np.bincount(place, weights=probability * (1 - probability), minlength=BINS)[rows > 0]
    rows = rows[rows > 0]
    gap, variance, share = missed / rows, chance / rows**2, rows / rows.sum()
    # A gap is normal to good measure, so that its square has the variance 4·gap²·v + 2·v².
    null = 2 * variance**2
    return Reliability(
        square=float(share @ (gap**2 - variance)),
        error=math.sqrt(float(share**2 @ (4 * gap**2 * variance + null))),
        by_chance=math.sqrt(float(share**2 @ null)),
    )
