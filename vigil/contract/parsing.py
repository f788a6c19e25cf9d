"""A contract from JSON values, with everything that is wrong in them."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any, get_args

from vigil.contract import rules
from vigil.contract.cells import level
from vigil.records import Column, Contract, FileRule, Kind, Role, Task

SETTINGS = {field.name: field.default for field in fields(Column) if field.name not in {"name", "kind"}}
OF_FILES = ("encoding", "delimiter", "rules", "files")
_KEYS = {"version", "task", "classes", "positive", "columns", *OF_FILES}
_LIMITS = ("minimum", "maximum")
_FILE_RULE = {field.name for field in fields(FileRule)}
#: Settings of a column that are one of two words, and the kind of column that has them.
_CHOICES: dict[str, tuple[str, tuple[str, ...]]] = {
    "decimal": ("number", (".", ",")),
    "date_order": ("date", ("day", "month")),
}


def parsed(raw: Any) -> tuple[Contract | None, list[str]]:
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
    faults += _reading_faults(raw) + _file_rule_faults(raw.get("files", []))
    if faults:
        return None, faults
    classes = tuple(sorted(classes))
    columns = tuple(
        _column(column, classes if raw["task"] != "regression" else None) for column in raw["columns"]
    )
    contract = Contract(
        version=_version(raw),
        task=raw["task"],
        columns=columns,
        classes=classes,
        positive=positive,
        encoding=raw.get("encoding", ""),
        delimiter=raw.get("delimiter", ""),
        rules=tuple(raw.get("rules", [])),
        files=tuple(FileRule(**_as_floats(rule)) for rule in raw.get("files", [])),
    )
    return contract, _contradictions(contract)


def _reading_faults(raw: dict[str, Any]) -> list[str]:
    """Return what is wrong with how text files are to be read, and with the form of the rules."""
    faults = []
    if not _is_encoding(raw.get("encoding", "")):
        faults.append("encoding must be the name of one, such as utf-8, latin-1, cp1252 or utf-16.")
    sign = raw.get("delimiter", "")
    if not isinstance(sign, str) or len(sign) > 1 or sign in {'"', "\r", "\n"} or not sign.isascii():
        faults.append("delimiter must be one sign, such as ;")
    if not _are_words(raw.get("rules", [])):
        faults.append("rules must be a list of strings, such as 'begun <= ended'.")
    return faults


def _is_encoding(name: Any) -> bool:
    """Say whether text can be decoded by this name."""
    try:
        "".encode(name or "utf-8")
    except (LookupError, ValueError, TypeError):
        return False
    return True


def _file_rule_faults(listed: Any) -> list[str]:
    """Return what is wrong with the rules about whole files, each by itself."""
    if not isinstance(listed, list) or not all(isinstance(rule, dict) for rule in listed):
        return ["files must be a list of objects."]
    faults = []
    for place, rule in enumerate(listed, start=1):
        where = f"files {place}"
        faults += [f"{where}: {key!r} is not a setting." for key in sorted(rule.keys() - _FILE_RULE)]
        if rule.get("check") not in {"rows", "share", "divergence"}:
            faults.append(f"{where}: check must be rows, share or divergence.")
        faults += [
            f"{where}: {key} must be a string."
            for key in ("column", "level")
            if not isinstance(rule.get(key, ""), str)
        ]
        limits = [rule.get(key) for key in _LIMITS]
        if any(isinstance(v, bool) or not isinstance(v, int | float | None) for v in limits):
            faults.append(f"{where}: minimum and maximum must be numbers.")
        elif limits == [None, None]:
            faults.append(f"{where}: minimum or maximum is needed.")
    return faults


def _as_floats(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a rule's values with its limits as floats."""
    return {
        key: float(value) if key in _LIMITS and value is not None else value for key, value in rule.items()
    }


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
        f"{where}: {key!r} is not a setting." for key in column.keys() - SETTINGS.keys() - {"name", "kind"}
    ]
    if column["name"].startswith("_vigil_"):
        faults.append(f"{where}: names that begin with _vigil_ are taken.")
    for key, allowed in (("kind", get_args(Kind)), ("role", get_args(Role))):
        if column.get(key, "feature" if key == "role" else None) not in allowed:
            faults.append(f"{where}: {key} must be one of {', '.join(allowed)}.")
    faults += [f"{where}: {key} must be true or false." for key in ("nullable", "required")
               if not isinstance(column.get(key, True), bool)]  # fmt: skip
    return [
        *faults,
        *_limit_faults(column, where),
        *_level_faults(column, where),
        *_text_faults(column, where),
    ]


def _text_faults(column: dict[str, Any], where: str) -> list[str]:
    """Return what is wrong with a pattern, and with how cells are to be read."""
    unique = column.get("unique", False)
    known = isinstance(unique, bool) or unique == "file"
    faults = [] if known else [f'{where}: unique must be true, "file" or false.']
    for key, (kind, allowed) in _CHOICES.items():
        value = column.get(key)
        if value is not None and (column.get("kind") != kind or value not in allowed):
            faults.append(f"{where}: only a {kind} has {key}, one of {' and '.join(map(repr, allowed))}.")
    if column.get("on_fault", "quarantine") not in ("quarantine", "refuse"):
        faults.append(f"{where}: on_fault must be quarantine or refuse.")
    pattern = column.get("pattern")
    if pattern is None:
        return faults
    if column.get("kind") not in {"category", "text"} or not isinstance(pattern, str):
        return [*faults, f"{where}: only a category or text has a pattern, a string."]
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        faults.append(f"{where}: the pattern is not a regular expression ({error}).")
    return faults


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
    settings = {key: raw.get(key, default) for key, default in SETTINGS.items()}
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
    faults += _case_faults(contract)
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
    return faults + _class_faults(contract) + _rule_faults(contract)


def _case_faults(contract: Contract) -> list[str]:
    """Return the names that the table cannot tell apart."""
    names = {column.name for column in contract.columns if column.role != "ignored"}
    by_lower: dict[str, list[str]] = {}
    for name in sorted(names):
        by_lower.setdefault(name.lower(), []).append(name)
    return [
        f"columns {' and '.join(map(repr, alike))} differ only by case: the table cannot hold both."
        for alike in by_lower.values()
        if len(alike) > 1
    ]


def _rule_faults(contract: Contract) -> list[str]:
    """Return what is wrong with rules between columns and about whole files, given the columns."""
    faults = []
    for text in contract.rules:
        try:
            rules.parsed(text, contract.columns)
        except ValueError as error:
            faults.append(f"rule {text!r}: {error}.")
    kinds = {column.name: column.kind for column in contract.kept}
    for place, rule in enumerate(contract.files, start=1):
        if rule.check != "rows" and rule.column not in kinds:
            faults.append(f"files {place}: {rule.column!r} is not a column that is kept.")
        elif rule.level is not None and kinds.get(rule.column) != "category":
            faults.append(f"files {place}: only a category has levels.")
        elif rule.check == "divergence" and kinds[rule.column] == "text":
            faults.append(f"files {place}: a text has no divergence.")
    return faults


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
