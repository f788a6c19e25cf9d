"""Which batch each value of a column came with: asked at a cost that follows the values asked about.

An index like that of whole rows (`seen`), with a batch's order in the lowest bits of each hash's second word
in place of the hash's own. It is a copy of what the table holds, made anew where it is missing or torn.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigil.records import ORDER_COLUMN
from vigil.table.hashing import Words, row_hashes
from vigil.table.seen import Seen, places

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.table.store import Table

_BITS = np.uint64(24)
_ORDER = np.uint64((1 << 24) - 1)
#: The order of rows that have no place among the batches yet.
WAITING = int(_ORDER)


class Firsts(Seen):
    """The values of one column in all rows of a table, in the folder ``root``. One writer, under the lock."""

    def __init__(self, root: Path, column: str) -> None:
        super().__init__(root)
        self._column = column

    def orders(self, values: pa.ChunkedArray[Any]) -> npt.NDArray[np.int64]:
        """Return a batch that has each value, shape (n,): 0 where there is none, or no value."""
        present = np.flatnonzero(values.is_valid().to_numpy())
        hashes = self._words(values)[present]  # no value is in many rows, each of which would be walked by
        order = np.argsort(hashes[:, 0], kind="stable")
        ordered = hashes[order]
        found = np.zeros(len(hashes), dtype=np.int64)
        for run, span, asked in self.spans(ordered[:, 0]):
            here = places(run, span, ordered[asked], _BITS)
            hit = here >= 0
            found[asked][hit] = (run.second[here[hit]] & _ORDER).astype(np.int64)
        answer = np.zeros(len(values), dtype=np.int64)
        answer[present[order]] = found
        return answer

    def hold(self, values: pa.ChunkedArray[Any], orders: npt.NDArray[np.int64]) -> None:
        """Stage the values of rows, and the orders of their batches."""
        hashes = self._words(values)
        hashes[:, 1] = (hashes[:, 1] & ~_ORDER) | (orders.astype(np.uint64) & _ORDER)
        self.stage(hashes)

    def rebuild(self, table: Table) -> None:
        """Make the index anew from the table's column, a data file at a time."""
        self.forget()
        known = table.exists() and self._column in table.schema().names
        for rows in table.parts([*([self._column] if known else []), ORDER_COLUMN]) if table.exists() else ():
            self.hold(_cells(rows, self._column), rows.column(ORDER_COLUMN).to_numpy())
        self.take(table.version())

    def _words(self, values: pa.ChunkedArray[Any]) -> Words:
        """Hash values as cells of the column."""
        import pyarrow as pa

        return row_hashes(pa.Table.from_arrays([values], [self._column]), [self._column])


def _cells(rows: pa.Table, column: str) -> pa.ChunkedArray[Any]:
    """Return a column, missing throughout where no row has had it yet."""
    import pyarrow as pa

    if column in rows.column_names:
        return rows.column(column)
    return pa.chunked_array([pa.nulls(rows.num_rows)])
