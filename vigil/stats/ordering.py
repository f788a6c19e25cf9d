"""How well one column by itself orders the rows of a class, and what other rows say of each row."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]


def ranks(values: Floats) -> Floats:
    """Return the rank of each value, of equal ones their mean."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    found: Floats = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return found


def area(ranks: Floats, hit: npt.NDArray[Any]) -> float:
    """Return the area under the ROC curve by the rows' ranks, ties at half (Mann and Whitney 1947).

    ``hit`` has true, or one, where a row is of the class.
    """
    ones = int(hit.sum())
    return (float(ranks[hit > 0].sum()) - ones * (ones + 1) / 2) / (ones * (len(hit) - ones))


def means_of_others(groups: Codes, values: Floats) -> Floats:
    """Return each row's group mean over the other half of the rows, drawn to the mean by one row."""
    means = np.empty(len(values))
    odd = np.arange(len(values)) % 2 == 1
    size = int(groups.max(initial=0)) + 1
    for half in (odd, ~odd):
        sums = np.bincount(groups[~half], values[~half], size)
        counts = np.bincount(groups[~half], minlength=size)
        means[half] = ((sums + values.mean()) / (counts + 1))[groups[half]]
    return means
