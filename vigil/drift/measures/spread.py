"""Mood's test of scale: whether values lie farther from the middle, or closer to it, than they did.

A rank test on the squared distance from the middle of all rows' ranks. Its mean and variance are those of
dealing the rows to the sides at random, ties included, so that p holds for any distribution; it is the
limit's (normal), good from a few dozen rows on. A shift of the mean counts a little too, as a change that it
is. Where KS asks for a tenth of the rows on the other side of a value, a spread that grows by a
third moves only six in a hundred: this sees it. Source: Mood (1954), doi 10.1214/aoms/1177728719.
"""

from __future__ import annotations

import math

import numpy as np

from vigil.drift import cells
from vigil.drift.measures import Measured
from vigil.profiles import ColumnProfile, histogram
from vigil.records import Kind

NAME = "spread"
KINDS: tuple[Kind, ...] = ("number",)
#: The middle four fifths of the rows span a fifth more, or less, than they did: ln 1.2.
FLOOR = 0.18
DECIDES = True

#: The effect where one side has a spread and the other has none.
_WHOLE = 10.0


def measure(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Return the standardised statistic, the log ratio of the spreads as effect, and a two-sided p."""
    found = cells.of_values(reference, current)
    if not found.both:
        return None
    n, m = found.n_ref, found.n_cur
    z = _standardised(found)
    effect = abs(_log_ratio(reference, current))
    if z is None:
        return Measured(0.0, None, effect, n, m)
    return Measured(z, math.erfc(abs(z) / math.sqrt(2)), effect, n, m)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:
    """Return the smallest log ratio found with 80 % power, for values like normal ones."""
    from scipy.special import ndtri

    n, m = cells.counts(reference, current)
    if not n or not m:
        return None
    # ln of a ratio of deviations has the variance ½(1/n + 1/m); the test uses 0.76 of the rows' worth.
    return min(1.0, float((0.84 - ndtri(alpha / 2)) * math.sqrt(0.5 / 0.76 * (1 / n + 1 / m))))


def _standardised(found: cells.Cells) -> float | None:
    """Return the statistic less its mean over its deviation, None when all rows have one rank."""
    both = (found.reference + found.current).astype(np.float64)
    rows = both.sum()
    middle = np.cumsum(both) - (both - 1) / 2
    score = (middle - (rows + 1) / 2) ** 2
    mean = float(both @ score) / rows
    variance = float(both @ (score - mean) ** 2) / (rows - 1)
    deviation = math.sqrt(found.n_ref * found.n_cur / float(rows) * variance)
    if deviation <= 1e-12 * mean or deviation == 0.0:
        return None
    return float((float(found.current @ score) - found.n_cur * mean) / deviation)


def _log_ratio(reference: ColumnProfile, current: ColumnProfile) -> float:
    """Return ln of the middle four fifths' span now over then."""
    ours, theirs = _span(reference), _span(current)
    if ours <= 0 or theirs <= 0:
        return 0.0 if ours == theirs else _WHOLE
    return max(-_WHOLE, min(_WHOLE, math.log(theirs) - math.log(ours)))


def _span(column: ColumnProfile) -> float:
    """Return the distance of the tenths at both ends; 0 without values."""
    if column.numbers is None or not column.numbers.count:
        return 0.0
    counted = column.numbers.histogram
    return histogram.quantile(counted, 0.9) / 2 - histogram.quantile(counted, 0.1) / 2
