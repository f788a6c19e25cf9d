"""The gate where rows recur: entities fall into buckets, and whole buckets are left out or swapped.

Rows of one customer are no independent votes. With all rows of an entity in the same of some hundred
buckets, the buckets are independent: the error of the difference comes from leaving out one bucket at a
time (the jackknife), and the swap test swaps all rows of a bucket together.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

from vigil.stats.betting import Floats

#: How many buckets entities fall into.
BUCKETS = 100

#: Buckets with rows below which nothing is decided.
ENOUGH = 20

#: Differences closer than this are ties, which count against the challenger.
_TIE = 1e-12


class Scored(Protocol):
    """A score of the table of truth against prediction."""

    def score(self, tables: Floats) -> Floats:
        """Return the scores of tables (…, K, K)."""


def bucket_of(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Return each row's bucket, from hashes (rows, 2) of whom it is about.

    Other bits decide on which side of the holdout the row is.
    """
    found: npt.NDArray[np.int64] = ((hashes[:, 1] >> np.uint64(8)) % np.uint64(BUCKETS)).astype(np.int64)
    return found


def recurs(hashes: npt.NDArray[np.uint64]) -> bool:
    """Say whether an entity has more than one row."""
    return len(np.unique(hashes[:, 0])) < len(hashes)


def jackknife(left_out: Floats) -> float:
    """Return the standard error of a figure from its values with one bucket left out each time."""
    count = len(left_out)
    return math.sqrt((count - 1) / count * float(((left_out - left_out.mean()) ** 2).sum()))


def error_of_cells(metric: Scored, cells: Floats) -> float:
    """Return the error of challenger less champion, from counts (buckets, K, K, K)."""
    rest = cells.sum(axis=0) - cells
    return jackknife(
        np.nan_to_num(metric.score(rest.sum(axis=2))) - np.nan_to_num(metric.score(rest.sum(axis=3)))
    )


def error_of_mean(sums: Floats, rows: Floats) -> float:
    """Return the error of a mean, from its sums and rows by bucket."""
    return jackknife((sums.sum() - sums) / np.maximum(rows.sum() - rows, 1))


def swapped(metric: Scored, cells: Floats, draws: int, seed: int) -> float:
    """Return the p-value of swapping champion and challenger in random buckets, counts (buckets, K, K, K).

    What was seen counts as one of the draws, which keeps the test exact.
    """
    random = np.random.default_rng(seed)
    total, moved = cells.sum(axis=0), cells.transpose(0, 1, 3, 2) - cells
    flips = random.integers(0, 2, size=(draws, len(cells))).astype(np.float64)
    mixed = total + (flips @ moved.reshape(len(cells), -1)).reshape(draws, *total.shape)
    gained = np.nan_to_num(metric.score(mixed.sum(axis=2))) - np.nan_to_num(metric.score(mixed.sum(axis=3)))
    seen = float(
        np.nan_to_num(metric.score(total.sum(axis=1))) - np.nan_to_num(metric.score(total.sum(axis=2)))
    )
    return (1 + int((gained >= seen - _TIE).sum())) / (1 + draws)
