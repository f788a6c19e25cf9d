"""Parquet files: typed cells, read as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vigil.errors import FileRefused, FileUnreadable
from vigil.intake.raw import Blocks, RawTable, headers, shown

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".parquet",)

#: Bytes of each column that are fetched at a time, where a file is read in blocks.
_FETCHED = 1 << 20
#: The most rows that are unpacked at a time.
_ROWS = 1 << 16
#: Bytes that a cell takes at least when it is unpacked, by whether it is text.
_NUMBER, _TEXT = 8, 16


def read(path: Path, encoding: str = "", delimiter: str = "") -> RawTable:
    """Read a Parquet file; row k counts as line k + 1, as it would below a header.

    ``encoding`` and ``delimiter`` mean nothing here.

    Raises FileRefused when it is not Parquet, is damaged, has no rows, or names a column twice.
    """
    del encoding, delimiter
    (raw,) = _opened(path, 0)
    return raw


def blocks(path: Path, encoding: str, delimiter: str, size: int) -> Blocks:
    """Open a file to be read in blocks of about ``size`` bytes of cells; raises as `read` does.

    The cells of a block are unpacked from their dictionaries. How long the file's row groups are is of no
    matter: of each column only what comes next is fetched and unpacked.
    """
    del encoding, delimiter
    return _opened(path, size)


def text_size(path: Path) -> int:
    """Return about how many bytes of text a file's cells stand for, by its footer; 0 without a sound one."""
    import pyarrow as pa
    import pyarrow.parquet

    try:
        return _cells_size(pyarrow.parquet.read_metadata(path))
    except (pa.ArrowException, OSError):
        return 0


@dataclass(frozen=True, slots=True)
class _Parquet:
    """The rows of a Parquet file, in blocks of about ``size`` bytes; all of them one block if 0."""

    path: Path
    bytes: int
    metadata: Any
    size: int
    names: list[str]
    notes: tuple[str, ...]
    where: str

    def __iter__(self) -> Iterator[RawTable]:
        """Yield the blocks; raises FileRefused where one is damaged."""
        import numpy as np

        line = 2
        for table in self._tables():
            lines = np.arange(line, line + table.num_rows, dtype=np.int64)
            line += table.num_rows
            named = table.rename_columns(self.names)
            yield RawTable(named, lines, (), table.num_rows, None, self.notes, self.where)

    def _tables(self) -> Iterator[pa.Table]:
        """Yield the cells as they are in the file."""
        import pyarrow as pa
        import pyarrow.parquet

        try:
            if not self.size:
                yield pyarrow.parquet.ParquetFile(pa.BufferReader(self.path.read_bytes())).read()
                return
            with self.path.open("rb") as file:
                # Neither a row group nor a column of it is fetched whole.
                opened = pyarrow.parquet.ParquetFile(
                    file, metadata=self.metadata, pre_buffer=False, buffer_size=_FETCHED
                )
                rows = _rows_at_a_time(self.metadata, self.size)
                yield from _gathered(opened.iter_batches(rows), self.size)
        except (pa.ArrowException, OSError) as error:
            if self.path.stat().st_size != self.bytes:
                raise FileUnreadable("has changed while it was read.", where=self.where) from error
            raise _damage(error, self.where) from error


def _opened(path: Path, size: int) -> _Parquet:
    """Read a file's footer; raises FileRefused when there is none, no row, or a name that comes twice."""
    import pyarrow as pa
    import pyarrow.parquet

    where = shown(path)
    try:
        with path.open("rb") as file:
            opened = pyarrow.parquet.ParquetFile(file)
            metadata, schema = opened.metadata, opened.schema_arrow
        length = path.stat().st_size
    except (pa.ArrowException, OSError) as error:
        raise _damage(error, where) from error
    names, notes = headers(schema.names, where)
    if metadata.num_rows == 0:
        raise FileRefused("holds columns and no rows.", where=where)
    return _Parquet(path, length, metadata, size, names, notes, where)


def _damage(error: Exception, where: str) -> FileRefused:
    """Say that a file cannot be read by the system, or that what it holds cannot be understood."""
    if isinstance(error, OSError) and error.errno is not None:
        return FileUnreadable(f"cannot be read ({error.strerror}).", where=where)
    hint = "It was copied incompletely, or is of another kind; send it again."
    return FileRefused("cannot be read as Parquet.", where=where, hint=hint)


def _cells_size(metadata: Any) -> int:
    """Return about how many bytes all cells take, unpacked."""
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    packed: int = sum(group.total_byte_size for group in groups)
    return max(packed, int(metadata.num_rows) * _width(metadata))


def _width(metadata: Any) -> int:
    """Return how many bytes a row's cells take at least: those of a dictionary are packed to almost none."""
    kinds = [metadata.schema.column(place).physical_type for place in range(metadata.num_columns)]
    return sum(_TEXT if kind == "BYTE_ARRAY" else _NUMBER for kind in kinds)


def _rows_at_a_time(metadata: Any, size: int) -> int:
    """Return how many rows to unpack at a time: of the widest ones, about a quarter of a block."""
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    widest: int = max(group.total_byte_size // group.num_rows for group in groups if group.num_rows)
    return max(1, min(_ROWS, size // (4 * max(widest, _width(metadata)))))


def _gathered(batches: Iterable[pa.RecordBatch], size: int) -> Iterator[pa.Table]:
    """Put batches together, or cut them, to tables of about so many bytes."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    taken = 0
    for part in (part for batch in batches for part in _cut(_plain(batch), size)):
        if held and taken + part.nbytes > size:
            yield pa.Table.from_batches(held)
            held, taken = [], 0
        held.append(part)
        taken += part.nbytes
    if held:
        yield pa.Table.from_batches(held)


def _cut(batch: pa.RecordBatch, size: int) -> Iterator[pa.RecordBatch]:
    """Cut a batch whose rows have turned out to be wider than was thought."""
    rows = max(1, batch.num_rows * size // max(batch.nbytes, 1))
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Write out dictionaries and views, whose size says nothing of how many letters they stand for."""
    import pyarrow as pa

    return pa.RecordBatch.from_arrays([_written_out(cells) for cells in batch.columns], batch.schema.names)


def _written_out(cells: Any) -> Any:
    """Return cells of which each is there by itself."""
    from pyarrow import types

    if types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if types.is_string_view(cells.type):
        return cells.cast("large_string")
    return cells.cast("large_binary") if types.is_binary_view(cells.type) else cells
