"""Exact bounds of a score that follows from the shares of right answers of two classes of known sizes.

Given the class sizes of the holdout the right answers are two binomials, and F1, say, is a function of both
rates. Its bound is Buehler's: no other bound that grows with the score is as high and holds as surely.

Sources: Buehler (1957), Confidence intervals for the product of two binomial parameters, JASA 52; Lloyd and
Kabaila (2003), On the optimality and limitations of Buehler bounds, Aust. N. Z. J. Stat. 45; Berger and Boos
(1994), P values maximized over a confidence set for the nuisance parameter, JASA 89; Hoeffding (1956), On the
distribution of the number of successes in independent trials, Ann. Math. Stat. 27.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from vigil.stats.betting import Floats
from vigil.stats.intervals import share_lower
from vigil.stats.metrics._cells import CellMetric

#: Pairs of rates that are looked at for a bound, and how closely it is found.
_PAIRS = 25
_PRECISE = 1e-4

#: Standard deviations beyond which a number of right answers is left out.
_REACH = 8


def score_lower(
    metric: CellMetric,
    table: Floats,
    delta: float,
    *,
    mix: tuple[float, float] | None = None,
    pooled: bool = False,
) -> float:
    """Return an exact lower bound of the score at the table's own class mix, wrong at most ``delta``.

    With ``mix``, at that one, for a score that weighs the classes so. The bound is the smallest score that
    some pair of rates has under which a score as high as the one seen comes with more than the allowed
    probability. Of that probability a tenth goes into an exact interval of one rate, to which the pairs are
    confined.

    ``pooled`` says that class 0 is several classes together, each with a rate of its own: right answers then
    are no binomial. A chance that is convex in them is at most that under the binomial of the same mean
    (Hoeffding, 1956, theorem 3), and so is the least convex one above it.
    """
    sizes, right = table.sum(axis=1), np.diag(table)
    weights = sizes if mix is None else np.asarray(mix)
    seen = float(metric.score(table))
    if not seen > 0:
        return 0.0
    one = 0 if pooled else 1
    size, hit, rest = sizes[one], right[one], sizes[1 - one]
    spared = delta / 10
    low = float(share_lower(hit, size - hit, spared / 2))
    high = 1 - float(share_lower(size - hit, hit, spared / 2))
    hits = _within(size, low, high)
    line = _Line(metric, weights, one)
    # At least so many right answers of the other class, beside the hits, make the score as high as seen.
    needed = np.ceil(rest * line.at(hits / size, seen) - 1e-9)
    ways = _log_ways(size, hits)

    def chance(score: float) -> float:
        rates = line.possible(score, low, high)
        if not len(rates):
            return 0.0
        tails = _at_least(rest, np.clip(line.at(rates, score), 0.0, 1.0), needed)
        tails = _convex(tails) if pooled else tails
        chances = np.exp(ways + _log_chances(size, hits, rates[:, None]))
        return float((chances * tails).sum(axis=1).max())

    return _lowest(chance, seen, delta - spared)


@dataclass(frozen=True, slots=True)
class _Line:
    """The pairs of rates that have the same score: class ``one``'s rate, and what the other's then is."""

    metric: CellMetric
    weights: Floats
    one: int

    def at(self, rates: Floats, score: float) -> Floats:
        """Return the other class's rates of right answers. They may lie outside [0, 1].

        Hits less their share of all hits and misses are linear in both rates.
        """
        share = score / (2 - score) if self.metric.harmonic(1)[0] else score
        hit, miss = (mask[0] for mask in self.metric.masks(2))
        worth = self.weights[:, None] * (hit - share * (hit + miss))
        one, other = self.one, 1 - self.one
        given = worth[one, one] * rates + worth[one, other] * (1 - rates)
        rate: Floats = -(given + worth[other, one]) / (worth[other, other] - worth[other, one])
        return rate

    def possible(self, score: float, low: float, high: float) -> Floats:
        """Return rates from ``low`` to ``high`` with which some rate of the other class gives ``score``.

        Both ends are among them: a score is often reached most easily with one class all right.
        """
        none, all_right = self.at(np.array([0.0, 1.0]), score)
        ends = sorted((other - none) / (all_right - none) for other in (0.0, 1.0))
        first, last = max(low, ends[0]), min(high, ends[1])
        if first > last:
            return np.zeros(0)
        # Closer together towards the ends, where the chance may have an edge.
        rates: Floats = first + (last - first) * (1 - np.cos(np.linspace(0, math.pi, _PAIRS))) / 2
        return rates


def _lowest(chance: Callable[[float], float], seen: float, allowed: float) -> float:
    """Return the lowest score whose chance is above ``allowed``, less ``_PRECISE`` at most.

    The chance grows with the score. In normal quantiles it is nearly a line, so that secants find the
    place; each guess lies a little to the side of the secant's that the last one was not on.
    """
    goal = NormalDist().inv_cdf(allowed)
    least, below, most, above = 0.0, -math.inf, seen, 0.0
    guess = max(seen - 0.1, seen / 2)
    while most - least > _PRECISE:
        found = min(max(chance(guess), 1e-300), 1 - 1e-9)
        place = NormalDist().inv_cdf(found)
        higher = found > allowed
        if higher:
            most, above = guess, place
        else:
            least, below = guess, place
        if below == -math.inf or not above > below:
            guess = max(most - 0.1, (least + most) / 2)
            continue
        secant = least + (most - least) * (goal - below) / (above - below)
        guess = secant + (-_PRECISE / 3 if higher else _PRECISE / 3)
        if not least < guess < most:
            guess = (least + most) / 2
    return least


def _within(size: float, low: float, high: float) -> Floats:
    """Return the numbers of right answers among ``size`` that rates from ``low`` to ``high`` can give."""
    spread = max(share * (1 - share) for share in (low, high, min(max(0.5, low), high)))
    reach = _REACH * math.sqrt(size * spread) + 4 * _REACH
    return np.arange(max(0.0, math.floor(size * low - reach)), min(size, math.ceil(size * high + reach)) + 1)


def _log_ways(size: float, hits: Floats) -> Floats:
    """Return the log of the number of ways to choose ``hits`` of ``size``."""
    from scipy.special import gammaln

    ways: Floats = gammaln(size + 1) - gammaln(hits + 1) - gammaln(size - hits + 1)
    return ways


def _log_chances(size: float, hits: Floats, rates: Floats) -> Floats:
    """Return the log chances of ``hits`` among ``size``, without the number of ways."""
    inside = np.clip(rates, 1e-300, 1 - 1e-16)
    logs: Floats = hits * (np.log(inside) - np.log1p(-inside)) + size * np.log1p(-inside)
    return logs


def _at_least(size: float, rates: Floats, needed: Floats) -> Floats:
    """Return the chances (rates, needed) of at least so many right answers among ``size``."""
    counts = _within(size, float(rates.min()), float(rates.max()))
    chances = np.exp(_log_ways(size, counts) + _log_chances(size, counts, rates[:, None]))
    tails = np.zeros((len(rates), len(counts) + 1))
    tails[:, :-1] = chances[:, ::-1].cumsum(axis=1)[:, ::-1]
    # Below the first count all chances lie, above the last one none.
    place = np.clip(needed - counts[0], 0, len(counts)).astype(int)
    found: Floats = np.minimum(tails[:, place], 1.0)
    return found


def _convex(tails: Floats) -> Floats:
    """Return, over tails that grow along the last axis, tails that are convex along it."""
    steps = np.maximum.accumulate(np.diff(tails, axis=-1), axis=-1)
    raised = tails[..., :1] + steps.cumsum(axis=-1)
    convex: Floats = np.concatenate([tails[..., :1], raised], axis=-1)
    return convex
