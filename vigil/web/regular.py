"""Large JSON bodies of the usual form, read straight into columns; others are left to ``vigil.web.bodies``.

Rows are read by a decoder that knows a release's columns, in a third of the time of one that takes any row.
It reads what leaves no doubt: each row has every column, a column of numbers holds numbers or nothing, and
there is no field that nobody expects.

Columns are read by simdjson, which gives a column of numbers as an array: none of its cells becomes a Python
object. Where it is not installed they are left to the other reader too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Annotated, Any

import msgspec
import numpy as np

from vigil.records import Column
from vigil.web.bodies import MAX_CELL, MAX_FIELDS, MAX_ROWS, Cell, LimitedCell, Rows

try:
    import simdjson
except ImportError:  # there is not one for every interpreter
    simdjson = None  # type: ignore[assignment]

#: Bytes from which a body is worth a second try when the first one fails.
LARGE = 8_192

#: After so many bodies in a row that were of another form, only one in ``SELDOM`` is tried.
PATIENCE, SELDOM = 8, 32

#: Bytes of a body from which what its columns were read with is not kept for the next.
HUGE = 2**20

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

#: What the decoder of rows takes in no name.
_ODD_IN_A_NAME = re.compile(r'["\\\x00-\x1f]')

#: How a body of columns begins.
_BY_COLUMN = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*"columns"')


class Regular:
    """Reads regular bodies for one release. For any thread."""

    def __init__(self, columns: Sequence[Column], expected: Collection[str]) -> None:
        """Know a release's columns, and the other fields that a row may have."""
        features = [column.name for column in columns]
        numeric = tuple(column.kind == "number" for column in columns)
        self._needed = len(features)
        self._names = [*features, *sorted(set(expected) - set(features))]
        self._decoder = _decoder(tuple(self._names), numeric)
        self._by_column = ByColumn(column.name for column in columns if column.kind == "number")
        self._misses = 0

    def read(self, content: bytes) -> Rows | None:
        """Return the rows by column, None for a body that is small or of another form."""
        if len(content) < LARGE or (self._misses >= PATIENCE and self._misses % SELDOM):
            self._misses += len(content) >= LARGE
            return None
        found = self._by_column.read(content) if _BY_COLUMN.match(content) else self._rows(content)
        self._misses = 0 if found else self._misses + 1
        return found

    def _rows(self, content: bytes) -> Rows | None:
        if self._decoder is None:
            return None
        try:
            rows = self._decoder.decode(content).rows
        except _UNREADABLE:
            return None
        return _turned(self._names, self._needed, rows)


class ByColumn:
    """Reads columns without looking into one; those that hold numbers alone become arrays. For any thread."""

    def __init__(self, numeric: Iterable[str]) -> None:
        """Know the columns of numbers."""
        self._numeric = frozenset(numeric)
        self._parsers: list[simdjson.Parser] = []

    def read(self, content: bytes) -> Rows | None:
        """Return the rows, None for what is not plainly columns of one length.

        A parser is used by one thread at a time, and again only when nothing is left of what it read.
        """
        if simdjson is None:
            return None
        try:
            parser = self._parsers.pop()
        except IndexError:
            parser = simdjson.Parser()
        try:
            found = self._columns(parser.parse(content), content)
        except (ValueError, RuntimeError):  # no JSON, too deep, or a number that no double holds
            return None
        if len(content) < HUGE:
            self._parsers.append(parser)
        return found

    def _columns(self, body: Any, content: bytes) -> Rows | None:
        """Return the columns of a body that holds them and nothing else."""
        columns = body["columns"]
        if len(body) != 1 or not isinstance(columns, simdjson.Object) or not _is_flat(content, len(columns)):
            return None
        names = list(columns)
        if len(set(names)) < len(names) or "\0" in "".join(names):  # which a look-up would cut off there
            return None
        found = {name: self._cells(name, columns[name]) for name in names}
        lengths = set(map(len, found.values()))
        is_usual = len(names) <= MAX_FIELDS and len(lengths) == 1 and 0 < max(lengths) <= MAX_ROWS
        return Rows(columns=found) if is_usual and not any(map(_is_long, found.values())) else None

    def _cells(self, name: str, cells: Any) -> Sequence[Cell] | np.ndarray:
        if not isinstance(cells, simdjson.Array):
            return ()
        if name in self._numeric:
            try:
                return np.frombuffer(cells.as_buffer(of_type="d"))
            except TypeError:  # there is something else among the numbers
                pass
        return cells.as_list()


def _is_flat(content: bytes, columns: int) -> bool:
    """Tell whether no cell is a list or an object; a bracket in a text is taken for one."""
    brackets = (np.frombuffer(content, dtype=np.uint8) & 0xDF) == ord("[")  # "{" is the same but for one bit
    return int(np.count_nonzero(brackets)) == columns + 2


def _is_long(cells: Sequence[Cell] | np.ndarray) -> bool:
    """Tell whether a column has a text that is too long; each different one is looked at once."""
    if isinstance(cells, np.ndarray):
        return False
    return any(isinstance(cell, str) and len(cell) > MAX_CELL for cell in set(cells))


def _turned(names: Sequence[str], needed: int, rows: Sequence[Any]) -> Rows | None:
    """Turn rows into columns, the first of which each row has; None when only some have one of the others."""
    cells = list(chain.from_iterable(map(msgspec.structs.astuple, rows)))
    columns = {name: cells[place :: len(names)] for place, name in enumerate(names)}
    for name in names[needed:]:
        absent = columns[name].count(msgspec.UNSET)
        if absent == len(rows):
            del columns[name]
        elif absent:
            return None
    return Rows(columns=columns) if rows and columns else None


@lru_cache(maxsize=8)
def _decoder(names: tuple[str, ...], numeric: tuple[bool, ...]) -> msgspec.json.Decoder[Any] | None:
    """Return a decoder of rows whose first columns are numbers or not, the others being optional.

    None where a name has a quote, a backslash or a control character in it.
    Releases of one contract share theirs: the types that are made for it are never quite let go.
    """
    if any(map(_ODD_IN_A_NAME.search, names)):
        return None
    kinds: list[Any] = [float | None if is_number else LimitedCell for is_number in numeric]
    rest: Any = (LimitedCell | msgspec.UnsetType, msgspec.UNSET)
    cells = [kinds[place : place + 1] or rest for place in range(len(names))]
    fields: Any = [(f"f{place}", *cell) for place, cell in enumerate(cells)]
    rename = {f"f{place}": name for place, name in enumerate(names)}
    each: Any = msgspec.defstruct("Row", fields, rename=rename, forbid_unknown_fields=True, gc=False)
    rows = Annotated[list[each], msgspec.Meta(max_length=MAX_ROWS)]
    return msgspec.json.Decoder(msgspec.defstruct("Body", [("rows", rows)], forbid_unknown_fields=True))
