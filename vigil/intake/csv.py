"""Delimited text, plain or gzipped: any of four delimiters, any line end, any usual encoding."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vigil.errors import FileRefused
from vigil.intake.encoding import Encoding, as_utf8, found
from vigil.intake.layout import Layout, Text, enough, lay_out
from vigil.intake.lines import holds_rows
from vigil.intake.raw import Blocks, Dialect, RawTable, headers, shown
from vigil.intake.stream import CHUNK, Cut, beginning, cut, pieces, unpacked, without_ends
from vigil.records import RowFault

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

SUFFIXES = (".csv", ".csv.gz")

SHOWN_LETTERS = 200

_BLOCKS = (4 << 20, 64 << 20, 2**31 - 1)


def read(path: Path, encoding: str = "", delimiter: str = "") -> RawTable:
    """Read a delimited text file; every column comes as text, untouched but for its decoding.

    ``encoding`` and ``delimiter`` are guessed where they are empty.

    Raises FileRefused when it is empty, has no rows, is not text, holds NUL bytes, names a column
    twice, or has a quoted cell that is never closed before its last line.
    """
    where = shown(path)
    how, text = _read_whole(path, encoding, where)
    (raw,) = _opened(lambda: [text], how, delimiter, 0, where)
    return raw


def _read_whole(path: Path, encoding: str, where: str) -> tuple[Encoding, bytes]:
    """Return how a file is encoded, and its text as UTF-8."""
    from vigil.intake import room_for_text

    data = b"".join(unpacked(path, where, most=room_for_text()))
    how = found(lambda: [data], encoding)
    return how, b"".join(as_utf8(lambda: [data], how, where)).rstrip(b"\x1a")


def blocks(path: Path, encoding: str, delimiter: str, size: int) -> Blocks:
    """Open a file to be read in blocks of about ``size`` bytes of text; raises as `read` does.

    What can only be told from all of the file is found out here, in bounded memory.
    """
    where = shown(path)

    def chunks() -> Iterator[bytes]:
        return unpacked(path, where, CHUNK)

    how = found(chunks, encoding)
    return _opened(lambda: without_ends(as_utf8(chunks, how, where)), how, delimiter, size, where)


@dataclass(frozen=True, slots=True)
class _Csv:
    """The rows of a delimited text, cut where records end."""

    text: Text
    cuts: Sequence[Cut]
    layout: Layout
    names: list[str]
    dialect: Dialect
    notes: tuple[str, ...]
    where: str

    def __iter__(self) -> Iterator[RawTable]:
        """Yield the blocks; raises FileRefused at last when none has a row."""
        rows = 0
        keeps = self._keeps_last()
        for table, lines, faults in self._parsed():
            if not keeps and not _last_holds(table):
                table = table.remove_column(table.num_columns - 1)
            total = table.num_rows + len(faults)
            rows += total
            yield RawTable(table, lines, tuple(faults), total, self.dialect, self.notes, self.where)
        if not rows:
            raise FileRefused("holds a header and no rows.", where=self.where)

    def _keeps_last(self) -> bool:
        """Say whether the last column stays, whatever a single block holds: it may be unnamed and empty."""
        if len(self.layout.names) == 1 or self.layout.names[-1].strip():
            return True
        return len(self.cuts) > 1 and any(_last_holds(table) for table, *_ in self._parsed())

    def _parsed(self) -> Iterator[tuple[pa.Table, np.ndarray, list[RowFault]]]:
        """Yield the rows of each block, their lines, and the faults of those that do not fit the header."""
        for block, body in zip(self.cuts, pieces(self.text(), self.cuts, self.where), strict=True):
            if holds_rows(body):
                table, lines, faults = _rows(body, self.layout, block.line, self.where)
                yield table.rename_columns(self.names), lines, faults


def _opened(text: Text, how: Encoding, delimiter: str, size: int, where: str) -> _Csv:
    """Find out how a text is laid out, and where it is to be cut; not at all where ``size`` is 0."""
    try:
        layout = _layout(text, delimiter, where)
        names, renamed = _names(layout, where)
    except FileRefused:
        for _ in text():  # what is wrong with the text itself is said first
            pass
        raise
    cuts = cut(text(), layout, size, where)
    dialect = Dialect(how.name, layout.delimiter, layout.newline)
    return _Csv(text, cuts, layout, _unique(names), dialect, (*how.notes, *layout.notes, *renamed), where)


def _layout(text: Text, delimiter: str, where: str) -> Layout:
    """Tell the layout from the beginning; raises FileRefused for an empty file."""
    head, whole = beginning(text(), enough, where)
    if whole and (not head or head.isspace()):
        raise FileRefused("is empty.", where=where)
    return lay_out(head, where, delimiter, whole=whole, text=text)


def _names(layout: Layout, where: str) -> tuple[list[str], tuple[str, ...]]:
    """Return stripped names; an unnamed last column does not count as a repeated one."""
    if len(layout.names) > 1 and not layout.names[-1].strip():
        names, notes = headers(layout.names[:-1], where)
        return [*names, ""], notes
    return headers(layout.names, where)


def _unique(names: list[str]) -> list[str]:
    """Give an unnamed last column a name of its own while an unnamed first one stands beside it."""
    return [*names[:-1], "\n"] if names[-1] == "" and "" in names[:-1] else names


def _last_holds(table: pa.Table) -> bool:
    """Say whether the last column holds anything."""
    import pyarrow.compute as pc

    last = table.column(table.num_columns - 1)
    return bool(pc.max(pc.binary_length(pc.utf8_trim_whitespace(last))).as_py())


def _rows(
    body: bytes, layout: Layout, first_line: int, where: str
) -> tuple[pa.Table, np.ndarray, list[RowFault]]:
    """Parse the rows; returns those that fit the header, their lines, and the faults of the others."""
    import numpy as np

    table, skipped = _parse(body, layout, threads=True)
    if skipped:
        # Only the serial parser says which records did not fit.
        table, skipped = _parse(body, layout, threads=False)
    starts, cut_off = _starts(body, layout.delimiter, first_line, table.num_rows + len(skipped), where)
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

    # The parser drops a mark of the byte order at the beginning, which here is a cell's own letter.
    source: Any = pa.BufferReader(codecs.BOM_UTF8 + body if body.startswith(codecs.BOM_UTF8) else body)
    positions = [str(position) for position in range(len(layout.names))]
    table = pyarrow.csv.read_csv(
        source,
        read_options=pyarrow.csv.ReadOptions(use_threads=threads, block_size=block, column_names=positions),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=layout.delimiter, newlines_in_values=True, invalid_row_handler=skip
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            # That the text is UTF-8 has been seen, or made so.
            column_types=dict.fromkeys(positions, pa.string()),
            strings_can_be_null=False,
            check_utf8=False,
        ),
    )
    return table, skipped


def _starts(
    body: bytes, delimiter: str, first_line: int, records: int, where: str
) -> tuple[np.ndarray, bool]:
    """Return each record's physical line, and whether the last is cut off inside a quoted cell."""
    import numpy as np

    from vigil.intake.lines import closes, count_lines, record_lines

    # As many lines as records: no blank lines, no line ends in cells. The last cell may be open yet.
    if count_lines(body) == records and closes(body, delimiter):
        return np.arange(records, dtype=np.int64) + first_line, False
    found = record_lines(body, delimiter)
    starts = found.starts + first_line
    if found.unclosed is None:
        return starts, False
    if len(body[found.unclosed :].splitlines()) > 1:
        line = first_line + count_lines(body[: found.unclosed + 1]) - 1
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
