"""How a delimited file is laid out: what stands before the header, the delimiter, the columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from vigil.errors import FileRefused

#: A UTF-8 text in pieces, as often as it is asked for.
Text = Callable[[], Iterable[bytes]]

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_BYTES = 128 * 1024
SAMPLE_RECORDS = 50
#: Bytes that usually hold so many records.
_SHORT = 8 * 1024

_PREAMBLE = re.compile(rb"(?:[ \t]*(?:\r\n|\r|\n))*(?:sep=(.)(?:\r\n|\r|\n))?", re.DOTALL)
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the rows begin and how they are split.

    ``body`` is the byte at which the first row begins, ``first_line`` its physical line. ``names``
    has one entry per cell of a row; ``notes`` says what was guessed.
    """

    delimiter: str
    newline: str
    names: list[str]
    body: int
    first_line: int
    notes: tuple[str, ...] = ()


def lay_out(
    head: bytes, where: str, fixed: str = "", *, whole: bool = True, text: Text | None = None
) -> Layout:
    """Find the layout of a UTF-8 text from its beginning; raises FileRefused when it has no header.

    ``fixed`` is the delimiter where it need not be guessed. Unless ``head`` is the ``whole`` of it, it is
    `enough`, and ``text`` yields all of it.
    """
    preamble = _PREAMBLE.match(head)
    start = preamble.end() if preamble else 0
    announced = preamble.group(1).decode("latin-1") if preamble and preamble.group(1) else ""
    sample = head[start : start + _sample_size(head, start)]
    whole = whole and start + len(sample) == len(head)
    delimiter = fixed or announced or _delimiter(sample, whole, text or (lambda: [head]))
    records, header_lines = _records(sample, delimiter, whole)
    if not records:
        raise FileRefused("has no header that can be read.", where=where, hint="Line 1 names the columns.")
    names, notes = _fit(records[0], records[1:])
    lines_before = len(_LINE_END.findall(head[:start]))
    body = start + _end_of_line(sample, header_lines)
    newline = _LINE_END.search(sample)
    written = newline.group().decode() if newline else "\n"
    return Layout(delimiter, written, names, body, lines_before + header_lines + 1, notes)


def enough(head: bytes) -> bool:
    """Say whether the layout of a text can be told from this beginning, without what follows."""
    preamble = _PREAMBLE.match(head)
    start = preamble.end() if preamble else 0
    return start + _sample_size(head, start) < len(head)


def _sample_size(head: bytes, start: int) -> int:
    """Return how much is looked at from the header on: more where the header is longer than usual."""
    size = SAMPLE_BYTES
    while size < len(head) - start and not _LINE_END.search(head, start, start + size):
        size *= 2
    return size


def _delimiter(sample: bytes, whole: bool, text: Text) -> str:
    """Return the delimiter under which most rows have as many cells as the header, and many."""
    scores = {}
    for delimiter in DELIMITERS:
        records, _ = _records(sample, delimiter, whole)
        width = len(records[0]) if records else 0
        fitting = sum(len(record) in {width, width + 1} for record in records[1:])
        share = fitting / max(len(records) - 1, 1) if len(records) > 1 else 1.0
        scores[delimiter] = (share, width) if width > 1 else (0.0, 0)
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    if scores[best][1] > 1:
        return best
    # One column: any delimiter will do, best one that no cell contains.
    present = {sign for chunk in text() for sign in DELIMITERS if sign.encode() in chunk}
    return next((sign for sign in DELIMITERS if sign not in present), DELIMITERS[0])


def _records(sample: bytes, delimiter: str, whole: bool) -> tuple[list[list[str]], int]:
    """Split the sample's first records into cells; returns them and the header's count of lines."""
    if len(sample) > _SHORT:
        records, header_lines, goes_on = _split(sample[:_SHORT], delimiter)
        if goes_on:
            return records, header_lines
    records, header_lines, goes_on = _split(sample, delimiter)
    cut_short = not whole and not goes_on
    return (records[:-1] if cut_short and len(records) > 1 else records), header_lines


def _split(sample: bytes, delimiter: str) -> tuple[list[list[str]], int, bool]:
    """Split as many records as are asked for; says at last whether there would be more, or no reading on."""
    lines = io.StringIO(sample.decode("utf-8", "replace"), newline="")
    reader = csv.reader(lines, delimiter=delimiter)
    records: list[list[str]] = []
    header_lines = 0
    try:
        for record in islice(reader, SAMPLE_RECORDS):
            header_lines = header_lines or reader.line_num
            records += [record] if record else []
    except csv.Error:
        # A cell longer than the standard reader takes; what came before is sample enough.
        return records, header_lines, True
    return records, header_lines, bool(lines.read(1))


def _fit(header: list[str], rows: list[list[str]]) -> tuple[list[str], tuple[str, ...]]:
    """Match the header to rows that all have one cell more, where the reason is plain to see."""
    if not rows or any(len(row) != len(header) + 1 for row in rows):
        return header, ()
    if all(not row[-1].strip() for row in rows):
        return [*header, ""], ("Every row ends in a delimiter; the empty last column was dropped.",)
    first = [row[0].strip() for row in rows]
    if any(first == [str(number + start) for number in range(len(rows))] for start in (0, 1)):
        return ["", *header], ("The header does not name the first column, a row number.",)
    return header, ()


def _end_of_line(sample: bytes, count: int) -> int:
    """Return the byte after the first ``count`` line ends."""
    ends = [match.end() for match in islice(_LINE_END.finditer(sample), count)]
    return ends[-1] if len(ends) == count else len(sample)
