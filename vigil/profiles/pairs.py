"""How numbers go together: for every two columns the rows in each combination of their quarters.

The cuts between quarters must not depend on the rows that are counted, or counts would not add up. They are
chosen once, from the first rows that a project sees (`chosen`), and given to all later ones. Counts are
whole numbers, so that any split of the rows adds up to the same. Ties and heavy tails do no harm: a value
counts by its quarter alone.

A row is a bit for each cut that its value passes; the rows that pass two cuts are the bits that two words
have in common, 64 rows at a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigil.profiles import histogram

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.profiles.record import ColumnProfile

#: The most columns whose pairs are counted: the first by name.
MOST = 32
#: Where a column is cut, as shares of its rows.
SHARES = (0.25, 0.5, 0.75)
#: Rows that are in bits at a time: a multiple of 64, and small enough for the cache.
BLOCK = 131_072

Cuts = Mapping[str, tuple[float, ...]]
Integers = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """The cuts of each column, sorted by name, and for each pair (first by name) its table of counts.

    A value belongs to the quarter whose number is that of the cuts below it. The table of two columns with
    k and l cuts is flat, (k + 1)·(l + 1) counts, the second column's quarters side by side. A column
    without cuts was counted with different ones: its tables are empty.
    """

    cuts: tuple[tuple[str, tuple[float, ...]], ...] = ()
    counts: tuple[tuple[int, ...], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, sorted."""
        return tuple(name for name, _ in self.cuts)

    def tables(self) -> dict[tuple[str, str], Integers]:
        """Return the table of each pair that has one, shape (k + 1, l + 1)."""
        found = {}
        for (first, second), counts in zip(itertools.combinations(self.cuts, 2), self.counts, strict=True):
            if counts:
                shape = (len(first[1]) + 1, len(second[1]) + 1)
                found[first[0], second[0]] = np.array(counts, dtype=np.int64).reshape(shape)
        return found


def chosen(columns: Sequence[ColumnProfile], known: Cuts | None = None) -> dict[str, tuple[float, ...]]:
    """Return the cuts of every column of numbers that varies: those already known, else its own quartiles.

    At most `MOST` columns have cuts; those that are known come first.
    """
    cuts = {name: cut for name, cut in sorted((known or {}).items()) if cut}
    for column in columns:
        if column.kind == "number" and column.name not in cuts and len(cuts) < MOST:
            own = _quartiles(column)
            if own:
                cuts[column.name] = own
    return cuts


def count(table: pa.Table, cuts: Cuts) -> Pairs:
    """Count the pairs of columns, on the rows where both have a value; infinite is a value.

    A column that the table lacks keeps its cuts, and has no row.
    """
    names = sorted(name for name in cuts if cuts[name])
    here = [name for name in names if name in table.column_names]
    values = {name: _values(table.column(name)) for name in here}
    size = sum(len(cuts[name]) + 1 for name in here)
    total = np.zeros((size, size), dtype=np.int64)
    for start in range(0, table.num_rows if here else 0, BLOCK):
        total += _common(np.concatenate([_bits(values[n][start : start + BLOCK], cuts[n]) for n in here]))
    counted = Pairs(tuple((name, tuple(cuts[name])) for name in here), _tables(total, here, cuts))
    return merged([counted, empty(cuts)]) if len(here) < len(names) else counted


def empty(cuts: Cuts) -> Pairs:
    """Return the pairs of no rows."""
    kept = tuple((name, tuple(cut)) for name, cut in sorted(cuts.items()) if cut)
    sizes = [(len(first[1]) + 1) * (len(second[1]) + 1) for first, second in itertools.combinations(kept, 2)]
    return Pairs(kept, tuple((0,) * size for size in sizes))


def merged(parts: Sequence[Pairs]) -> Pairs:
    """Add the counts of disjoint rows; the same result in any order.

    A column that was cut differently loses its tables for good. Rows of a part that lacks a column are not
    in its pairs.
    """
    if len(parts) == 1:
        return parts[0]
    cuts: dict[str, tuple[float, ...]] = {}
    for part in parts:
        for name, cut in part.cuts:
            cuts[name] = cut if cuts.get(name, cut) == cut else ()
    tables = [part.tables() for part in parts]
    counts = []
    for first, second in itertools.combinations(sorted(cuts), 2):
        found = [table[first, second] for table in tables if (first, second) in table]
        alike = bool(cuts[first]) and bool(cuts[second])
        size = (len(cuts[first]) + 1) * (len(cuts[second]) + 1)
        whole = (
            np.sum([one.ravel() for one in found], axis=0) if alike and found else np.zeros(size, np.int64)
        )
        counts.append(tuple(int(one) for one in whole) if alike else ())
    return Pairs(tuple(sorted(cuts.items())), tuple(counts))


