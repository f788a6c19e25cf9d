"""A request's rows, typed as a file's would be, without Arrow: what the service needs per answer.

A cell that cannot be read becomes missing, with a warning; a request is never turned away for it.
Columns whose cells are all written plainly are typed and checked as a whole; only the others are
looked at cell by cell.
"""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from vigil.contract import cells
from vigil.errors import ServiceError
from vigil.records import Column
from vigil.serving.coded import MOST, Cells, Coded

#: What is unusual about rows, by their place.
Warnings = dict[int, list[str]]

#: One column's cells as they came: any, or an array of float64 in a column of numbers, none of them infinite.
Given = Sequence[Any] | np.ndarray

_NO_LEVELS: Mapping[str, Collection[str]] = {}
#: Cells that become a number, or no value, without being looked at.
_PLAIN_NUMBERS = frozenset({float, int, bool, type(None)})
_MISSING = "missing"
_LARGEST = sys.float_info.max
#: What a cell is that can be told by being equal to another: one is true, but not written alike.
_TEXTS = frozenset({str, type(None)})


class RowReader:
    """Types requests' rows by a release's columns.

    ``known_levels`` are the levels seen in training, by column. Fields that are no column are warned
    of, except those in ``expected``, such as a key or the target.

    Numbers and dates (seconds since 1970) come as float64 with NaN for missing, text as objects with None,
    categories so or by their codes. Warnings come by the row's place, for those rows that have any: to make
    and to look through a list for each of many rows costs more than to type them.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        known_levels: Mapping[str, Collection[str]] = _NO_LEVELS,
        expected: Collection[str] = (),
    ) -> None:
        self._columns = [_ColumnReader(column, known_levels.get(column.name)) for column in columns]
        names = [column.name for column in columns]
        self._all_of = itemgetter(*names) if names else tuple
        self._accepted = frozenset(names).union(expected)
        numbers = [(place, column) for place, column in enumerate(columns) if column.kind == "number"]
        self._numeric = [place for place, _ in numbers]
        self._glances = [column.glance() for column in self._columns]
        limits = np.array([_limits(column) for _, column in numbers], dtype=np.float64)
        self._range = limits.reshape(-1, 2).T[:, :, None]

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Cells], Warnings]:
        """Type rows given one by one; return arrays of shape (rows,) by column, and warnings by row."""
        warnings: Warnings = {}
        cells, is_whole = self._by_column(rows)
        arrays = self._typed(cells, warnings)
        if not (is_whole and max(map(len, rows)) == len(self._columns)):
            for place, row in enumerate(rows):
                if not row.keys() <= self._accepted:
                    warnings.setdefault(place, []).extend(self._extra(row))
        return arrays, warnings

    def _typed(self, cells: Sequence[Given], warnings: Warnings) -> dict[str, Cells]:
        """Type each column's cells; columns of numbers without anything unusual are judged all at once."""
        usual = self._usual_numbers(cells)
        return {
            column.name: usual[place] if place in usual else column.read(values, warnings)
            for place, (column, values) in enumerate(zip(self._columns, cells, strict=True))
        }

    def _usual_numbers(self, cells: Sequence[Given]) -> dict[int, np.ndarray]:
        """Return the columns of numbers, by place, when no cell is missing, unreadable or out of range."""
        numeric, count = self._numeric, len(cells[0]) if cells else 0
        found = np.empty((len(numeric), count))
        try:
            for row, place in zip(found, numeric, strict=True):
                given = cells[place]
                if isinstance(given, np.ndarray):
                    row[:] = given
                else:  # three times as fast as numpy's own way
                    struct.pack_into(f"{count}d", row.data, 0, *given)
        except (OverflowError, struct.error):
            return {}
        low, high = self._range
        if not ((found >= low).all() and (found <= high).all()):  # which no NaN is, nor an infinity
            return {}
        return dict(zip(numeric, found, strict=True))

    def _by_column(self, rows: Sequence[Mapping[str, Any]]) -> tuple[Sequence[Sequence[Any]], bool]:
        """Return each column's cells, and whether every row has every column: then it is done at once."""
        if len(self._columns) > 1 and rows:
            try:
                return list(zip(*map(self._all_of, rows), strict=True)), True
            except KeyError:
                pass
        return [[row.get(column.name) for row in rows] for column in self._columns], False

    def columns(self, data: Mapping[str, Given]) -> tuple[dict[str, Cells], Warnings]:
        """Type rows given as columns; return the same as ``rows``.

        Raises ServiceError when the columns differ in length.
        """
        lengths = {len(values) for values in data.values()}
        if len(lengths) > 1:
            raise ServiceError("The columns differ in length.", hint="Send one value per row in each.")
        count = lengths.pop() if lengths else 0
        warnings: Warnings = {}
        absent = [None] * count
        arrays = self._typed([data.get(column.name, absent) for column in self._columns], warnings)
        extra = self._extra(data)
        for place in range(count) if extra else ():
            warnings.setdefault(place, []).extend(extra)
        return arrays, warnings

    def one(self, row: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Type one row as plain values, with NaN or None for missing; return it and its warnings."""
        typed = {}
        said = []
        for name, low, high, usual, read in self._glances:
            cell: Any = row.get(name)
            kind = cell.__class__
            if kind is str and cell in usual:
                typed[name] = cell
                continue
            if (kind is float or kind is int) and low <= cell <= high:
                typed[name] = float(cell)
                continue
            typed[name], rule = read(cell)
            if rule:
                said.append(f"{name!r} is {rule}")
        if not row.keys() <= self._accepted:
            said += self._extra(row)
        return typed, said

    def _extra(self, names: Collection[str]) -> list[str]:
        """Say which fields were not used; their names come from the client and are cut."""
        strangers = [name for name in names if name not in self._accepted]
        return [f"{name[:50]!r} is not a column of the model and was ignored" for name in strangers]


class _ColumnReader:
    """Types one column's cells, and says what is unusual about them."""

    def __init__(self, column: Column, known: Collection[str] | None) -> None:
        self.name = column.name
        self._column = column
        self._known = known
        self._numeric = column.kind in {"number", "date"}
        self._read = _READERS[column.kind]
        self._usual = _usual(column, known)
        self._levels: tuple[str | None, ...] = tuple(sorted(self._usual)) if len(self._usual) <= MOST else ()
        self._codes = {level: code for code, level in enumerate(self._levels)}

    def glance(self) -> tuple[str, float, float, Collection[str], Callable[[Any], tuple[Any, str]]]:
        """Return the column's name, which numbers and texts are usual at a glance, and what reads others."""
        low, high = math.inf, -math.inf
        if self._column.kind == "number":
            low, high = _limits(self._column)
        return self.name, low, high, self._usual, self.read_one

    def read(self, values: Given, warnings: Warnings) -> Cells:
        """Type many cells, adding to the warnings of each row."""
        if isinstance(values, np.ndarray):
            self._remark_numbers(values, warnings)
            return values
        if self._column.kind == "number":
            numbers = _plain_numbers(values)
            if numbers is not None:
                self._remark_numbers(numbers, warnings)
                return numbers
        coded = self._by_code(values, warnings) if self._codes and len(values) > 1 else None
        return self._by_cell(values, warnings) if coded is None else coded

    def _by_code(self, values: Sequence[Any], warnings: Warnings) -> Coded | None:
        """Look at each level once; None where the cells are not all texts or missing, or differ too much."""
        try:
            codes = bytes(itemgetter(*values)(self._codes))  # one call for all of them
        except (KeyError, TypeError):  # an unusual level, or a list, which is none
            return self._by_level(values, warnings)
        return Coded(self._levels, np.frombuffer(codes, dtype=np.uint8))

    def _by_level(self, values: Sequence[Any], warnings: Warnings) -> Coded | None:
        """Do the same with unusual levels among them, adding to the warnings of the rows that have one."""
        if not set(map(type, values)) <= _TEXTS:
            return None
        levels = list(dict.fromkeys(values))
        if len(levels) > MOST:
            return None
        read = [self.read_one(level) for level in levels]
        said = {
            level: f"{self.name!r} is {rule}" for level, (_, rule) in zip(levels, read, strict=True) if rule
        }
        for place, value in enumerate(values):
            if value in said:
                warnings.setdefault(place, []).append(said[value])
        codes = bytes(map({level: code for code, level in enumerate(levels)}.__getitem__, values))
        return Coded([cell for cell, _ in read], np.frombuffer(codes, dtype=np.uint8))

    def read_one(self, value: Any) -> tuple[Any, str]:
        """Type one cell; return it and what is unusual about it, nothing when nothing is."""
        if value.__class__ is str and value in self._usual:
            return value, ""
        cell, rule = self._read(value)
        return cell, rule or self._remark(cell)

    def _by_cell(self, values: Sequence[Any], warnings: Warnings) -> np.ndarray:
        """Look at each cell."""
        typed = list(values)
        for place, value in enumerate(typed):
            typed[place], rule = self.read_one(value)
            if rule:
                warnings.setdefault(place, []).append(f"{self.name!r} is {rule}")
        if self._numeric:
            return np.array(typed, dtype=np.float64)
        texts = np.empty(len(typed), dtype=object)
        texts[:] = typed
        return texts

    def _remark_numbers(self, numbers: np.ndarray, warnings: Warnings) -> None:
        """Say which of many numbers are missing or out of range."""
        column = self._column
        odd = np.isnan(numbers)
        if column.minimum is not None:
            odd |= numbers < column.minimum
        if column.maximum is not None:
            odd |= numbers > column.maximum
        if odd.any():
            for place in odd.nonzero()[0].tolist():
                warnings.setdefault(place, []).append(f"{self.name!r} is {self._remark(numbers[place])}")

    def _remark(self, cell: Any) -> str:
        """Say what is unusual about a cell that could be read: missing, out of range, unseen."""
        column = self._column
        if cell is None or cell != cell:  # NaN alone differs from itself
            return _MISSING
        if column.kind == "number":
            return _range(column, cell)
        if column.levels is not None and cell not in column.levels:
            return f"not one of the {len(column.levels)} allowed values"
        if self._known is not None and cell not in self._known:
            return "a level never seen in training"
        return ""


def _usual(column: Column, known: Collection[str] | None) -> frozenset[str]:
    """Return the levels that are canonical and unremarkable: seen in training, and allowed."""
    if column.kind != "category" or known is None:
        return frozenset()
    return frozenset(known) if column.levels is None else frozenset(known).intersection(column.levels)


def _plain_numbers(values: Sequence[Any]) -> np.ndarray | None:
    """Return cells that are finite numbers or nothing as float64, None when one of them is not."""
    try:
        cells = _doubles(values)
    except OverflowError:
        return None
    return None if cells is None or np.isinf(cells).any() else cells


def _doubles(values: Sequence[Any]) -> np.ndarray | None:
    """Return numbers as float64, the way without gaps first; raises OverflowError for a huge integer."""
    try:
        return np.frombuffer(
            struct.pack(f"{len(values)}d", *values)
        )  # three times as fast as numpy's own way
    except struct.error:
        return np.array(values, dtype=np.float64) if set(map(type, values)) <= _PLAIN_NUMBERS else None


def _limits(column: Column) -> tuple[float, float]:
    """Return the smallest and the largest number that is not out of range, and finite."""
    low, high = column.minimum, column.maximum
    return -_LARGEST if low is None else low, _LARGEST if high is None else high


def _range(column: Column, cell: float) -> str:
    """Say on which side a number is out of range."""
    if column.minimum is not None and cell < column.minimum:
        return f"out of range: below minimum {column.minimum:g}"
    if column.maximum is not None and cell > column.maximum:
        return f"out of range: above maximum {column.maximum:g}"
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
    if isinstance(value, list | dict):
        return math.nan, "not a single value"
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
