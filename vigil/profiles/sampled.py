"""A sample of the rows that adds up exactly: of a set of rows, those whose hashes are the lowest.

A row's hash is the one that the table keeps with it, so that no split and no order of the rows changes which
of them are kept. Hashes are as good as random, so that the `KEPT` lowest ones are a uniform sample of the
different rows, and the lowest of two sets are among the lowest of each (bottom-k: Cohen, Kaplan 2007,
doi 10.1145/1281100.1281133). Of each row the cells of the categories are kept, those of keys left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigil.profiles import levels
from vigil.records import HASH_COLUMN, Column
from vigil.table import hashing

if TYPE_CHECKING:
    import pyarrow as pa

#: Rows that are kept.
KEPT = 128

Cells = tuple[str | None, ...]
Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Sample:
    """The hashes of the kept rows, ascending, and each category's cells in these rows, sorted by its name.

    Rows whose hash was not known, as in a profile of a time before, are in no sample.
    """

    hashes: tuple[int, ...] = ()
    cells: tuple[tuple[str, Cells], ...] = ()

    def of(self, name: str) -> Cells:
        """Return a column's cells in the kept rows; none where the column was not sampled."""
        return dict(self.cells).get(name, ())


def of_rows(table: pa.Table, columns: Sequence[Column]) -> Sample:
    """Sample n rows that carry their hashes, in O(n); a table without them gives an empty sample."""
    names = sorted(one.name for one in columns if one.kind == "category" and one.role != "key")
    if not names or not table.num_rows or HASH_COLUMN not in table.column_names:
        return Sample()
    words = hashing.from_column(table.column(HASH_COLUMN))[:, 1]
    places = np.flatnonzero(words <= _limit(words))
    kept: dict[int, Cells] = {}
    for word, *cells in _different(table, names, words[places], places):
        _keep(kept, word, tuple(map(_short, cells)))
    return _lowest(names, kept)


def merged(parts: Iterable[Sample]) -> Sample:
    """Add samples of disjoint rows; the same result in any order. A column that a part lacks is missing."""
    filled = [part for part in parts if part.hashes]
    names = sorted({name for part in filled for name, _ in part.cells})
    kept: dict[int, Cells] = {}
    for part in filled:
        known = dict(part.cells)
        blank: Cells = (None,) * len(part.hashes)
        columns = [known.get(name, blank) for name in names]
        for word, *cells in zip(part.hashes, *columns, strict=True):
            _keep(kept, word, tuple(cells))
    return _lowest(names, kept)


def _limit(words: Words) -> np.uint64:
    """Return the highest hash that is kept: that of the `KEPT`-th different one, or the highest of all."""
    few = min(len(words), 4 * KEPT)
    lowest = np.unique(np.partition(words, few - 1)[:few])
    if len(lowest) < KEPT and few < len(words):
        lowest = np.unique(words)
    return np.uint64(lowest[:KEPT][-1])


def _different(table: pa.Table, names: Sequence[str], words: Words, places: Any) -> Iterable[tuple[Any, ...]]:
    """Return the different ones among some rows, each its hash and its cells."""
    import pyarrow as pa

    columns: dict[str, Any] = {"0": pa.array(words)}
    for number, name in enumerate(names, 1):
        cells: Any = pa.nulls(len(places), pa.string())
        if name in table.column_names:
            cells = table.column(name).take(pa.array(places)).cast(pa.string())
        columns[str(number)] = cells
    rows = pa.table(columns)
    if len(np.unique(words)) < len(words):
        rows = rows.group_by(list(columns)).aggregate([])
    return zip(*(rows.column(name).to_pylist() for name in columns), strict=True)


def _keep(kept: dict[int, Cells], word: int, cells: Cells) -> None:
    """Add a row; of two with one hash the one with the lower cells stays, whichever came first."""
    known = kept.get(word)
    kept[word] = cells if known is None else min(known, cells, key=_order)


def _short(cell: str | None) -> str | None:
    """Return a cell as `levels.shortened` does; most are short, and there are many."""
    return cell if cell is None or len(cell) <= levels.LONGEST else levels.shortened(cell)


def _order(cells: Cells) -> list[tuple[bool, str]]:
    """Return what cells are sorted by; missing ones come first."""
    return [(cell is not None, cell or "") for cell in cells]


def _lowest(names: Sequence[str], kept: dict[int, Cells]) -> Sample:
    """Return the rows of lowest hash."""
    words = sorted(kept)[:KEPT]
    columns = zip(*(kept[word] for word in words), strict=True)
    return Sample(tuple(words), tuple(zip(names, columns, strict=True)) if words else ())
