"""The contract on disk: ``contract.json`` for people to edit, ``contracts/v0001.json`` … for the record."""

from __future__ import annotations

import json
import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

from vigil.contract.cells import level
from vigil.errors import ContractError
from vigil.records import Column, Contract, Kind, Role, Task

FILE = "contract.json"
VERSIONS = "contracts"

_SETTINGS = {field.name: field.default for field in fields(Column) if field.name not in {"name", "kind"}}
_KEYS = {"version", "task", "classes", "positive", "columns"}
_LIMITS = ("minimum", "maximum")


def save(contract: Contract, folder: Path) -> None:
    """Write the contract and its version copy; the copy first, so that no version is ever lost."""
    text = _written(contract)
    _replace(folder / VERSIONS / f"v{contract.version:04d}.json", text)
    _replace(folder / FILE, text)


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

    Raises ContractError with everything wrong in the edited file, or when there is no contract.
    """
    current = load(folder)
    if current is None:
        raise ContractError("There is no contract yet.", where=str(folder / FILE))
    path = folder / FILE
    if not path.exists():
        save(current, folder)
        return current, []
    edited = _read(path)
    changed = diff(current, edited)
    if not changed:
        return current, []
    accepted = replace(edited, version=current.version + 1)
    save(accepted, folder)
    return accepted, changed


def diff(before: Contract, after: Contract) -> list[str]:
    """Say in words what differs between two contracts, their versions aside."""
    words = []
    for name in ("task", "positive", "classes"):
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
    for name in ("kind", *_SETTINGS):
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
    return (
        ", ".join(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else value
    )


def _written(contract: Contract) -> str:
    """Write a contract, one column per line, settings at their defaults left out."""
    head: dict[str, Any] = {"version": contract.version, "task": contract.task}
    if contract.task != "regression":
        head |= {"classes": list(contract.classes)}
    if contract.task == "binary":
        head |= {"positive": contract.positive}
    lines = [f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}," for key, value in head.items()]
    columns = [f"    {json.dumps(_plain(column), ensure_ascii=False)}" for column in contract.columns]
    listed = ",\n".join(columns)
    return "\n".join(["{", *lines, '  "columns": [', listed, "  ]", "}"]) + "\n"


def _plain(column: Column) -> dict[str, Any]:
    """Return a column as JSON values. The target's levels are the classes, written once above."""
    plain: dict[str, Any] = {"name": column.name, "kind": column.kind, "role": column.role}
    for name, default in _SETTINGS.items():
        value = getattr(column, name)
        if value != default and name != "role" and not (name == "levels" and column.role == "target"):
            plain[name] = list(value) if isinstance(value, tuple) else value
    return plain


def _newest(folder: Path) -> Path | None:
    """Return the copy with the highest version number."""
    copies = [path for path in (folder / VERSIONS).glob("v*.json") if path.stem[1:].isdigit()]
    return max(copies, key=lambda path: int(path.stem[1:]), default=None)


def _read(path: Path) -> Contract:
    """Read and validate a contract; raises ContractError with all its faults."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        what = f"is not JSON: {error.msg} on line {error.lineno}."
        raise ContractError(what, where=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError("cannot be read.", where=str(path)) from error
    contract, faults = _parsed(raw)
    if contract is None or faults:
        listed = "".join(f"\n  {fault}" for fault in faults)
        raise ContractError(f"cannot be used:{listed}", where=str(path))
    return contract


def _parsed(raw: Any) -> tuple[Contract | None, list[str]]:
    """Build a contract from JSON values; returns it, or what is wrong."""
    if not isinstance(raw, dict) or not isinstance(raw.get("columns"), list):
        return None, ['it must hold one object with a list "columns".']
    faults = [f"{key!r} is not a setting of a contract." for key in sorted(raw.keys() - _KEYS)]
    if raw.get("task") not in get_args(Task):
        faults.append(f"task must be one of {', '.join(get_args(Task))}.")
    classes, positive = raw.get("classes", []), raw.get("positive", "")
    if not _are_words(classes):
        faults.append("classes must be a list of strings.")
        classes = []
    for number, column in enumerate(raw["columns"], start=1):
        faults += _column_faults(column, f"column {number}")
    if faults:
        return None, faults
    classes = tuple(sorted(classes))
    columns = tuple(
        _column(column, classes if raw["task"] != "regression" else None) for column in raw["columns"]
    )
    contract = Contract(_version(raw), raw["task"], columns, classes, positive)
    return contract, _contradictions(contract)


def _version(raw: dict[str, Any]) -> int:
    """Return the version written in the file; ``refresh`` counts by itself."""
    version = raw.get("version")
    return version if isinstance(version, int) and version > 0 else 1


def _are_words(value: Any) -> bool:
    """Say whether a value is a list of strings."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _column_faults(column: Any, where: str) -> list[str]:
    """Return what is wrong with one column by itself."""
    if not isinstance(column, dict) or not isinstance(column.get("name"), str) or not column["name"]:
        return [f"{where} needs a name."]
    where = f"column {column['name']!r}"
    faults = [
        f"{where}: {key!r} is not a setting." for key in column.keys() - _SETTINGS.keys() - {"name", "kind"}
    ]
    if column["name"].startswith("_vigil_"):
        faults.append(f"{where}: names that begin with _vigil_ are taken.")
    for key, allowed in (("kind", get_args(Kind)), ("role", get_args(Role))):
        if column.get(key, "feature" if key == "role" else None) not in allowed:
            faults.append(f"{where}: {key} must be one of {', '.join(allowed)}.")
    faults += [f"{where}: {key} must be true or false." for key in ("nullable", "required")
               if not isinstance(column.get(key, True), bool)]  # fmt: skip
    return faults + _limit_faults(column, where) + _level_faults(column, where)


