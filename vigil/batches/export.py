"""The rows in quarantine as one CSV file, for a person to correct and to let arrive again."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from vigil.records import Batch, Contract
from vigil.storage import durable
from vigil.table import quarantine

#: What comes before a row's own cells. Names of this form are ignored when the file arrives again.
ABOUT = ("_vigil_file", "_vigil_line", "_vigil_faults")

_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9.,' ]*[0-9](?:[eE][+-]?[0-9]+)? ?%?")


def write(output: Path, batches: Sequence[Batch], contract: Contract, path: Path) -> int:
    """Write every row that is still in quarantine; return how many.

    A cell that a spreadsheet would run as a formula gets an apostrophe before it. Rows that could not
    be split into cells have their text in the faults.
    """
    rows = list(_rows(output / "quarantine", batches))
    known = [column.name for column in contract.columns]
    more = [name for _, cells in rows for name in cells if name]
    names = list(dict.fromkeys([*known, *more]))
    text = io.StringIO(newline="")
    # The default line end: with a bare line feed, a lone carriage return would not be quoted.
    writer = csv.writer(text)
    writer.writerow([*ABOUT, *map(harmless, names)])
    for about, cells in rows:
        writer.writerow([harmless(cell) for cell in (*about, *(cells.get(name) for name in names))])
    durable.write_atomic(path, text.getvalue().encode("utf-8", "backslashreplace"))
    return len(rows)


def harmless(cell: Any) -> str:
    """Return a cell's text, so that no spreadsheet runs it; numbers stay as they are."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _rows(folder: Path, batches: Sequence[Batch]) -> Iterator[tuple[tuple[str, int, str], dict[str, Any]]]:
    """Yield file, line and faults, and the cells, of each row that no version let in."""
    for batch in batches:
        held = quarantine.read(folder, batch.id) if batch.quarantined else quarantine.Held()
        faults: dict[int, list[str]] = {}
        for fault in held.faults:
            if fault.line not in held.released:
                faults.setdefault(fault.line, []).append(_words(fault.column, fault.value, fault.rule))
        for line, words in faults.items():
            yield (batch.name, line, "; ".join(words)), dict(held.cells.get(line, {}))


def _words(column: str, value: str, rule: str) -> str:
    """Say one fault; a row that could not be split shows its text."""
    return f"{column}: {rule}" if column else f"{rule}: {value}" if value else rule
