"""Cramér and von Mises' test: the mean squared distance of two distribution functions.

The statistic is that of Anderson (1962, doi 10.1214/aoms/1177704477) at the end of each bucket. Without
ties p is from the limiting distribution (Csörgő, Faraway 1996, doi 10.1111/j.2517-6161.1996.tb02077.x) of
the statistic standardised to its exact mean and variance. With ties the limit is a weighted sum of
squares whose weights depend on the ties; it is matched by its first three cumulants (Imhof 1961,
doi 10.1093/biomet/48.3-4.419), and the larger p counts.
"""

from __future__ import annotations

import math

import numpy as np

from vigil.drift import cells
from vigil.drift.cells import Floats
from vigil.drift.measures import Measured
from vigil.profiles import ColumnProfile
from vigil.records import Kind

NAME = "cramer_von_mises"
KINDS: tuple[Kind, ...] = ("number", "date", "text")
#: A normal mean moved by a quarter of its standard deviation.
FLOOR = 0.075
DECIDES = True

#: The most buckets for which the cumulants are computed; neighbours are joined beyond.
_MOST = 128


def measure(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Return the statistic T; the effect is the root mean square of the distance."""
    found = cells.of_values(reference, current)
    if not found.both:
        return None
    n, m = found.n_ref, found.n_cur
    mass = (found.reference + found.current) / (n + m)
    ours, theirs = found.shares()
    mean_square = float(mass @ (np.cumsum(ours) - np.cumsum(theirs)) ** 2)
    statistic = n * m / (n + m) * mean_square
    p_value = _p_value(statistic, mass, n, m) if len(mass) > 1 else None
    return Measured(statistic, p_value, math.sqrt(mean_square), n, m)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:
    """Return the smallest effect found with 80 % power, from the first term of the limit."""
    from scipy.special import ndtri

    n, m = cells.counts(reference, current)
    if not n or not m:
        return None
    # The first of the limit's squares carries weight 1/π², and most of the tail.
    shift = float(-ndtri(alpha / 2)) + 0.84
    return min(1.0, shift / math.pi * math.sqrt(1 / n + 1 / m))


def _p_value(statistic: float, mass: Floats, n: int, m: int) -> float:
    """Return P(T ≥ statistic) when nothing has changed."""
    p_value = _untied(statistic, n, m)
    if len(mass) < n + m:
        p_value = max(p_value, _tied(statistic, mass))
    return p_value


def _untied(statistic: float, n: int, m: int) -> float:
    """Return p for n + m distinct values (Anderson 1962, equations 11, 14 and 15)."""
    rows, product = n + m, n * m
    mean = (1 + 1 / rows) / 6
    spread = 4 * product * rows - 3 * (n**2 + m**2) - 2 * product
    variance = (rows + 1) * spread / (45 * rows**2 * 4 * product)
    standard = 1 / 6 + (statistic - mean) / math.sqrt(45 * variance)
    return _limiting(standard)


def _limiting(x: float) -> float:
    """Return P(W ≥ x) of the limiting distribution, ∫ of a squared Brownian bridge."""
    from scipy.special import gammaln, kve

    if x <= 0.003:
        return 1.0
    if x > 4:
        # The series has lost its digits; the first square of the limit decides the tail.
        return math.erfc(math.pi * math.sqrt(x / 2)) * math.sqrt(2)
    below = 0.0
    for k in range(20):
        square = (4 * k + 1) ** 2 / (16 * x)
        size = math.exp(float(gammaln(k + 0.5) - gammaln(k + 1)) - 2 * square) / (math.pi**1.5 * math.sqrt(x))
        below += size * math.sqrt(4 * k + 1) * float(kve(0.25, square))
    return min(1.0, max(0.0, 1.0 - below))


def _tied(statistic: float, mass: Floats) -> float:
    """Return p for values with these shares of ties, from a shifted χ² with the same three cumulants."""
    from scipy.special import chdtrc

    first, second, third = _cumulants(_coarse(mass))
    degrees = second**3 / third**2
    x = (statistic - first) * math.sqrt(degrees / second) + degrees
    return float(chdtrc(degrees, max(x, 0.0)))


def _cumulants(mass: Floats) -> tuple[float, float, float]:
    """Return tr A, tr A² and tr A³ of A = covariance of the bridge at the buckets' ends, times their mass."""
    end = np.minimum(np.cumsum(mass), 1.0)
    covariance = np.minimum.outer(end, end) - np.outer(end, end)
    weighted = covariance * mass
    square = weighted @ weighted
    return float(np.trace(weighted)), float(np.trace(square)), float(np.sum(square * weighted.T))


def _coarse(mass: Floats) -> Floats:
    """Join neighbours, so that at most `_MOST` buckets are left."""
    if len(mass) <= _MOST:
        return mass
    group = np.minimum(np.cumsum(mass) * _MOST, _MOST - 1).astype(np.int64)
    joined: Floats = np.bincount(group, weights=mass).astype(np.float64)
    return joined
