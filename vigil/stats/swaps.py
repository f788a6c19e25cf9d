"""The second hurdle of the gate: rows swapped between champion and challenger as if they were equal.

For two classes the test is exact, for more classes and for means of rows it draws at random. Where an
entity has several rows, ``buckets`` swaps whole buckets.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from vigil.stats.betting import Floats
from vigil.stats.buckets import Scored

#: Random flips times rows beyond which the normal law of the flips is used instead.
_FLIPS = 4 * 10**8

_DRAWS = 1999

#: Differences closer than this are ties, which count against the challenger.
_TIE = 1e-12


def exact(metric: Scored, cells: Floats) -> float:
    """Return the exact p-value of the swap test for two classes, from counts of shape (2, 2, 2).

    Under the null hypothesis each discordant row is as likely to be (a, b) as (b, a), so that the
    challenger's positives among them are Bin(n₁, ½) where the truth is positive and Bin(n₀, ½) where it
    is negative. The difference rises with the first and falls with the second: for each first count the
    largest second count that does as well as what was seen is found by halving, n₁·log n₀ steps.
    """
    negatives, positives = (int(cells[y, 0, 1] + cells[y, 1, 0]) for y in (0, 1))
    seen = _difference(metric, cells, cells[1, 0, 1], cells[0, 0, 1])
    # Twenty standard deviations: what lies outside has less than 1e-80 of the probability.
    reach = 10 * math.sqrt(positives) + 1
    first = np.arange(max(0, math.floor(positives / 2 - reach)), min(positives, positives / 2 + reach) + 1)
    low, high = np.full(len(first), -1), np.full(len(first), negatives)
    while (low < high).any():
        middle = (low + high + 1) // 2
        as_good = _difference(metric, cells, first, middle) >= seen - _TIE
        low, high = np.where(as_good, middle, low), np.where(as_good, high, middle - 1)
    return min(1.0, float(_binomial(first, positives) @ _binomial_below(low, negatives)))


def drawn(metric: Scored, cells: Floats, level: float, seed: int) -> float:
    """Return the p-value of the swap test by random swaps, for any number of classes.

    Rows of one cell are alike, so that a draw is one binomial for each discordant cell. The draw that
    was seen counts as one, which keeps the test exact.
    """
    random = np.random.default_rng(seed)
    upper = np.triu(np.ones(cells.shape[1:], dtype=bool), 1)
    total = np.where(upper, cells + cells.transpose(0, 2, 1), 0).astype(np.int64)
    truth, low, high = np.nonzero(total)
    both = total[truth, low, high]
    seen = float(metric.score(cells.sum(axis=1)) - metric.score(cells.sum(axis=2)))
    same = np.einsum("yaa->ya", cells)[:, :, None] * np.eye(cells.shape[1])
    concordant = same.sum(axis=1)
    draws, as_good = enough_draws(level), 0
    for start in range(0, draws, 500):
        size = min(500, draws - start)
        taken = random.binomial(both, 0.5, size=(size, len(both)))
        tables = [np.broadcast_to(concordant, (size, *concordant.shape)).copy() for _ in range(2)]
        for table, at_low in ((tables[0], taken), (tables[1], both - taken)):
            _place(table, truth, low, at_low)
            _place(table, truth, high, both - at_low)
        gained = np.nan_to_num(metric.score(tables[1])) - np.nan_to_num(metric.score(tables[0]))
        as_good += int((gained >= seen - _TIE).sum())
    return (1 + as_good) / (1 + draws)


def flipped(gained: Floats, level: float, seed: int) -> float:
    """Return the p-value of the sign-flip test of a mean gain above zero.

    Random flips while they are affordable; beyond that the normal law of the same flips, whose variance
    is the sum of squares.
    """
    draws, rows = enough_draws(level), len(gained)
    if draws * rows > _FLIPS:
        return 1 - NormalDist().cdf(float(gained.sum() / math.sqrt(gained @ gained)))
    random = np.random.default_rng(seed)
    chunk, as_good = max(1, 2**22 // rows), 0
    for start in range(0, draws, chunk):
        bits = random.integers(0, 256, size=(min(chunk, draws - start), (rows + 7) // 8), dtype=np.uint8)
        # The sum of flipped gains is the sum of all less twice the sum of those flipped.
        flipped = np.unpackbits(bits, axis=1, count=rows).astype(np.float64) @ gained
        as_good += int((flipped <= _TIE * np.abs(gained).sum()).sum())
    return (1 + as_good) / (1 + draws)


def enough_draws(level: float) -> int:
    """Return how many random draws resolve a p-value at this level."""
    return max(_DRAWS, math.ceil(20 / level))


def _difference(metric: Scored, cells: Floats, first: npt.ArrayLike, second: npt.ArrayLike) -> Floats:
    """Return challenger less champion when they share the discordant rows otherwise.

    ``first`` and ``second`` (they broadcast) say on how many discordant rows of truth 1 and of truth 0
    the challenger predicts 1. A score that is undefined counts as 0.
    """
    taken = np.stack(np.broadcast_arrays(second, first), axis=-1).astype(np.float64)
    left = cells[:, 0, 1] + cells[:, 1, 0] - taken
    no, yes = cells[:, 0, 0], cells[:, 1, 1]
    challenger = np.stack([no + left, yes + taken], axis=-1)
    champion = np.stack([no + taken, yes + left], axis=-1)
    return np.nan_to_num(metric.score(challenger)) - np.nan_to_num(metric.score(champion))


def _place(
    tables: Floats, truth: npt.NDArray[Any], predicted: npt.NDArray[Any], counts: npt.NDArray[Any]
) -> None:
    """Add counts, shape (draws, cells), to the tables' cells; a cell may be named more than once."""
    rows = np.arange(len(tables))[:, None]
    np.add.at(tables, (rows, truth[None], predicted[None]), counts)


def _binomial(counts: npt.NDArray[Any], total: int) -> Floats:
    """Return the probabilities of ``counts`` under Bin(total, ½)."""
    from scipy.special import gammaln

    ways = gammaln(total + 1) - gammaln(counts + 1) - gammaln(total - counts + 1)
    chance: Floats = np.exp(ways - total * math.log(2))
    return chance


def _binomial_below(counts: npt.NDArray[Any], total: int) -> Floats:
    """Return P(Bin(total, ½) <= count), 0 for a count of −1."""
    from scipy.special import betainc

    inside = np.minimum(np.maximum(counts, 0), max(total - 1, 0))
    below = betainc(total - inside, inside + 1, 0.5) if total else np.ones(len(counts))
    chance: Floats = np.where(counts < 0, 0.0, np.where(counts >= total, 1.0, below))
    return chance