def _limit_faults(column: dict[str, Any], where: str) -> list[str]:
    """Return what is wrong with the smallest and largest value."""
    given = {key: column[key] for key in _LIMITS if column.get(key) is not None}
    if not given:
        return []
    if column.get("kind") != "number":
        return [f"{where}: only a number has {' and '.join(given)}."]
    wrong = [
        key for key, value in given.items() if isinstance(value, bool) or not isinstance(value, int | float)
    ]
    if wrong:
        return [f"{where}: {key} must be a number." for key in wrong]
    if len(given) == 2 and given["minimum"] > given["maximum"]:
        return [f"{where}: minimum is above maximum."]
    return []


def _level_faults(column: dict[str, Any], where: str) -> list[str]:
    """Return what is wrong with a closed list of levels."""
    levels = column.get("levels")
    if levels is None:
        return []
    if column.get("kind") not in {"category", "text"} or column.get("role") == "target":
        return [f"{where}: only a category that is not the target has levels (the target: classes)."]
    if not _are_words(levels) or not levels:
        return [f"{where}: levels must be a list of strings."]
    return [f"{where}: level {name!r} is never read so; write {level(name)!r}." for name in levels
            if column.get("kind") == "category" and level(name) != name]  # fmt: skip


def _column(raw: dict[str, Any], classes: tuple[str, ...] | None) -> Column:
    """Build a column that has no fault."""
    settings = {key: raw.get(key, default) for key, default in _SETTINGS.items()}
    for key in _LIMITS:
        settings[key] = None if settings[key] is None else float(settings[key])
    if settings["role"] == "target":
        settings["levels"] = classes
    elif settings["levels"] is not None:
        settings["levels"] = tuple(settings["levels"])
    return Column(name=raw["name"], kind=raw["kind"], **settings)


def _contradictions(contract: Contract) -> list[str]:
    """Return what is wrong between columns, task and classes."""
    names = [column.name for column in contract.columns]
    faults = [f"column {name!r} stands twice." for name in sorted({n for n in names if names.count(n) > 1})]
    targets = contract.by_role("target")
    if len(targets) != 1:
        return [*faults, f"one column must have the role target; {len(targets)} have."]
    if len(contract.by_role("time")) > 1:
        faults.append("at most one column may have the role time.")
    if not contract.features:
        faults.append("at least one column must have the role feature.")
    wanted: Kind = "number" if contract.task == "regression" else "category"
    if targets[0].kind != wanted:
        faults.append(f"the target of a {contract.task} task must be a {wanted}.")
    return faults + _class_faults(contract)


def _class_faults(contract: Contract) -> list[str]:
    """Return what is wrong with the classes of the task."""
    if contract.task == "regression":
        return ["a regression has no classes and no positive class."] if contract.classes else []
    faults = [f"class {name!r} is never read so; write {level(name)!r}." for name in contract.classes
              if level(name) != name]  # fmt: skip
    count = len(contract.classes)
    if len(set(contract.classes)) != count:
        faults.append("classes must differ.")
    if contract.task == "binary" and count != 2:
        faults.append(f"a binary task has two classes, not {count}.")
    if contract.task == "multiclass" and count < 2:
        faults.append("a multiclass task has at least two classes.")
    if contract.task == "binary" and contract.positive not in contract.classes:
        faults.append(f"positive must be one of the classes: {', '.join(contract.classes)}.")
    return faults


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all: aside, synced, renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
