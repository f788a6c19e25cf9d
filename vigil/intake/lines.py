"""On which physical line each record of a delimited text begins."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


#: Bytes in which line feeds are counted at a time, and those at a text's end that mostly end a record.
_PART, _TAIL = 1 << 20, 1 << 12
_NO_END = re.compile(rb"[^\r\n]")


@dataclass(frozen=True, slots=True)
class Lines:
    """``starts``: line of each non-blank record, from 0. ``unclosed``: byte of a quote never closed."""

    starts: np.ndarray
    unclosed: int | None


def count_lines(text: bytes) -> int:
    """Count physical lines; LF, CR LF and bare CR each end one, and the last needs no end."""
    ends = _feeds(text)
    if b"\r" in text:
        ends += text.count(b"\r") - text.count(b"\r\n")
    return ends + (not text.endswith((b"\n", b"\r")))


def _feeds(text: bytes) -> int:
    """Count line feeds, a part of the text at a time; to search for each takes five times as long."""
    import numpy as np

    codes = np.frombuffer(text, dtype=np.uint8)
    parts = (codes[start : start + _PART] for start in range(0, len(codes), _PART))
    return sum(int(np.count_nonzero(part == ord("\n"))) for part in parts)


def holds_rows(text: bytes) -> bool:
    """Say whether there is anything but line ends."""
    return _NO_END.search(text) is not None


def line_ends(chunks: Iterable[bytes]) -> int:
    """Count the line ends of a text that comes in pieces; CR LF is one, also between two pieces."""
    ends, before = 0, b""
    for chunk in chunks:
        ends += chunk.count(b"\n") + chunk.count(b"\r") - chunk.count(b"\r\n")
        ends -= before.endswith(b"\r") and chunk.startswith(b"\n")
        before = chunk or before
    return ends


def whole_records(text: bytes, delimiter: str) -> int:
    """Return where the last record ends that is known to be whole, more text following; 0 without any."""
    if b'"' not in text:
        # A carriage return at the end may be half of a line end.
        return max(text.rfind(b"\n"), text.rfind(b"\r", 0, len(text) - 1)) + 1
    found = _records(delimiter).match(text)
    return found.end() if found else 0


def closes(text: bytes, delimiter: str) -> bool:
    """Say whether the last line of a text, which begins a record, leaves no quoted cell open."""
    tail = text[-_TAIL:].rstrip(b"\r\n")
    end = len(text) - min(len(text), _TAIL) + len(tail) if tail else len(text.rstrip(b"\r\n"))
    last = text[max(text.rfind(b"\n", 0, end), text.rfind(b"\r", 0, end)) + 1 :]
    return _quoted(last, delimiter)[2] is None


@cache
def _records(delimiter: str) -> re.Pattern[bytes]:
    """Return the form of any number of whole records; a quote counts at the beginning of a cell."""
    sign = re.escape(delimiter.encode())
    cell = rb'(?:"[^"]*+(?:""[^"]*+)*+"|(?!"))[^' + sign + rb"\r\n]*+"
    end = rb"(?:\r\n|\n|\r(?=[^\n]))"
    return re.compile(rb"(?:" + cell + rb"(?:" + sign + cell + rb")*+" + end + rb")*+")


def record_lines(text: bytes, delimiter: str) -> Lines:
    """Return the line on which each record begins, blank lines left out.

    A line end inside a quoted cell does not end the record. A quote counts only at the beginning of
    a cell, as in the parser.
    """
    import numpy as np

    ends = _line_ends(text)
    begins = np.concatenate(([0], ends))
    opened, closed, unclosed = _quoted(text, delimiter)
    inside = _within(begins - 1, opened, closed)
    blank = _is_blank(text, begins)
    return Lines(np.flatnonzero(~inside & ~blank), unclosed)


def _line_ends(text: bytes) -> np.ndarray:
    """Return the byte after each line end."""
    import numpy as np

    codes = np.frombuffer(text, dtype=np.uint8)
    is_end = codes == 10
    if b"\r" in text:
        returns = codes == 13
        returns[:-1] &= codes[1:] != 10
        is_end |= returns
    return np.flatnonzero(is_end) + 1


def _quoted(text: bytes, delimiter: str) -> tuple[np.ndarray, np.ndarray, int | None]:
    """Return where quoted cells begin and end, and the byte of one that is never closed."""
    import numpy as np

    if b'"' not in text:
        return np.empty(0, np.int64), np.empty(0, np.int64), None
    sign = re.escape(delimiter.encode())
    cell = re.compile(rb"(?:\A|(?<=[\r\n]|" + sign + rb'))"[^"]*+(?:""[^"]*+)*+("?)')
    spans = [(found.start(), found.end(), found.end(1) > found.start(1)) for found in cell.finditer(text)]
    if not spans:
        return np.empty(0, np.int64), np.empty(0, np.int64), None
    unclosed = None if spans[-1][2] else spans[-1][0]
    edges = np.array([span[:2] for span in spans], dtype=np.int64)
    return edges[:, 0], edges[:, 1], unclosed


def _within(positions: np.ndarray, opened: np.ndarray, closed: np.ndarray) -> np.ndarray:
    """Say which bytes lie inside one of the sorted, disjoint spans."""
    import numpy as np

    if opened.size == 0:
        return np.zeros(positions.shape, dtype=bool)
    before = np.searchsorted(opened, positions, side="right") - 1
    inside: np.ndarray = (before >= 0) & (positions < closed[np.maximum(before, 0)])
    return inside


def _is_blank(text: bytes, begins: np.ndarray) -> np.ndarray:
    """Say which lines hold nothing, the one after the last line end included."""
    import numpy as np

    codes = np.frombuffer(text, dtype=np.uint8)
    at_end = begins >= codes.size
    first = codes[np.minimum(begins, codes.size - 1)]
    blank: np.ndarray = at_end | (first == 10) | (first == 13)
    return blank