def changes(whole: Pairs, part: Pairs) -> list[tuple[tuple[str, str], float | None, float | None]]:
    """Return each pair of a part with its correlation there and in the rest of the whole, most changed first.

    Counts add up, and so they subtract. None where a column does not vary, or was cut differently.
    """
    every, cuts = whole.tables(), dict(whole.cuts)
    found = []
    for names, table in part.tables().items():
        alike = names in every and all(cuts[name] == cut for name, cut in part.cuts if name in names)
        found.append((names, correlation(table), correlation(every[names] - table) if alike else None))
    return sorted(found, key=lambda one: -abs((one[1] or 0.0) - (one[2] or 0.0)))


def correlation(table: Integers) -> float | None:
    """Return Pearson's correlation of the numbers of the quarters; None when one of them does not vary.

    It is a rank correlation: of any monotone change of the values only what passes a cut counts. For normal
    values cut at their quartiles it is about nine tenths of Spearman's.
    """
    found = float(correlation_each(table[None])[0])
    return None if np.isnan(found) else found


def correlation_each(tables: Integers) -> npt.NDArray[np.float64]:
    """Return the same of many tables at once, shape (k, r, c); NaN for None."""
    rows = tables.sum(axis=(1, 2))
    shares = tables / np.maximum(rows, 1)[:, None, None]
    a, b = (_centred(shares.sum(axis=axis)) for axis in (2, 1))
    square = (a**2 * shares.sum(axis=2)).sum(axis=1) * (b**2 * shares.sum(axis=1)).sum(axis=1)
    varies = square > 0.0
    product = (a[:, :, None] * b[:, None, :] * shares).sum(axis=(1, 2))
    found = np.clip(product / np.sqrt(np.where(varies, square, 1.0)), -1.0, 1.0)
    return np.where(varies, found, np.nan)


def _centred(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the numbers of the quarters less their mean, for many margins of shape (k, r)."""
    places = np.arange(shares.shape[1], dtype=np.float64)
    return np.asarray(places - (shares @ places)[:, None], dtype=np.float64)


def correlations(pairs: Pairs) -> dict[str, Any]:
    """Return the correlation of every two columns as ``names`` and a square ``matrix``; None without one."""
    names = list(pairs.names)
    place = {name: number for number, name in enumerate(names)}
    matrix: list[list[float | None]] = [[None] * len(names) for _ in names]
    for (first, second), table in pairs.tables().items():
        found = correlation(table)
        at, to = place[first], place[second]
        matrix[at][to] = matrix[to][at] = None if found is None else round(found, 4)
    for number in range(len(names)):
        if any(cell is not None for cell in matrix[number]):
            matrix[number][number] = 1.0
    return {"names": names, "matrix": matrix}


def _quartiles(column: ColumnProfile) -> tuple[float, ...]:
    """Return a column's quartiles, without those that no value passes."""
    found = column.numbers
    if found is None or not found.count or found.maximum is None:
        return ()
    cuts = sorted({histogram.quantile(found.histogram, share) for share in SHARES})
    return tuple(cut for cut in cuts if cut < found.maximum)


def _values(cells: Any) -> npt.NDArray[np.float64]:
    """Return a column as float64 with NaN for missing."""
    values = cells.cast("float64").to_numpy()
    return np.asarray(values, dtype=np.float64)


def _bits(values: npt.NDArray[np.float64], cuts: Sequence[float]) -> Words:
    """Return the rows that have a value, and those that pass each cut, as bits: shape (cuts + 1, words)."""
    passed = np.zeros((len(cuts) + 1, -(-len(values) // 64) * 64), dtype=np.bool_)
    np.equal(values, values, out=passed[0, : len(values)])
    for place, cut in enumerate(cuts, 1):
        np.greater(values, cut, out=passed[place, : len(values)])
    return np.packbits(passed, axis=1).view(np.uint64)


def _common(bits: Words) -> Integers:
    """Return how many bits every two of k rows of words have in common, shape (k, k), upper half."""
    common = np.zeros((len(bits), len(bits)), dtype=np.int64)
    for place in range(len(bits)):
        both = np.bitwise_count(bits[place] & bits[place:])
        common[place, place:] = both.sum(axis=1, dtype=np.int64)
    return common


def _tables(common: Integers, names: Sequence[str], cuts: Cuts) -> tuple[tuple[int, ...], ...]:
    """Turn rows that pass two cuts into rows between cuts."""
    ends = np.cumsum([0, *(len(cuts[name]) + 1 for name in names)])
    between = _between(_between(common, ends[1:]).T, ends[1:]).T
    spans = [slice(int(start), int(end)) for start, end in itertools.pairwise(ends)]
    return tuple(
        tuple(between[first, second].ravel().tolist()) for first, second in itertools.combinations(spans, 2)
    )


def _between(beyond: Integers, ends: Integers) -> Integers:
    """Take from each row the one of the next cut; the last cut of a column has none."""
    further = np.vstack([beyond[1:], np.zeros((min(1, len(beyond)), beyond.shape[1]), dtype=np.int64)])
    further[ends - 1] = 0
    return beyond - further
