"""The alarm at the holdout's class mix: a change of the mix alone is no change of the model.

F1, precision and accuracy move when the share of the positive class moves, though the model answers every
row as well as before. Here each row of class y counts π0(y)/π(y) times, its share in the holdout over its
share in the batch, so that the bets are against "at the holdout's mix the score is at least c".

Given the labels of a batch, its rows are independent and the weighted mean of z is that of the holdout's
mix, so that the product of the bets is a fair game at worst. A batch that lacks a class says nothing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from vigil.stats.betting import BETS, Floats
from vigil.stats.intervals import share_lower
from vigil.stats.metrics import Level, Tally
from vigil.stats.metrics._cells import CellMetric

#: Pairs of rates that are looked at for a bound, and how closely it is found.
_PAIRS = 15
_PRECISE = 1e-4


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
    spared = delta / 10
    low = float(share_lower(right[1], sizes[1] - right[1], spared / 2))
    high = 1 - float(share_lower(sizes[1] - right[1], right[1], spared / 2))
    rates = np.linspace(low, high, _PAIRS)
    reach = 4 * math.sqrt(sizes[1]) + 2
    first, last = (
        max(0.0, math.floor(sizes[1] * low - reach)),
        min(sizes[1], math.ceil(sizes[1] * high + reach)),
    )
    hits = np.arange(first, last + 1)
    # At least so many right answers of class 0, beside the hits, make the score as high as seen.
    needed = np.ceil(sizes[0] * _other_rate(metric, weights, hits / sizes[1], seen) - 1e-9)
    least, most = 0.0, seen
    # Down in steps that become finer: the bound is seldom far below what was seen.
    step = 0.1
    while step > _PRECISE:
        if most - step <= 0:
            step /= 4
        elif (
            _chance(sizes, rates, _other_rate(metric, weights, rates, most - step), hits, needed)
            > delta - spared
        ):
            most -= step
        else:
            least = most - step
            step = min(step, most - least) / 4
    return least


def _other_rate(metric: CellMetric, weights: Floats, rates: Floats, score: float) -> Floats:
    """Return class 0's rate of right answers that gives ``score`` together with these rates of class 1.

    Hits less their share of all hits and misses are linear in both rates. The result may lie outside
    [0, 1], where no rate does.
    """
    share = score / (2 - score) if metric.harmonic(1)[0] else score
    hit, miss = (mask[0] for mask in metric.masks(2))
    worth = weights[:, None] * (hit - share * (hit + miss))
    given = worth[1, 1] * rates + worth[1, 0] * (1 - rates)
    rate: Floats = -(given + worth[0, 1]) / (worth[0, 0] - worth[0, 1])
    return rate


def _chance(sizes: Floats, rates: Floats, others: Floats, hits: Floats, needed: Floats) -> float:
    """Return the largest chance of a score as high as seen, over pairs of rates of classes 1 and 0.

    ``hits`` are right answers of class 1, ``needed`` how many of class 0 it takes beside them.
    """
    from scipy.special import bdtrc, gammaln, xlog1py, xlogy

    possible = (others >= 0) & (others <= 1)
    if not possible.any():
        return 0.0
    first, second = rates[possible], others[possible]
    ways = gammaln(sizes[1] + 1) - gammaln(hits + 1) - gammaln(sizes[1] - hits + 1)
    logs = ways + xlogy(hits, first[:, None]) + xlog1py(sizes[1] - hits, -first[:, None])
    least = np.clip(needed, 1, sizes[0])
    enough = np.where(needed > 0, bdtrc(least - 1, int(sizes[0]), second[:, None]), 1.0)
    enough = np.where(needed > sizes[0], 0.0, enough)
    return float((np.exp(logs) * enough).sum(axis=1).max())


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
    z = weights[..., None] * (hit - level["share"] * (hit + miss))
    # A bet f is the share f of the largest bet that cannot lose more than all: λ = f / max z.
    largest = z.max(axis=(-2, -1))[..., None, None, None]
    pay = np.log1p(-np.asarray(BETS) * z[..., None] / largest)
    grown: Floats = np.where(both[..., None], (counts[..., None] * pay).sum(axis=(-3, -2)), 0.0)
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
