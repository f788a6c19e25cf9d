"""Klotz's test of scale: whether values lie farther from the middle, or closer to it, than they did.

A rank test on the squared normal scores of all rows' ranks, with p by its exact first three moments under
dealing the rows to the sides at random, ties included, so that p holds for any distribution. On normal
values it loses nothing to the test of two variances, which outliers would ruin, and it sees tails that grow
while the middle stays. A shift of the mean counts a little too, as a change that it is. Where KS asks for a
tenth of the rows on the other side of a value, a spread that grows by a third moves only six in a hundred:
this sees it. Source: Klotz (1962), doi 10.1214/aoms/1177704576.
"""

from __future__ import annotations

import math

from vigil.drift import cells, ranks
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
    ranked = ranks.tested(found, ranks.normal_scores(found) ** 2)
    effect = abs(_log_ratio(reference, current))
    if ranked is None:
        return Measured(0.0, None, effect, n, m)
    return Measured(ranked.z, ranked.p_value, effect, n, m)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:
    """Return the smallest log ratio found with 80 % power, for values like normal ones."""
    from scipy.special import ndtri

    n, m = cells.counts(reference, current)
    if not n or not m:
        return None
    # ln of a ratio of deviations has the variance ½(1/n + 1/m).
    return min(1.0, float((0.84 - ndtri(alpha / 2)) * math.sqrt(0.5 * (1 / n + 1 / m))))


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
