"""The quarantine: one file of JSON lines per batch, one line per faulty cell, for people and programs.

The first line of each row has its cells as they stood, so that the row can be judged again without its
file. A row that a later contract let in stays, marked with that version.
"""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from vigil.errors import TableError
from vigil.records import RowFault
from vigil.storage.durable import place, sync


@dataclass(frozen=True, slots=True)
class Held:
    """The rows of one batch in quarantine.

    ``faults`` say why, by line. ``cells`` has the cells of each row that could be split, by line and
    column. ``contract`` is the version that they were judged by last, ``decimal`` the decimal sign of
    their file. ``released`` has the version that let a row in, by line.
    """

    faults: tuple[RowFault, ...] = ()
    cells: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    contract: int = 0
    decimal: str = ""
    released: Mapping[int, int] = field(default_factory=dict)


def write(root: Path, batch_id: str, file_name: str, held: Held) -> Path:
    """Write which rows of a batch were left out and why, replacing what was there; return the path.

    Each line names the batch, the file, the physical line in it, the column, the value as it stood
    and the rule. Raises TableError when it cannot be written.
    """
    writer = Writer(root, batch_id, file_name)
    try:
        writer.add(held)
        return writer.place()
    finally:
        writer.discard()


class Writer:
    """Writes what `write` does part by part: nothing is there until it is placed."""

    def __init__(self, root: Path, batch_id: str, file_name: str) -> None:
        self._path = _path(root, batch_id)
        self._aside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        self._batch = batch_id
        self._name = file_name
        self._file: IO[str] | None = None

    def add(self, held: Held) -> None:
        """Write the rows of a part of the batch; raises TableError when they cannot be written."""
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._aside.open("w", encoding="ascii")
            self._file.writelines(_lines(self._batch, self._name, held))
        except OSError as error:
            raise _unwritten(self._path, error) from error

    def place(self) -> Path:
        """Put what was written in the place of what was there; return the path."""
        if self._file is not None:
            try:
                self._file.close()
                sync(self._aside)
                place(self._aside, self._path)
            except OSError as error:
                raise _unwritten(self._path, error) from error
        return self._path

    def discard(self) -> None:
        """Delete what was not placed."""
        if self._file is not None:
            self._file.close()
            self._aside.unlink(missing_ok=True)


def _lines(batch_id: str, file_name: str, held: Held) -> Iterator[str]:
    """Yield a line for each fault, the first of a row with its cells."""
    told: set[int] = set()
    for fault in held.faults:
        entry = _entry(batch_id, file_name, fault) | {"contract": held.contract, "decimal": held.decimal}
        if fault.line in held.released:
            entry["released"] = held.released[fault.line]
        if fault.line not in told and fault.line in held.cells:
            entry["cells"] = held.cells[fault.line]
        told.add(fault.line)
        yield json.dumps(entry) + "\n"


def _unwritten(path: Path, error: OSError) -> TableError:
    return TableError(f"the quarantine cannot be written ({error.strerror}).", where=str(path))


def read(root: Path, batch_id: str) -> Held:
    """Return the rows of a batch that were left out; none when the batch is unknown.

    Raises TableError when the file cannot be read.
    """
    path = _path(root, batch_id)
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        return _held([json.loads(line) for line in lines])
    except FileNotFoundError:
        return Held()
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "Move it away; it is written anew when its file is judged again."
        raise TableError(f"the quarantine cannot be read ({error}).", where=str(path), hint=hint) from error


def page(root: Path, batch_id: str, *, after: int, limit: int) -> list[dict[str, Any]]:
    """Return a few lines of a batch's file as they were written, passing over the first ``after``.

    No more is read than asked for. Raises TableError when the file cannot be read.
    """
    path = _path(root, batch_id)
    try:
        with path.open(encoding="ascii") as lines:
            return [json.loads(line) for line in itertools.islice(lines, after, after + limit)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise TableError(f"the quarantine cannot be read ({error}).", where=str(path)) from error


def _held(entries: Sequence[dict[str, Any]]) -> Held:
    """Put the lines of a file together."""
    last = entries[-1] if entries else {}
    return Held(
        faults=tuple(_fault(entry) for entry in entries),
        cells={int(entry["line"]): entry["cells"] for entry in entries if "cells" in entry},
        contract=int(last.get("contract", 0)),
        decimal=str(last.get("decimal", "")),
        released={int(entry["line"]): int(entry["released"]) for entry in entries if "released" in entry},
    )


def _path(root: Path, batch_id: str) -> Path:
    """Return a batch's file; an id that is no plain name is refused, since it may come from outside."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", batch_id):
        raise TableError(f"{batch_id!r} is not a batch id.")
    return Path(root) / f"{batch_id}.jsonl"


def _entry(batch_id: str, file_name: str, fault: RowFault) -> dict[str, object]:
    """Return one line's content."""
    return {
        "batch": batch_id,
        "file": file_name,
        "line": fault.line,
        "column": fault.column,
        "value": fault.value,
        "rule": fault.rule,
    }


def _fault(entry: dict[str, object]) -> RowFault:
    """Return the fault that a line tells of."""
    return RowFault(
        line=int(str(entry["line"])),
        column=str(entry["column"]),
        value=str(entry["value"]),
        rule=str(entry["rule"]),
    )
