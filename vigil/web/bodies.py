"""The rows in a request's body: JSON rows, JSON columns, or CSV, each within limits."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from flask import Request

from vigil.web.errors import Refusal

#: What one request may hold.
MAX_ROWS = 10_000
MAX_FIELDS = 1_000
MAX_CELL = 10_000

Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Rows:
    """A request's rows: given one by one, or by column; the other is None."""

    rows: list[dict[str, Cell]] | None = None
    columns: dict[str, list[Cell]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many rows there are."""
        if self.rows is not None:
            return len(self.rows)
        return len(next(iter(self.columns.values()), ()))


def read(request: Request) -> Rows:
    """Return a request's rows.

    Raises Refusal: 413 for too large a body, 415 for another content type, 400 for what is not JSON
    or not UTF-8, 422 for what is no set of rows or beyond the limits.
    """
    readers = {"application/json": _read_json, "text/csv": _read_csv}
    reader = readers.get(request.mimetype)
    if reader is None:
        hint = "Send application/json or text/csv."
        raise Refusal(415, "wrong-content-type", "This content type is not read here.", hint)
    rows = reader(_text(request.get_data(cache=False)))
    if rows.count > MAX_ROWS:
        _unusable(f"There are more than {MAX_ROWS} rows.", "Send them in several requests.")
    return rows


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(400, "not-utf8", "The body is not UTF-8 text.") from None


def _read_json(text: str) -> Rows:
    """Read ``{"rows": [{…}]}`` or ``{"columns": {"a": […]}}``."""
    body = _parsed(text)
    if not isinstance(body, dict) or len(body) != 1 or not body.keys() <= {"rows", "columns"}:
        _unusable('The body must be {"rows": [{…}]} or {"columns": {"name": […]}}.')
    if "rows" in body:
        return Rows(rows=_checked_rows(body["rows"]))
    return Rows(columns=_checked_columns(body["columns"]))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        _unusable("The body is nested too deeply.")
    except ValueError:
        raise Refusal(400, "not-json", "The body is not JSON.") from None


def _no_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise ValueError(name)


def _checked_rows(rows: Any) -> list[dict[str, Cell]]:
    if not isinstance(rows, list):
        _unusable('"rows" must be a list of objects.')
    if len(rows) > MAX_ROWS:
        _unusable(f"There are more than {MAX_ROWS} rows.", "Send them in several requests.")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            _unusable(f"Row {number} is not an object.")
        _check_width(len(row), f"Row {number}")
        for cell in row.values():
            _check_cell(cell, f"Row {number}")
    return rows


def _checked_columns(columns: Any) -> dict[str, list[Cell]]:
    if not isinstance(columns, dict) or not all(isinstance(cells, list) for cells in columns.values()):
        _unusable('"columns" must be an object of lists.')
    _check_width(len(columns), "The body")
    if len({len(cells) for cells in columns.values()}) > 1:
        _unusable("The columns differ in length.", "Send one value per row in each.")
    for place, cells in enumerate(columns.values(), start=1):
        for cell in cells:
            _check_cell(cell, f"Column {place}")
    return columns


def _check_width(fields: int, where: str) -> None:
    if fields > MAX_FIELDS:
        _unusable(f"{where} has more than {MAX_FIELDS} fields.")


def _check_cell(cell: Any, where: str) -> None:
    if isinstance(cell, list | dict):
        _unusable(f"{where} holds a list or object where a single value is meant.")
    if isinstance(cell, str) and len(cell) > MAX_CELL:
        _unusable(f"{where} holds a text of more than {MAX_CELL} characters.")


def _read_csv(text: str) -> Rows:
    """Read comma-separated text whose first line names the columns."""
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(lines, [])]
        _check_header(header)
        cells = list(_csv_rows(lines, len(header)))
    except csv.Error as error:
        _unusable(f"Line {lines.line_num} is not CSV: {error}.")
    columns = zip(*cells, strict=True) if cells else ([] for _ in header)
    return Rows(columns={name: list(column) for name, column in zip(header, columns, strict=True)})


def _check_header(header: list[str]) -> None:
    if not any(header):
        _unusable("The first line must name the columns.")
    _check_width(len(header), "The first line")
    if len(set(header)) < len(header):
        _unusable("The first line names a column twice.")


def _csv_rows(lines: Any, width: int) -> Iterator[list[str]]:
    """Yield the rows, blank lines left out."""
    for count, cells in enumerate((cells for cells in lines if cells), start=1):
        if len(cells) != width:
            _unusable(f"Line {lines.line_num} has {len(cells)} fields; the first line has {width}.")
        if count > MAX_ROWS:
            _unusable(f"There are more than {MAX_ROWS} rows.", "Send them in several requests.")
        for cell in cells:
            _check_cell(cell, f"Line {lines.line_num}")
        yield cells


def _unusable(what: str, hint: str = "GET /openapi.json describes the body.") -> NoReturn:
    raise Refusal(422, "unusable-body", what, hint)
