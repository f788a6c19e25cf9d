"""Large JSON bodies of the usual form, read straight into columns; others are left to ``vigil.web.bodies``.

A decoder that knows a release's columns needs a third of the time of one that takes any row. It reads what
leaves no doubt: each row has every column, a column of numbers holds numbers or nothing, and there is no
field that nobody expects.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import chain
from typing import Annotated, Any

import msgspec

from vigil.records import Column
from vigil.web.bodies import MAX_ROWS, LimitedCell, Rows

#: Bytes from which a body is worth a second try when the first one fails.
LARGE = 8_192

#: After so many bodies in a row that were of another form, only one in ``SELDOM`` is tried.
PATIENCE, SELDOM = 8, 32

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Regular:
    """Reads regular bodies for one release."""

    def __init__(self, columns: Sequence[Column], expected: Collection[str]) -> None:
        """Know a release's columns, and the other fields that a row may have."""
        features = [column.name for column in columns]
        self._needed = len(features)
        self._names = [*features, *sorted(set(expected) - set(features))]
        self._decoder = _decoder(tuple(self._names), tuple(column.kind == "number" for column in columns))
        self._misses = 0

    def read(self, content: bytes) -> Rows | None:
        """Return the rows by column, None for a body that is small or of another form."""
        if len(content) < LARGE or (self._misses >= PATIENCE and self._misses % SELDOM):
            self._misses += len(content) >= LARGE
            return None
        try:
            found = self._columns(self._decoder.decode(content))
        except _UNREADABLE:
            found = None
        self._misses = 0 if found else self._misses + 1
        return found

    def _columns(self, body: Any) -> Rows | None:
        if (body.rows is msgspec.UNSET) == (body.columns is msgspec.UNSET):
            return None
        if body.rows is msgspec.UNSET:
            cells: Sequence[Sequence[Any]] = msgspec.structs.astuple(body.columns)
            columns = {n: c for n, c in zip(self._names, cells, strict=True) if c is not msgspec.UNSET}
            lengths = set(map(len, columns.values()))
            return Rows(columns=columns) if len(lengths) == 1 and lengths != {0} else None
        return _turned(self._names, self._needed, body.rows)


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
def _decoder(names: tuple[str, ...], numeric: tuple[bool, ...]) -> msgspec.json.Decoder[Any]:
    """Return a decoder of bodies whose first columns are numbers or not, the others being optional.

    Releases of one contract share theirs: the types that are made for it are never quite let go.
    """
    kinds: list[Any] = [float | None if is_number else LimitedCell for is_number in numeric]
    rename = {f"f{place}": name for place, name in enumerate(names)}
    row: list[Any] = []
    column: list[Any] = []
    for place, _ in enumerate(names):
        kind = kinds[place] if place < len(kinds) else LimitedCell
        many = Annotated[list[kind], msgspec.Meta(max_length=MAX_ROWS)]  # type: ignore[valid-type]
        if place < len(kinds):
            row.append((f"f{place}", kind))
            column.append((f"f{place}", many))
        else:
            row.append((f"f{place}", kind | msgspec.UnsetType, msgspec.UNSET))
            column.append((f"f{place}", many | msgspec.UnsetType, msgspec.UNSET))
    made: dict[str, Any] = {"rename": rename, "forbid_unknown_fields": True, "gc": False}
    each: Any = msgspec.defstruct("Row", row, **made)
    rows = Annotated[list[each], msgspec.Meta(max_length=MAX_ROWS)]
    columns = msgspec.defstruct("Columns", column, **made)
    body = msgspec.defstruct(
        "Body",
        [
            ("rows", rows | msgspec.UnsetType, msgspec.UNSET),
            ("columns", columns | msgspec.UnsetType, msgspec.UNSET),
        ],
        forbid_unknown_fields=True,
    )
    return msgspec.json.Decoder(body)
