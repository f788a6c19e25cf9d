"""Delimited text, plain or gzipped: any of four delimiters, any line end, any usual encoding."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vigil.errors import FileRefused, FileUnreadable
from vigil.intake.encoding import as_utf8
from vigil.intake.layout import Layout, lay_out
from vigil.intake.raw import Dialect, RawTable, headers, shown
from vigil.records import RowFault

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

SUFFIXES = (".csv", ".csv.gz")

#: A small archive can unpack to anything; beyond this it is refused instead of filling the memory.
UNPACKED_LIMIT = 4 * 2**30
SHOWN_LETTERS = 200

_BLOCKS = (4 << 20, 64 << 20, 2**31 - 1)
_FOREIGN = {b"PK\x03\x04": "a zip archive or an Excel workbook", b"PAR1": "a Parquet file"}


def read(path: Path, encoding: str = "", delimiter: str = "") -> RawTable:
    """Read a delimited text file; every column comes as text, untouched but for its decoding.

    ``encoding`` and ``delimiter`` are guessed where they are empty.

    Raises FileRefused when it is empty, has no rows, is not text, holds NUL bytes, names a column
    twice, or has a quoted cell that is never closed before its last line.
    """
    where = shown(path)
    text, encoding, notes = as_utf8(_unpacked(path, where), where, encoding)
    text = text.rstrip(b"\x1a")
    if not text or text.isspace():
        raise FileRefused("is empty.", where=where)
    layout = lay_out(text, where, delimiter)
    names, renamed = _names(layout, where)
    body = text[layout.body :]
    del text  # of a large file one copy is enough
    _refuse_without_rows(len(body.lstrip(b"\r\n")), where)
    table, lines, faults = _rows(body, layout, where)
    columns = _without_empty_last(table.rename_columns(_unique(names)), layout)
    dialect = Dialect(encoding, layout.delimiter, layout.newline)
    total = columns.num_rows + len(faults)
    _refuse_without_rows(total, where)
    said = (*notes, *layout.notes, *renamed)
    return RawTable(columns, lines, tuple(faults), total, dialect, said, where)


def _unpacked(path: Path, where: str) -> bytes:
    """Return the file's bytes, gunzipped by what they are and not by what the name says.

    The file is read and not mapped: a mapped file that shrinks meanwhile kills the process.
    """
    try:
        data = path.read_bytes()
        if not data.startswith(b"\x1f\x8b"):
            _refuse_foreign(data, where)
            return data
        with gzip.open(path) as file:
            text = file.read(UNPACKED_LIMIT + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        hint = "It was copied incompletely or is damaged; send it again."
        raise FileRefused("cannot be unpacked.", where=where, hint=hint) from error
    except OSError as error:
        raise FileUnreadable(f"cannot be read ({error.strerror}).", where=where) from error
    if len(text) > UNPACKED_LIMIT:
        raise FileRefused("unpacks to more than 4 GiB.", where=where, hint="Split it.")
    return text


def _refuse_foreign(data: bytes, where: str) -> None:
    """Name a file of another kind that only carries the ending."""
    for mark, kind in _FOREIGN.items():
        if data.startswith(mark):
            raise FileRefused(f"is {kind}, not text.", where=where, hint="Save it as CSV.")


def _refuse_without_rows(size: int, where: str) -> None:
    """Refuse a file that ends after its header."""
    if size == 0:
        raise FileRefused("holds a header and no rows.", where=where)


def _names(layout: Layout, where: str) -> tuple[list[str], tuple[str, ...]]:
    """Return stripped names; an unnamed last column does not count as a repeated one."""
    if len(layout.names) > 1 and not layout.names[-1].strip():
        names, notes = headers(layout.names[:-1], where)
        return [*names, ""], notes
    return headers(layout.names, where)


def _unique(names: list[str]) -> list[str]:
    """Give an unnamed last column a name of its own while an unnamed first one stands beside it."""
    return [*names[:-1], "\n"] if names[-1] == "" and "" in names[:-1] else names


def _without_empty_last(table: pa.Table, layout: Layout) -> pa.Table:
    """Drop an unnamed last column that holds nothing."""
    import pyarrow.compute as pc

    if len(layout.names) == 1 or layout.names[-1].strip():
        return table
    last = table.num_columns - 1
    holds = pc.max(pc.binary_length(pc.utf8_trim_whitespace(table.column(last)))).as_py()
    return table if holds else table.remove_column(last)


def _rows(body: bytes, layout: Layout, where: str) -> tuple[pa.Table, np.ndarray, list[RowFault]]:
    """Parse the rows; returns those that fit the header, their lines, and the faults of the others."""
    import numpy as np

    table, skipped = _parse(body, layout, threads=True)
    if skipped:
        # Only the serial parser says which records did not fit.
        table, skipped = _parse(body, layout, threads=False)
    starts, cut_off = _starts(body, layout, table.num_rows + len(skipped), where)
    kept = np.ones(starts.size, dtype=bool)
    kept[[row.number - 1 for row in skipped]] = False
    faults = [_ragged(row, int(starts[row.number - 1])) for row in skipped if row.text.strip()]
    if cut_off:
        if kept[-1]:
            table = table.slice(0, table.num_rows - 1)
            kept[-1] = False
        faults = [fault for fault in faults if fault.line != starts[-1]]
        faults.append(_cut_off(body, int(starts[-1])))
    return table, starts[kept], faults


def _parse(body: bytes, layout: Layout, *, threads: bool) -> tuple[pa.Table, list[Any]]:
    """Split the rows into text cells; a row or cell longer than a block asks for a larger block."""
    import pyarrow as pa

    for block in _BLOCKS[:-1]:
        try:
            return _parse_blocks(body, layout, threads, block)
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error):
                raise
    return _parse_blocks(body, layout, threads, _BLOCKS[-1])


def _parse_blocks(body: bytes, layout: Layout, threads: bool, block: int) -> tuple[pa.Table, list[Any]]:
    """Run the parser over all blocks; returns the table and the rows that did not fit."""
    import pyarrow as pa
    import pyarrow.csv

    skipped: list[Any] = []

    def skip(row: Any) -> Literal["skip"]:
        skipped.append(row)
        return "skip"

    source: Any = pa.BufferReader(body)
    positions = [str(position) for position in range(len(layout.names))]
    table = pyarrow.csv.read_csv(
        source,
        read_options=pyarrow.csv.ReadOptions(use_threads=threads, block_size=block, column_names=positions),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=layout.delimiter, newlines_in_values=True, invalid_row_handler=skip
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(positions, pa.string()), strings_can_be_null=False
        ),
    )
    return table, skipped


def _starts(body: bytes, layout: Layout, records: int, where: str) -> tuple[np.ndarray, bool]:
    """Return each record's physical line, and whether the last is cut off inside a quoted cell."""
    import numpy as np

    from vigil.intake.lines import count_lines, record_lines

    # As many lines as records: no blank lines, no line ends in cells. Odd quotes: one may be open.
    if count_lines(body) == records and body.count(b'"') % 2 == 0:
        return np.arange(records, dtype=np.int64) + layout.first_line, False
    found = record_lines(body, layout.delimiter)
    starts = found.starts + layout.first_line
    if found.unclosed is None:
        return starts, False
    if len(body[found.unclosed :].splitlines()) > 1:
        line = layout.first_line + count_lines(body[: found.unclosed + 1]) - 1
        what = f"a quoted cell that begins on line {line} is never closed."
        raise FileRefused(what, where=where, hint='Double a quote that belongs to the text: "".')
    return starts, True


def _ragged(row: Any, line: int) -> RowFault:
    """Say that a row does not have the header's number of cells."""
    cells = f"{row.actual_columns} cell" + ("s" if row.actual_columns != 1 else "")
    rule = f"has {cells} where the header has {row.expected_columns}"
    return RowFault(line, "", row.text[:SHOWN_LETTERS], rule)


def _cut_off(body: bytes, line: int) -> RowFault:
    """Say that the file ends inside a quoted cell."""
    lines: Sequence[bytes] = body.splitlines()
    text = lines[-1].decode("utf-8", "replace")
    return RowFault(line, "", text[:SHOWN_LETTERS], "is cut off inside a quoted cell")
