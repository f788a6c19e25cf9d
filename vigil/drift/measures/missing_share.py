"""Fisher's exact test of the share of rows without a usable value.

Infinite numbers count as missing: no model can use them. Exact while the table is small, by the
hypergeometric distribution (Fisher 1935); χ² with Yates' correction beyond, where they agree.
"""

from __future__ import annotations

import math

import numpy as np

from vigil.drift.measures import Measured
from vigil.profiles import ColumnProfile
from vigil.records import Kind

NAME = "missing_share"
KINDS: tuple[Kind, ...] = ("number", "category", "text", "date")
#: Two rows in a hundred have lost, or gained, their value.
FLOOR = 0.02
DECIDES = True

#: Tables with more missing rows on either side of every cell than this are computed by χ².
_LARGE = 10_000


def measure(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Return the difference of the shares, its size as effect, and the two-sided p-value."""
    n, m = reference.rows, current.rows
    if not n or not m:
        return None
    ours, theirs = lost(reference), lost(current)
    difference = theirs / m - ours / n
    p_value = exact_p(ours, theirs, n, m) if 0 < ours + theirs < n + m else None
    return Measured(difference, p_value, abs(difference), n, m)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:
    """Return the smallest rise of the share found with 80 % power."""
    from scipy.special import ndtri

    n, m = reference.rows, current.rows
    if not n or not m:
        return None
    base = (lost(reference) + 0.5) / (n + 1)
    rise = 0.0
    # The standard error follows the share that is looked for: a few rounds settle it.
    for _ in range(20):
        share = min(base + rise, 1.0)
        at_rest = (n * base + m * share) / (n + m)
        still = math.sqrt(at_rest * (1 - at_rest) * (1 / n + 1 / m))
        moved = math.sqrt(base * (1 - base) / n + share * (1 - share) / m)
        rise = -float(ndtri(alpha / 2)) * still + 0.84 * moved
    # Where almost none are missing at rest, this many must be: each more multiplies p by m/(n + m).
    fewest = math.ceil(math.log(1 / alpha) / math.log((n + m) / m))
    return min(max(rise, (fewest + 0.84 * math.sqrt(fewest) + 0.4) / m), 1.0)


def lost(column: ColumnProfile) -> int:
    """Return the rows without a usable value."""
    return column.missing + (column.numbers.infinite if column.numbers is not None else 0)


def exact_p(ours: int, theirs: int, n: int, m: int) -> float:
    """Return the two-sided p-value of a table with some missing rows and some others."""
    smallest = min(ours + theirs, n + m - ours - theirs, n, m)
    return _exact(ours, theirs, n, m) if smallest <= _LARGE else _corrected(ours, theirs, n, m)


def _exact(ours: int, theirs: int, n: int, m: int) -> float:
    """Return the probability of all tables with these margins that are no more likely than this one."""
    from scipy.special import gammaln

    total = ours + theirs
    count = np.arange(max(0, total - n), min(total, m) + 1, dtype=np.float64)
    log_ways = -gammaln(count + 1) - gammaln(m - count + 1)
    log_ways -= gammaln(total - count + 1) + gammaln(n - total + count + 1)
    weight = np.exp(log_ways - log_ways.max())
    here = weight[theirs - max(0, total - n)]
    # Equal probabilities differ by rounding.
    return float(min(1.0, weight[weight <= here * (1 + 1e-7)].sum() / weight.sum()))


def _corrected(ours: int, theirs: int, n: int, m: int) -> float:
    """Return p of χ² with Yates' correction."""
    share = (ours + theirs) / (n + m)
    distance = max(0.0, abs(theirs - m * share) - 0.5)
    variance = m * share * (1 - share) * n / (n + m)
    return math.erfc(distance / math.sqrt(2 * variance))
