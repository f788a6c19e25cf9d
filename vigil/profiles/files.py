"""The profile of a Parquet file, one column and one piece at a time, whatever its size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vigil.profiles.measure import in_turn, profile
from vigil.profiles.record import ColumnProfile, Profile, merge
from vigil.records import Column

if TYPE_CHECKING:
    import pyarrow.parquet as pq

#: Rows that are in memory at a time.
PIECE = 32_768
#: Bytes of the file that are read at a time, instead of a column's whole part of a row group.
_BUFFER = 1 << 16


def of_parquet(path: Path, columns: Sequence[Column]) -> Profile:
    """Return the profile of a file's rows, the same as that of the whole table without cuts.

    A column that the file lacks is missing in every row. Memory holds a piece of each of a few columns and
    the profiles of their pieces. Raises OSError when the file cannot be read.
    """
    import pyarrow.parquet as pq

    rows = pq.read_metadata(path).num_rows
    ordered = sorted(columns, key=lambda column: column.name)
    return Profile(rows, tuple(in_turn(lambda column: _column(path, column), ordered, rows=rows)))


def _column(path: Path, column: Column) -> ColumnProfile:
    """Summarise one column of a file, which is opened for it alone."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, buffer_size=_BUFFER) as file:
        return _summed(file, column)


def _summed(file: pq.ParquetFile, column: Column) -> ColumnProfile:
    """Summarise one column of an open file."""
    import pyarrow as pa

    rows = file.metadata.num_rows
    if column.name not in file.schema_arrow.names:
        empty = profile(pa.table({}), [column]).columns[0]
        return ColumnProfile(column.name, column.kind, rows, rows, empty.numbers, empty.levels)
    pieces = file.iter_batches(PIECE, columns=[column.name], use_threads=False)
    parts = [profile(pa.Table.from_batches([piece]), [column]) for piece in pieces]
    return merge(parts or [profile(pa.table({}), [column])]).columns[0]
