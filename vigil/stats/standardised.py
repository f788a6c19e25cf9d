"""The alarm at the holdout's class mix: a change of the mix alone is no change of the model.

F1, precision and accuracy move when the share of the positive class moves, though the model answers every
row as well as before. Here each row of class y counts π0(y)/π(y) times, its share in the holdout over its
share in the batch, so that the bets are against "at the holdout's mix the score is at least c".

Given the labels of a batch, its rows are independent and the weighted mean of z is that of the holdout's
mix, so that the product of the bets is a fair game at worst. A batch that lacks a class says nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from vigil.stats.betting import BETS, Floats
from vigil.stats.intervals import share_lower
from vigil.stats.metrics import Level, Tally
from vigil.stats.metrics._cells import CellMetric


def fits(metric: Any, tally: Tally) -> bool:
    """Say whether a metric is one share of hits over two classes, as F1 of the positive class is."""
    return isinstance(metric, CellMetric) and len(tally["confusion"]) == 2 and metric.processes(2) == 1


def level(
    metric: CellMetric, tally: Tally, *, delta: float, tolerance: float, choices: int = 1
) -> Level | None:
    """Return the level at the holdout's own mix, wrong with probability at most ``delta``, or None.

    Both classes' shares of right answers get exact lower bounds (Clopper and Pearson) at δ/2 each, less
    for one of ``choices`` candidates; the score at these two bounds, less the tolerance, is the level.
    """
    table = np.array(tally["confusion"], dtype=np.float64)
    sizes = table.sum(axis=1)
    if not metric.enough(tally) or sizes.min() == 0:
        return None
    right = np.diag(table)
    bounds = share_lower(right, sizes - right, delta / (2 * choices))
    value = float(metric.score(_table(bounds, sizes))) - tolerance
    if not value > 0:
        return None
    share = value / (2 - value) if metric.harmonic(1)[0] else value
    return {"value": value, "share": share, "mix": (sizes / sizes.sum()).tolist()}


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


def value(metric: CellMetric, tally: Tally, mix: npt.ArrayLike) -> float | None:
    """Return the score that a batch's answers have at another class mix; None when it lacks a class."""
    table = np.array(tally["confusion"], dtype=np.float64)
    sizes = table.sum(axis=1)
    if sizes.min() == 0:
        return None
    # In rows again: the score treats less than one counted row as none.
    return float(metric.score(_table(np.diag(table) / sizes, np.asarray(mix) * sizes.sum())))


def _table(right: Floats, sizes: Floats) -> Floats:
    """Return the counts of classes of these sizes, of which these shares are answered right."""
    good, bad = sizes * right, sizes * (1 - right)
    return np.array([[good[0], bad[0]], [bad[1], good[1]]])
