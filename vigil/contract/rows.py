"""A request's rows, typed as a file's would be, without Arrow: what the service needs per answer.

A cell that cannot be read becomes missing, with a warning; a request is never turned away for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from vigil.contract import cells
from vigil.errors import ServiceError
from vigil.records import Column

_ABSENT = object()
_NO_LEVELS: Mapping[str, Collection[str]] = {}


def read_rows(
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, Any]],
    known_levels: Mapping[str, Collection[str]] = _NO_LEVELS,
    expected: Collection[str] = (),
) -> tuple[dict[str, np.ndarray], list[list[str]]]:
    """Type rows given one by one; returns arrays of shape (rows,) by column, and warnings by row.

    Numbers and dates (seconds since 1970) come as float64 with NaN for missing, categories and text
    as objects with None. ``known_levels`` are the levels seen in training, by column. Fields that
    are no column are warned of, except those in ``expected``, such as a key or the target.
    """
    warnings: list[list[str]] = [[] for _ in rows]
    arrays = {}
    for column in columns:
        values = [row.get(column.name, _ABSENT) for row in rows]
        arrays[column.name] = _typed(column, values, known_levels.get(column.name), warnings)
    names = {column.name for column in columns}.union(expected)
    for row, said in zip(rows, warnings, strict=True):
        said.extend(_extra(name) for name in row if name not in names)
    return arrays, warnings


def read_columns(
    columns: Sequence[Column],
    data: Mapping[str, Sequence[Any]],
    known_levels: Mapping[str, Collection[str]] = _NO_LEVELS,
    expected: Collection[str] = (),
) -> tuple[dict[str, np.ndarray], list[list[str]]]:
    """Type rows given as columns; returns the same as ``read_rows``.

    Raises ServiceError when the columns differ in length.
    """
    lengths = {len(values) for values in data.values()}
    if len(lengths) > 1:
        raise ServiceError("The columns differ in length.", hint="Send one value per row in each.")
    count = lengths.pop() if lengths else 0
    warnings: list[list[str]] = [[] for _ in range(count)]
    arrays = {}
    for column in columns:
        values = data.get(column.name, [_ABSENT] * count)
        arrays[column.name] = _typed(column, values, known_levels.get(column.name), warnings)
    names = {column.name for column in columns}.union(expected)
    extra = [_extra(name) for name in data if name not in names]
    for said in warnings:
        said.extend(extra)
    return arrays, warnings


def _extra(name: str) -> str:
    """Say that a field was not used; its name comes from the client and is cut."""
    return f"{name[:50]!r} is not a column of the model and was ignored"


def _typed(
    column: Column, values: Sequence[Any], known: Collection[str] | None, warnings: list[list[str]]
) -> np.ndarray:
    """Type one column's cells, adding to the warnings of each row."""
    read = _READERS[column.kind]
    typed: list[Any] = []
    for value, said in zip(values, warnings, strict=True):
        cell, rule = read(None if value is _ABSENT else value)
        typed.append(cell)
        rule = rule or _remark(column, cell, known)
        if rule:
            said.append(f"{column.name!r} is {rule}")
    if column.kind in {"number", "date"}:
        return np.array(typed, dtype=np.float64)
    array = np.empty(len(typed), dtype=object)
    array[:] = typed
    return array


def _remark(column: Column, cell: Any, known: Collection[str] | None) -> str:
    """Say what is unusual about a cell that could be read: missing, out of range, unseen."""
    if cell is None or cell != cell:  # NaN alone differs from itself
        return "missing"
    if column.minimum is not None and column.kind == "number" and cell < column.minimum:
        return f"out of range: below minimum {column.minimum:g}"
    if column.maximum is not None and column.kind == "number" and cell > column.maximum:
        return f"out of range: above maximum {column.maximum:g}"
    if column.levels is not None and cell not in column.levels:
        return f"not one of the {len(column.levels)} allowed values"
    if known is not None and cell not in known:
        return "a level never seen in training"
    return ""


def _number(value: Any) -> tuple[float, str]:
    """Read a number; the service's JSON gives floats and integers as such."""
    if type(value) is float and math.isfinite(value):
        return value, ""
    if isinstance(value, list | dict):
        return math.nan, cells.NOT_A_NUMBER
    return cells.number(value)


def _moment(value: Any) -> tuple[float, str]:
    """Read a moment as seconds since 1970."""
    microseconds, rule = cells.moment(value)
    return cells.seconds(microseconds), rule


def _level(value: Any) -> tuple[str | None, str]:
    """Read a category's level."""
    return (None, "not a single value") if isinstance(value, list | dict) else (cells.level(value), "")


def _text(value: Any) -> tuple[str | None, str]:
    """Read a text."""
    return (None, "not a single value") if isinstance(value, list | dict) else (cells.text_of(value), "")


_READERS: dict[str, Callable[[Any], tuple[Any, str]]] = {
    "number": _number,
    "date": _moment,
    "category": _level,
    "text": _text,
}
