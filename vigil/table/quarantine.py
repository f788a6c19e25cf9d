"""The quarantine: one file of JSON lines per batch, one line per faulty cell, for people and programs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from vigil.errors import TableError
from vigil.records import RowFault
from vigil.table.durable import write_atomic


def write(root: Path, batch_id: str, file_name: str, faults: Sequence[RowFault]) -> Path:
    """Write why rows of a batch were left out, replacing what was there, and return the path.

    Each line names the batch, the file, the physical line in it, the column, the value as it stood
    and the rule. Raises TableError when it cannot be written.
    """
    path = _path(root, batch_id)
    lines = [json.dumps(_entry(batch_id, file_name, fault)) + "\n" for fault in faults]
    try:
        write_atomic(path, "".join(lines).encode("ascii"))
    except OSError as error:
        raise TableError(f"the quarantine cannot be written ({error.strerror}).", where=str(path)) from error
    return path


def read(root: Path, batch_id: str) -> tuple[RowFault, ...]:
    """Return why rows of a batch were left out; nothing when none were, or the batch is unknown.

    Raises TableError when the file cannot be read.
    """
    path = _path(root, batch_id)
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        return tuple(_fault(json.loads(line)) for line in lines)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "Move it away; it is written anew when its file is judged again."
        raise TableError(f"the quarantine cannot be read ({error}).", where=str(path), hint=hint) from error


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
