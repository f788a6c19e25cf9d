"""Linear rank statistics of two samples on common buckets, with ties, by their first three moments.

Every row has a score that depends on its rank among all rows alone. When nothing has changed, the current
rows are drawn from all rows without replacement, so that the sum of their scores has known moments for any
distribution of the values (Hájek, Šidák, Sen 1999, Theory of Rank Tests, §3.3). Its tails are those of a
gamma law with the same three moments (Pearson's type III): for a sum of squared normal scores that is nearly
exact, and for symmetric scores it is the normal law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vigil.drift.cells import Cells, Floats

#: Skewness below which a gamma law is a normal one to all digits that matter.
_STRAIGHT = 1e-4


@dataclass(frozen=True, slots=True)
class Ranked:
    """The standardised sum of scores, its skewness when nothing has changed, and the two-sided p-value."""

    z: float
    skewness: float
    p_value: float


def normal_scores(found: Cells) -> Floats:
    """Return the normal quantile of each bucket's middle rank (van der Waerden 1952), shape (k,)."""
    from scipy.special import ndtri

    both = (found.reference + found.current).astype(np.float64)
    middle = np.cumsum(both) - (both - 1) / 2
    scores: Floats = ndtri(middle / (both.sum() + 1))
    return scores


def tested(found: Cells, score: Floats) -> Ranked | None:
    """Hold the current rows' scores, shape (k,), against all rows'; None when these are alike."""
    both = (found.reference + found.current).astype(np.float64)
    n, m, rows = float(found.n_ref), float(found.n_cur), float(both.sum())
    mean = float(both @ score) / rows
    off = score - mean
    square = float(both @ off**2) / rows
    if rows < 3 or square <= 1e-12 * max(mean * mean, 1e-12):
        return None
    variance = n * m * square / (rows - 1)
    cube = float(both @ off**3) / rows
    third = m * n * (n - m) / ((rows - 1) * (rows - 2)) * cube
    z = float(found.current @ off) / math.sqrt(variance)
    skewness = third / variance**1.5
    return Ranked(z, skewness, _two_sided(z, skewness))


def _two_sided(z: float, skewness: float) -> float:
    """Return twice the smaller tail beyond z of a standardised gamma law."""
    if abs(skewness) < _STRAIGHT:
        return math.erfc(abs(z) / math.sqrt(2))
    from scipy.special import gammainc, gammaincc

    # Mirrored, a law with a long lower tail has a long upper one.
    shape, at = 4 / skewness**2, math.copysign(z, z * skewness)
    place = shape + at * math.sqrt(shape)
    if place <= 0:
        # Beyond the end of the law, where the statistic itself may have a little left.
        return math.erfc(abs(z) / math.sqrt(2))
    return min(1.0, 2 * min(float(gammaincc(shape, place)), float(gammainc(shape, place))))
