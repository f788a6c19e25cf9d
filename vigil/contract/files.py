"""The contract on disk: ``contract.json`` for people to edit, ``contracts/v0001.json`` … for the record."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from vigil.contract.parsing import OF_FILES, SETTINGS, parsed
from vigil.errors import ContractError
from vigil.records import Column, Contract, FileRule
from vigil.storage import durable

FILE = "contract.json"
VERSIONS = "contracts"
_COPY = re.compile(r"v\d+\.json")


def save(contract: Contract, folder: Path) -> None:
    """Write the contract and its version copy; the copy first, so that no version is ever lost."""
    text = _written(contract)
    durable.write_atomic(folder / VERSIONS / f"v{contract.version:04d}.json", text.encode())
    durable.write_atomic(folder / FILE, text.encode())


def load(folder: Path) -> Contract | None:
    """Return the newest version, None when there is none yet; edits wait for ``refresh``.

    Raises ContractError when the file cannot be used.
    """
    newest = _newest(folder)
    if newest is not None:
        return _read(newest)
    path = folder / FILE
    return _read(path) if path.exists() else None


def refresh(folder: Path) -> tuple[Contract, list[str]]:
    """Take in a person's edits as a new version; returns the contract and what changed, in words.

    A contract that a person put in place before there was any becomes version 1. Raises ContractError
    with everything wrong in the edited file, or when there is no contract.
    """
    current = load(folder)
    if current is None:
        raise ContractError("There is no contract yet.", where=str(folder / FILE))
    edited = pending(folder)
    if edited is not None:
        save(edited[0], folder)
        return edited
    if not (folder / FILE).exists():
        save(current, folder)
    return current, []


def withdrawn(folder: Path) -> bool:
    """Say whether a person has deleted the contract, of which versions are still kept."""
    return not (folder / FILE).exists() and _newest(folder) is not None


def forget(folder: Path) -> None:
    """Delete the kept versions, the oldest last: as long as one is there, this is done again."""
    for path in sorted(_copies(folder), key=_number, reverse=True):
        durable.remove(path)


def pending(folder: Path) -> tuple[Contract, list[str]] | None:
    """Return the version that a person's edits will become and what changes; None without edits.

    Raises ContractError with everything wrong in the edited file.
    """
    path, newest = folder / FILE, _newest(folder)
    if not path.exists():
        return None
    edited = _read(path)
    if newest is None:
        return replace(edited, version=1), ["was put in place by a person"]
    current = _read(newest)
    changed = diff(current, edited)
    return (replace(edited, version=current.version + 1), changed) if changed else None


def history(folder: Path) -> list[tuple[int, list[str]]]:
    """Return every version in order, each with what it changed; nothing for the first."""
    known = [_read(path) for path in sorted(_copies(folder), key=_number)]
    changes = [diff(before, after) for before, after in itertools.pairwise(known)]
    return [(one.version, words) for one, words in zip(known, [[], *changes], strict=True)]


def diff(before: Contract, after: Contract) -> list[str]:
    """Say in words what differs between two contracts, their versions aside."""
    words = []
    for name in ("task", "positive", "classes", *OF_FILES):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            words.append(f"{name}: {_shown(old)} → {_shown(new)}")
    olds = {column.name: column for column in before.columns}
    news = {column.name: column for column in after.columns}
    words += [f"column {name!r} removed" for name in olds if name not in news]
    words += [f"column {name!r} added" for name in news if name not in olds]
    for name in olds.keys() & news.keys():
        words += _column_diff(olds[name], news[name])
    shared = [name for name in olds if name in news]
    if shared != [name for name in news if name in olds]:
        words.append("the order of the columns")
    return sorted(words)


def _column_diff(old: Column, new: Column) -> list[str]:
    """Say what differs between two states of one column."""
    changes = []
    for name in ("kind", *SETTINGS):
        before, after = getattr(old, name), getattr(new, name)
        is_listed_above = name == "levels" and old.role == new.role == "target"
        if before != after and not is_listed_above:
            changes.append(f"column {old.name!r}: {name} {_shown(before)} → {_shown(after)}")
    return changes


def _shown(value: Any) -> str:
    """Write a setting for people."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value)) or "none"
    if isinstance(value, FileRule):
        return json.dumps(_of_file(value), ensure_ascii=False)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _written(contract: Contract) -> str:
    """Write a contract, one column per line, settings at their defaults left out."""
    head: dict[str, Any] = {"version": contract.version, "task": contract.task}
    if contract.task != "regression":
        head |= {"classes": list(contract.classes)}
    if contract.task == "binary":
        head |= {"positive": contract.positive}
    head |= {name: getattr(contract, name) for name in ("encoding", "delimiter") if getattr(contract, name)}
    head |= {"rules": list(contract.rules)} if contract.rules else {}
    head |= {"files": [_of_file(rule) for rule in contract.files]} if contract.files else {}
    lines = [f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}," for key, value in head.items()]
    columns = [f"    {json.dumps(_plain(column), ensure_ascii=False)}" for column in contract.columns]
    listed = ",\n".join(columns)
    return "\n".join(["{", *lines, '  "columns": [', listed, "  ]", "}"]) + "\n"


def _plain(column: Column) -> dict[str, Any]:
    """Return a column as JSON values. The target's levels are the classes, written once above."""
    plain: dict[str, Any] = {"name": column.name, "kind": column.kind, "role": column.role}
    for name, default in SETTINGS.items():
        value = getattr(column, name)
        if value != default and name != "role" and not (name == "levels" and column.role == "target"):
            plain[name] = list(value) if isinstance(value, tuple) else value
    return plain


def _of_file(rule: FileRule) -> dict[str, Any]:
    """Return a rule about whole files as JSON values, what it leaves open left out."""
    values = {field.name: getattr(rule, field.name) for field in fields(FileRule)}
    return {name: value for name, value in values.items() if value not in (None, "")}


def _copies(folder: Path) -> list[Path]:
    """Return the copies of all versions."""
    try:
        return [path for path in (folder / VERSIONS).iterdir() if _COPY.fullmatch(path.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _number(path: Path) -> int:
    """Return the version that a copy is of."""
    return int(path.stem[1:])


def _newest(folder: Path) -> Path | None:
    """Return the copy with the highest version number."""
    return max(_copies(folder), key=_number, default=None)


def _read(path: Path) -> Contract:
    """Read and validate a contract; raises ContractError with all its faults."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError("cannot be read.", where=str(path)) from error
    return _validated(text, str(path))


@lru_cache(8)
def _validated(text: str, where: str) -> Contract:
    """Return what a contract's text says; the same text is asked for with every file."""
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        what = f"is not JSON: {error.msg} on line {error.lineno}."
        raise ContractError(what, where=where) from error
    contract, faults = parsed(raw)
    if contract is None or faults:
        listed = "".join(f"\n  {fault}" for fault in faults)
        raise ContractError(f"cannot be used:{listed}", where=where)
    return contract
