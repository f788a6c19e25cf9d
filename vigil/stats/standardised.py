"""The alarm at the holdout's class mix: a change of the mix alone is no change of the model.

F1, precision and accuracy move when the share of the positive class moves, though the model answers every
row as well as before. Here each row of class y counts π0(y)/π(y) times, its share in the holdout over its
share in the batch, so that the bets are against "at the holdout's mix the score is at least c".

Given the labels of a batch, its rows are independent and the weighted mean of z is that of the holdout's
mix, so that the product of the bets is a fair game at worst. A batch that lacks a class says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from vigil.stats.betting import BETS, Floats
from vigil.stats.intervals import share_lower
from vigil.stats.metrics import Level, Tally
from vigil.stats.metrics._cells import CellMetric

#: Pairs of rates that are looked at for a bound, and how closely it is found.
_PAIRS = 25
_PRECISE = 1e-4

#: Standard deviations beyond which a number of right answers is left out.
_REACH = 8


def fits(metric: Any, tally: Tally) -> bool:
    """Say whether a metric is one share of hits over both of two classes, as F1 of the positive class is.

    Recall looks at the rows of one class alone, so that their mix does not move it.
    """
    if not isinstance(metric, CellMetric) or not metric.moves_with_mix:
        return False
    if len(tally["confusion"]) != 2 or metric.processes(2) != 1:
        return False
    hit, miss = metric.masks(2)
    return bool((hit + miss).sum(axis=(0, 2)).all())


def mix(tally: Tally) -> list[float]:
    """Return the classes' shares of the rows."""
    sizes = np.array(tally["confusion"], dtype=np.float64).sum(axis=1)
    shares: list[float] = (sizes / sizes.sum()).tolist()
    return shares


def level(
    metric: CellMetric, tally: Tally, *, delta: float, tolerance: float, choices: int = 1
) -> Level | None:
    """Return the level at the holdout's own mix, wrong with probability at most ``delta``, or None.

    The bound is ``score_lower``, less for one of ``choices`` candidates, less the tolerance.
    """
    table = np.array(tally["confusion"], dtype=np.float64)
    if not metric.enough(tally) or table.sum(axis=1).min() == 0:
        return None
    value = score_lower(metric, table, delta / choices) - tolerance
    if not value > 0:
        return None
    share = value / (2 - value) if metric.harmonic(1)[0] else value
    return {
        "value": value,
        "share": share,
        "mix": mix(tally),
        # What the power is reckoned from, as in a plain level.
        "shares": [share],
        "reference": [metric.value(tally)],
        "scored": [True],
    }


def score_lower(
    metric: CellMetric, table: Floats, delta: float, *, mix: tuple[float, float] | None = None
) -> float:
    """Return an exact lower bound of the score at the table's own class mix, wrong at most ``delta``.

    With ``mix``, at that one, for a score that weighs the classes so.

    Given the class sizes the right answers are two binomials. The bound is the smallest score that some
    pair of rates has under which a score as high as the one seen comes with more than the allowed
    probability (Buehler, 1957). Of that probability a tenth goes into an exact interval of one rate, to
    which the pairs are confined (Berger and Boos, 1994).
    """
    sizes, right = table.sum(axis=1), np.diag(table)
    weights = sizes if mix is None else np.asarray(mix)
    seen = float(metric.score(table))
    if not seen > 0:
        return 0.0
    spared = delta / 10
    low = float(share_lower(right[1], sizes[1] - right[1], spared / 2))
    high = 1 - float(share_lower(sizes[1] - right[1], right[1], spared / 2))
    hits = _within(sizes[1], low, high)
    # At least so many right answers of class 0, beside the hits, make the score as high as seen.
    needed = np.ceil(sizes[0] * _other_rate(metric, weights, hits / sizes[1], seen) - 1e-9)
    ways = _log_ways(sizes[1], hits)

    def chance(score: float) -> float:
        rates = _possible(metric, weights, score, low, high)
        if not len(rates):
            return 0.0
        others = np.clip(_other_rate(metric, weights, rates, score), 0.0, 1.0)
        chances = np.exp(ways + _log_chances(sizes[1], hits, rates[:, None]))
        return float((chances * _at_least(sizes[0], others, needed)).sum(axis=1).max())

    return _lowest(chance, seen, delta - spared)


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


