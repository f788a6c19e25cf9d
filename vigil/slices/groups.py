"""Rows in groups of one column: its levels, or ranges of its values between a reference's quartiles.

The groups come from the profile that a release carries and stay for its life, so that the counts of
successive batches add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vigil import figures
from vigil.profiles import ColumnProfile, histogram

#: Levels that have a group of their own; rows of others are put together.
MOST_LEVELS = 12
#: What the group of missing cells, and that of rarer levels, is called.
MISSING, OTHERS = "(missing)", "(others)"

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grouping:
    """The groups of one column: ``names`` by code; the last two are other levels or nothing, and missing."""

    column: str
    names: tuple[str, ...]
    levels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    def codes(self, cells: npt.NDArray[np.generic]) -> Codes:
        """Return the group of each row, shape (n,).

        ``cells`` are float64 with NaN for missing (dates as seconds since 1970), or strings with None.
        """
        missing = len(self.names) - 1
        if self.edges:
            values = cells.astype(np.float64)
            places = np.searchsorted(np.array(self.edges), values, side="left").astype(np.int64)
            return np.where(np.isnan(values), missing, places)
        known = {level: place for place, level in enumerate(self.levels)}
        found = [missing if cell is None else known.get(str(cell), missing - 1) for cell in cells.tolist()]
        return np.array(found, dtype=np.int64)


def grouping(column: ColumnProfile, often: Sequence[str] = ()) -> Grouping | None:
    """Return a column's groups, None for text and for columns that have only one.

    ``often`` names levels that come before those that the profile counts: the most frequent of a column with
    too many to be counted.
    """
    if column.levels is not None:
        ranked = sorted(column.levels.counts, key=lambda pair: (-pair[1], pair[0]))
        levels = tuple(dict.fromkeys([*often, *(level for level, _ in ranked)]))[:MOST_LEVELS]
        return Grouping(column.name, (*levels, OTHERS, MISSING), levels=levels) if len(levels) > 1 else None
    if column.kind not in ("number", "date") or column.numbers is None or not column.numbers.count:
        return None
    quartiles = [histogram.quantile(column.numbers.histogram, share) for share in (0.25, 0.5, 0.75)]
    edges = tuple(dict.fromkeys(quartiles))
    if edges[0] == column.numbers.maximum:
        return None
    return Grouping(column.name, (*_ranges(edges, column.kind == "date"), MISSING), edges=edges)


def _ranges(edges: tuple[float, ...], is_date: bool) -> list[str]:
    """Name the ranges between edges; each holds its upper edge."""
    written = [figures.digits(edge) for edge in edges]
    if is_date:
        written = [figures.day(edge, shown) for edge, shown in zip(edges, written, strict=True)]
    between = [f"{low} to {high}" for low, high in pairwise(written)]
    return [f"up to {written[0]}", *between, f"above {written[-1]}"]
