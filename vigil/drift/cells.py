"""Two profiles of one column on common cells: buckets of values, levels, or few groups of either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vigil.profiles import ColumnProfile, histogram, levels, sums

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

#: The groups of values into which the distances cut a column of numbers: the reference's tenths.
GROUPS = 10
#: The fewest rows that a cell of a contingency table is expected to hold, in either sample.
EXPECTED = 5.0


@dataclass(frozen=True, slots=True)
class Cells:
    """The rows of both profiles in each cell; ``reference`` and ``current`` have shape (k,).

    ``names`` are the levels, when both profiles count every level.
    """

    reference: Integers
    current: Integers
    names: tuple[str, ...] = ()

    @property
    def n_ref(self) -> int:
        """The rows of the reference."""
        return int(self.reference.sum())

    @property
    def n_cur(self) -> int:
        """The rows that are compared with it."""
        return int(self.current.sum())

    @property
    def both(self) -> bool:
        """Say whether either side has rows."""
        return self.n_ref > 0 and self.n_cur > 0

    def shares(self) -> tuple[Floats, Floats]:
        """Return the share of each cell on both sides; needs rows on both."""
        return self.reference / self.n_ref, self.current / self.n_cur


def of_values(reference: ColumnProfile, current: ColumnProfile) -> Cells:
    """Return the buckets that either occupies, in ascending order."""
    if reference.numbers is None or current.numbers is None:
        return _nothing()
    ours, theirs = reference.numbers.histogram, current.numbers.histogram
    _, _, first, second = histogram.on_common_edges(ours, theirs)
    return Cells(first, second)


def of_levels(reference: ColumnProfile, current: ColumnProfile) -> Cells:
    """Return every level that either has, or hash buckets of levels when one has too many to count."""
    if reference.levels is None or current.levels is None:
        return _nothing()
    if not (reference.levels.is_exact and current.levels.is_exact):
        buckets = [levels.bucket_counts(side) for side in (reference.levels, current.levels)]
        return Cells(_array(buckets[0]), _array(buckets[1]))
    ours, theirs = dict(reference.levels.counts), dict(current.levels.counts)
    names = tuple(sorted(ours.keys() | theirs.keys()))
    first, second = (_array([side.get(name, 0) for name in names]) for side in (ours, theirs))
    return Cells(first, second, names)


def of_groups(reference: ColumnProfile, current: ColumnProfile) -> Cells:
    """Return levels, or for values about ten groups of neighbouring buckets, each a reference tenth."""
    if reference.kind == "category":
        return of_levels(reference, current)
    cells = of_values(reference, current)
    if not cells.both or len(cells.reference) <= GROUPS:
        return cells
    middle = np.cumsum(cells.reference) - cells.reference / 2
    group = np.minimum(middle * GROUPS / cells.n_ref, GROUPS - 1).astype(np.int64)
    return _grouped(cells, group)


def pooled(cells: Cells) -> Cells:
    """Join rare cells until each is expected to hold five rows in either sample.

    The order is that of the rows of both sides together, which does not tell the sides apart: given
    it, every way of dealing the rows to the sides is as likely as any other when nothing has changed.
    """
    filled = cells.reference + cells.current > 0
    cells = Cells(cells.reference[filled], cells.current[filled])
    both = cells.reference + cells.current
    order = np.argsort(-both, kind="stable")
    expected = both[order] * (min(cells.n_ref, cells.n_cur) / both.sum())
    group = np.empty(len(both), dtype=np.int64)
    group[order] = _filled(expected)
    return _grouped(cells, group)


def positions(reference: ColumnProfile, current: ColumnProfile) -> tuple[Cells, Floats, Floats]:
    """Return the buckets that either occupies, and where their values lie: from and to, shape (k,) each.

    From and to are equal where both sides hold values that are known exactly.
    """
    if reference.numbers is None or current.numbers is None:
        return _nothing(), np.empty(0), np.empty(0)
    ours, theirs = reference.numbers.histogram, current.numbers.histogram
    lower, upper, left, right = histogram.on_common_edges(ours, theirs)
    cells = Cells(left, right)
    if min(ours.grain, theirs.grain) >= max(ours.level, theirs.level) and ours.scale == "value":
        exact = np.where(lower >= 0, lower, upper)
        return cells, exact, exact
    ends = [side.minimum for side in (reference.numbers, current.numbers) if side.minimum is not None]
    tops = [side.maximum for side in (reference.numbers, current.numbers) if side.maximum is not None]
    if not ends:
        return cells, lower, upper
    return cells, np.clip(lower, min(ends), max(tops)), np.clip(upper, min(ends), max(tops))


def counts(reference: ColumnProfile, current: ColumnProfile) -> tuple[int, int]:
    """Return how many finite values either side has."""
    sides = [column.numbers.count if column.numbers is not None else 0 for column in (reference, current)]
    return sides[0], sides[1]


def spread(column: ColumnProfile) -> float:
    """Return the standard deviation (n − 1) of a column's values; 0 when there are fewer than two."""
    found = column.numbers
    if found is None or found.count < 2:
        return 0.0
    return sums.deviation(found.total, found.squares, found.count)


def _filled(expected: Floats) -> Integers:
    """Put consecutive cells into numbered groups that each expect `EXPECTED` rows or more.

    Cells that are left over at the end join the last group.
    """
    group = np.zeros(len(expected), dtype=np.int64)
    number, held = 0, 0.0
    for place, rows in enumerate(expected.tolist()):
        group[place] = number
        held += rows
        if held >= EXPECTED:
            number, held = number + 1, 0.0
    return np.minimum(group, max(0, number - 1 if held > 0.0 else number))


def _grouped(cells: Cells, group: Integers) -> Cells:
    """Add the rows of each group, leaving out numbers that no cell has."""
    numbers, group = np.unique(group, return_inverse=True)
    first, second = (np.zeros(len(numbers), dtype=np.int64) for _ in range(2))
    np.add.at(first, group, cells.reference)
    np.add.at(second, group, cells.current)
    return Cells(first, second)


def _array(counts: Sequence[int]) -> Integers:
    """Return counts as an array."""
    return np.array(counts, dtype=np.int64)


def _nothing() -> Cells:
    """Return no cells."""
    return Cells(_array([]), _array([]))