def _possible(metric: CellMetric, weights: Floats, score: float, low: float, high: float) -> Floats:
    """Return rates of class 1 from ``low`` to ``high`` with which some rate of class 0 gives ``score``.

    Both ends are among them: a score is often reached most easily with one class all right.
    """
    none, all_right = _other_rate(metric, weights, np.array([0.0, 1.0]), score)
    ends = sorted((other - none) / (all_right - none) for other in (0.0, 1.0))
    first, last = max(low, ends[0]), min(high, ends[1])
    if first > last:
        return np.zeros(0)
    # Closer together towards the ends, where the chance may have an edge.
    rates: Floats = first + (last - first) * (1 - np.cos(np.linspace(0, math.pi, _PAIRS))) / 2
    return rates


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


def _other_rate(metric: CellMetric, weights: Floats, rates: Floats, score: float) -> Floats:
    """Return class 0's rate of right answers that gives ``score`` together with these rates of class 1.

    Hits less their share of all hits and misses are linear in both rates. The result may lie outside [0, 1].
    """
    share = score / (2 - score) if metric.harmonic(1)[0] else score
    hit, miss = (mask[0] for mask in metric.masks(2))
    worth = weights[:, None] * (hit - share * (hit + miss))
    given = worth[1, 1] * rates + worth[1, 0] * (1 - rates)
    rate: Floats = -(given + worth[0, 1]) / (worth[0, 0] - worth[0, 1])
    return rate


def log_growth(metric: CellMetric, tables: npt.ArrayLike, level: Level) -> Floats:
    """Return the log growth of each bet on batches of counts, shape (…, 2, 2) → (…, 8).

    Rows are truth, columns predictions. Growth is 0 where a batch lacks a class.
    """
    counts = np.asarray(tables, dtype=np.float64)
    sizes = counts.sum(axis=-1)
    both = (sizes > 0).all(axis=-1)
    mix = sizes / np.maximum(sizes.sum(axis=-1, keepdims=True), 1)
    weights = np.asarray(level["mix"]) / np.where(both[..., None], mix, 1.0)
    hit, miss = (mask[0] for mask in metric.masks(2))
    # Cells that are neither pay nothing; the others are laid side by side.
    truth, said = np.nonzero(hit + miss)
    z = weights[..., truth] * (hit[truth, said] - np.asarray(level["share"]) * (hit + miss)[truth, said])
    # A bet f is the share f of the largest bet that cannot lose more than all: λ = f / max z.
    z = np.where(both[..., None], z / z.max(axis=-1, keepdims=True), 0.0)
    pay = np.log1p(-np.asarray(BETS) * z[..., None])
    grown: Floats = np.einsum("...c,...cb->...b", counts[..., truth, said], pay)
    return grown


def value(metric: CellMetric, tally: Tally, at: npt.ArrayLike) -> float | None:
    """Return the score that a batch's answers have at the class mix ``at``; None when it lacks a class."""
    table = np.array(tally["confusion"], dtype=np.float64)
    sizes = table.sum(axis=1)
    if sizes.min() == 0:
        return None
    # In rows again: the score treats less than one counted row as none.
    return float(metric.score(_table(np.diag(table) / sizes, np.asarray(at) * sizes.sum())))


def _table(right: Floats, sizes: Floats) -> Floats:
    """Return the counts (..., 2, 2) of classes of these sizes, of which these shares (..., 2) are right."""
    good, bad = sizes * right, sizes * (1 - right)
    rows = [np.stack([good[..., 0], bad[..., 0]], -1), np.stack([bad[..., 1], good[..., 1]], -1)]
    return np.stack(rows, -2)
