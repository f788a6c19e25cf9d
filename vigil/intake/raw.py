"""What every reader returns: cells as they stood in the file, and where each row stood."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from vigil.errors import FileRefused
from vigil.records import RowFault

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text file is written: ``newline`` is the first line end found in it."""

    encoding: str
    delimiter: str
    newline: str


@dataclass(frozen=True, slots=True)
class RawTable:
    """One file's rows before any check.

    ``columns`` holds text cells exactly as written (a CSV file) or typed ones (Parquet).
    ``lines``, int64 of shape (rows,), is the physical line of each row; a CSV file's header stands
    on line 1, and row k of a Parquet file counts as line k + 1. Rows that could not be split into
    cells are left out of ``columns`` and stand in ``faults``; ``total_rows`` counts them too.
    ``name`` is the file's, fit to be shown. ``decimal`` is the sign that was found for the file before,
    empty when it is still to be guessed. Where these are not all of the file's rows, ``guesses`` has by
    column what all of its cells say: its decimal sign, or what comes first in a date.
    """

    columns: pa.Table
    lines: np.ndarray
    faults: tuple[RowFault, ...]
    total_rows: int
    dialect: Dialect | None
    notes: tuple[str, ...]
    name: str = ""
    decimal: str = ""
    guesses: Mapping[str, str] = field(default_factory=dict)

    @property
    def written_as(self) -> str:
        """How the file is written, in words."""
        if self.dialect is None:
            return "Parquet"
        sign = {"\t": "tabs"}.get(self.dialect.delimiter, repr(self.dialect.delimiter))
        ends = {"\n": "LF", "\r\n": "CR LF", "\r": "CR"}[self.dialect.newline]
        return f"{self.dialect.encoding}, {sign} between cells, {ends} line ends"


class Blocks(Protocol):
    """A file's rows some at a time, from the beginning, as often as they are asked for.

    The blocks put together are what the file is when it is read whole. To go through all of them raises
    FileRefused where to read the file whole would.
    """

    def __iter__(self) -> Iterator[RawTable]:
        """Yield the blocks in their order."""
        ...


def listed(cells: Any) -> list[Any]:
    """Return cells as Python's own values; a column with moments that Python knows no date for, as text."""
    try:
        found: list[Any] = cells.to_pylist()
    except (OverflowError, ValueError):
        found = cells.cast("string").to_pylist()
    return found


def shown(path: Path) -> str:
    """Return a file's name for people: bytes that are not UTF-8 and control characters replaced."""
    name = os.fsencode(path.name).decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "�" for letter in name)


def headers(names: list[str], where: str) -> tuple[list[str], tuple[str, ...]]:
    """Strip the padding of header cells, with a note; raises FileRefused when two are the same."""
    stripped = [name.strip() for name in names]
    padded = [name for name, before in zip(stripped, names, strict=True) if name != before]
    first: dict[str, int] = {}
    for position, name in enumerate(stripped, start=1):
        if name in first:
            label = f"the column name {name!r} stands" if name else "a column without a name stands"
            what = f"{label} at positions {first[name]} and {position}."
            raise FileRefused(what, where=where, hint="Give each column its own name.")
        first[name] = position
    notes = (f"Spaces around column names were dropped: {', '.join(padded)}.",) if padded else ()
    return stripped, notes
