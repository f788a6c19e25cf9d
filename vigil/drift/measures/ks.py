"""Kolmogorov and Smirnov's test: the largest distance of two distribution functions.

Exact for small samples, by counting lattice paths (Hodges 1958, doi 10.1007/BF02589501); the limiting
distribution beyond, which overstates p by a tenth or so. Ties and buckets can only shrink the
distance, so that p stays valid for discrete values and is too large, never too small.
"""

from __future__ import annotations

import math

import numpy as np

from vigil.drift import cells
from vigil.drift.measures import Measured
from vigil.profiles import ColumnProfile
from vigil.records import Kind

NAME = "ks"
KINDS: tuple[Kind, ...] = ("number", "date", "text")
#: A tenth of the rows lie on the other side of some value: a normal mean moved by a quarter of its
#: standard deviation.
FLOOR = 0.1
DECIDES = True

#: Samples are counted exactly while the smaller and the product of both are at most these.
_SMALL, _PAIRS = 256, 1_000_000


def measure(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Return the distance D as statistic and effect, with its two-sided p-value."""
    found = cells.of_values(reference, current)
    if not found.both:
        return None
    n, m = found.n_ref, found.n_cur
    gap = _gap(found)
    distance = gap / (n * m)
    p_value = _p_value(n, m, gap) if len(found.reference) > 1 else None
    return Measured(distance, p_value, distance, n, m)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:
    """Return the smallest D found with 80 % power: the critical value and 0.84 standard errors."""
    n, m = cells.counts(reference, current)
    if not n or not m:
        return None
    # The difference of two shares has a standard error of at most ½·√(1/n + 1/m).
    return min(1.0, (math.sqrt(-0.5 * math.log(alpha / 2)) + 0.42) * math.sqrt(1 / n + 1 / m))


def _gap(found: cells.Cells) -> int:
    """Return n·m·D, a whole number."""
    # Whole numbers of unlimited size: the product of two counts may pass 64 bits.
    ours, theirs = np.cumsum(found.reference), np.cumsum(found.current)
    if found.n_ref * found.n_cur < 2**62:
        return int(np.abs(ours * found.n_cur - theirs * found.n_ref).max())
    pairs = zip(ours.tolist(), theirs.tolist(), strict=True)
    return max(abs(int(left) * found.n_cur - int(right) * found.n_ref) for left, right in pairs)


def _p_value(n: int, m: int, gap: int) -> float:
    """Return P(n·m·D ≥ gap) for continuous values."""
    if gap == 0:
        return 1.0
    limit = _limiting(gap / (n * m) * math.sqrt(n * m / (n + m)))
    if min(n, m) > _SMALL or n * m > _PAIRS:
        return limit
    outside = 1.0 - _inside(min(n, m), max(n, m), gap)
    # Nothing is left of the difference below rounding errors.
    return outside if outside > 1e-11 else min(limit, 1e-11)


def _limiting(x: float) -> float:
    """Return P(K ≥ x) of Kolmogorov's limiting distribution."""
    if x < 0.2:
        return 1.0
    terms = [math.exp(-2 * (k * x) ** 2) for k in range(1, 40)]
    return min(1.0, 2 * (sum(terms[::2]) - sum(terms[1::2])))


def _inside(n: int, m: int, gap: int) -> float:
    """Return P(n·m·D < gap): the share of paths from (0, 0) to (n, m) that stay near the diagonal.

    Row i holds the paths to (i, j) for all j, times i!·m!/(m + i)!, so that nothing overflows.
    """
    row = np.zeros(m + 1)
    low, high = 0, min((gap - 1) // n, m)
    row[: high + 1] = 1.0
    for i in range(1, n + 1):
        first = max((i * m - gap) // n + 1, 0)
        last = min((i * m + gap - 1) // n, m)
        grown = np.cumsum(row[first : last + 1]) * (i / (m + i))
        row[low : high + 1] = 0.0
        row[first : last + 1] = grown
        low, high = first, last
    return float(row[m])
