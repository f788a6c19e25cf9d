"""The rows in a request's body: JSON rows, JSON columns, or CSV, each within limits, gzip or not."""

from __future__ import annotations

import csv
import io
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, NoReturn

import msgspec
import numpy as np

from vigil.web.errors import Refusal

#: What one request may hold.
MAX_ROWS = 10_000
MAX_FIELDS = 1_000
MAX_CELL = 10_000

#: zlib's number for a gzip header and nothing else.
_GZIP = 16 + zlib.MAX_WBITS

#: The two forms of a JSON body.
_FORMS = 'Send {"rows": [{"COLUMN": VALUE}]} or {"columns": {"COLUMN": [VALUE]}}.'
#: What to do about a body that says it is compressed.
_PACK = "Compress it whole with gzip, or leave out the header Content-Encoding."

Cell = str | int | float | bool | None | list[Any] | dict[str, Any]

#: A list or an object is no cell, but it costs its own row a warning and not all rows their answers.
LimitedCell = (
    Annotated[str, msgspec.Meta(max_length=MAX_CELL)] | int | float | bool | None | list[Any] | dict[str, Any]
)
_Row = Annotated[dict[str, LimitedCell], msgspec.Meta(max_length=MAX_FIELDS)]
_Cells = Annotated[list[LimitedCell], msgspec.Meta(max_length=MAX_ROWS)]


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    """What JSON may hold: one of the two."""

    rows: Annotated[list[_Row], msgspec.Meta(max_length=MAX_ROWS)] | msgspec.UnsetType = msgspec.UNSET
    columns: Annotated[dict[str, _Cells], msgspec.Meta(max_length=MAX_FIELDS)] | msgspec.UnsetType = (
        msgspec.UNSET
    )


_JSON = msgspec.json.Decoder(_Body)


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body as it came, within the limit of its size."""

    content: bytes
    content_type: str
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """A request's rows: given one by one, or by column; the other is None.

    A column whose cells are all numbers may be an array, float64 of shape (n,).
    """

    rows: list[dict[str, Cell]] | None = None
    columns: Mapping[str, Sequence[Cell] | np.ndarray] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many rows there are."""
        if self.rows is not None:
            return len(self.rows)
        return len(next(iter(self.columns.values()), ()))

    def at(self, places: Sequence[int]) -> Rows:
        """Return the rows at some places."""
        if self.rows is not None:
            return Rows(rows=[self.rows[place] for place in places])
        return Rows(columns={name: [cells[i] for i in places] for name, cells in self.columns.items()})

    def each(self) -> list[dict[str, Cell]]:
        """Return the rows one by one."""
        if self.rows is not None:
            return self.rows
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*self.columns.values(), strict=True)]

    def fields(self, names: Sequence[str]) -> dict[str, Sequence[Cell]]:
        """Return those of some fields that any row has, one cell for each row."""
        if self.rows is None:
            given = {name: self.columns[name] for name in names if name in self.columns}
            return {
                n: cells.tolist() if isinstance(cells, np.ndarray) else cells for n, cells in given.items()
            }
        present = [name for name in names if any(name in row for row in self.rows)]
        return {name: [row.get(name) for row in self.rows] for name in present}


def received(environ: dict[str, Any], limit: int) -> Body:
    """Take a request's body from the server.

    Raises Refusal: 413 when it holds more than `limit` bytes, 400 when it does not come whole.
    """
    length = environ.get("CONTENT_LENGTH")
    if not length:  # in chunks, whose end the server knows; else there is no body
        content = _taken(environ, limit + 1) if environ.get("wsgi.input_terminated") else b""
    elif not (length.isascii() and length.isdigit()) or int(length) > limit:
        _too_large()
    else:
        content = _taken(environ, int(length))
    if len(content) > limit:
        _too_large()
    return Body(content, environ.get("CONTENT_TYPE", ""), environ.get("HTTP_CONTENT_ENCODING", ""))


def _taken(environ: dict[str, Any], most: int) -> bytes:
    """Read a body; a server says by an OSError that its chunks are none, or that it does not come whole."""
    try:
        content: bytes = environ["wsgi.input"].read(most)
    except OSError:
        hint = "Send it with its length, or in chunks as HTTP has them."
        raise Refusal(400, "bad-request", "The body is malformed, or did not come whole.", hint) from None
    return content


def read(body: Body, limit: int, regular: Callable[[bytes], Rows | None] | None = None) -> Rows:
    """Return a request's rows; `limit` is for the bytes of a body that comes compressed.

    ``regular`` may read the usual form of JSON in its own way, and returns None for any other.

    Raises Refusal: 413 for too large a body, 415 for another content type or encoding, 400 for what is
    not JSON or not UTF-8, 422 for what is no set of rows or beyond the limits.
    """
    kind = body.content_type.partition(";")[0].strip().lower()
    content = body.content if not body.encoding else _unpacked(body, limit)
    if kind == "application/json":
        return (regular(content) if regular else None) or _read_json(content)
    if kind == "text/csv":
        return _read_csv(_text(content))
    raise Refusal(
        415, "wrong-content-type", "This content type is not read here.", "Send application/json or text/csv."
    )


def _too_large() -> NoReturn:
    hint = "Send fewer rows, or raise server.max_body_mb."
    raise Refusal(413, "too-large", "The body is too large.", hint)


def _unpacked(body: Body, limit: int) -> bytes:
    """Return a gzipped body's content; never more than the limit is unpacked."""
    encoding = body.encoding.strip().lower()
    if encoding == "identity":
        return body.content
    if encoding not in {"gzip", "x-gzip"}:
        raise Refusal(415, "wrong-encoding", "This content encoding is not read here.", "Send gzip, or none.")
    machine = zlib.decompressobj(_GZIP)
    try:
        content = machine.decompress(body.content, limit + 1)
    except zlib.error:
        raise Refusal(400, "not-gzip", "The body is not gzip.", _PACK) from None
    if len(content) > limit:
        _too_large()
    if not machine.eof or machine.unused_data:
        raise Refusal(400, "not-gzip", "The body is not one whole gzip stream.", _PACK)
    return content


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        hint = "Write the file in UTF-8, or use a client that encodes it."
        raise Refusal(400, "not-utf8", "The body is not UTF-8 text.", hint) from None


def _read_json(content: bytes) -> Rows:
    """Read ``{"rows": [{…}]}`` or ``{"columns": {"a": […]}}``."""
    try:
        body = _JSON.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except msgspec.ValidationError as error:
        _unusable(f"The body does not hold rows: {_plainly(error)}.", _FORMS)
    except RecursionError:
        _unusable("The body is nested too deeply.")
    except (msgspec.DecodeError, UnicodeDecodeError):
        _text(content)
        raise Refusal(400, "not-json", "The body is not JSON.", _json_hint(content)) from None
    if (body.rows is msgspec.UNSET) == (body.columns is msgspec.UNSET):
        _unusable("The body must hold either rows or columns.", _FORMS)
    if not isinstance(body.rows, msgspec.UnsetType):
        return Rows(rows=body.rows)
    assert not isinstance(body.columns, msgspec.UnsetType)  # noqa: S101  (one of the two is there)
    lengths = {name: len(cells) for name, cells in body.columns.items()}
    if len(set(lengths.values())) > 1:
        said = " and ".join(f"{name!r} {lengths[name]}" for name in _extremes(lengths))
        _unusable(f"The columns differ in length: {said}.", "Send one value per row in each.")
    return Rows(columns=body.columns)


def _extremes(lengths: Mapping[str, int]) -> tuple[str, str]:
    """Return the names of the shortest and the longest column."""
    return min(lengths, key=lengths.__getitem__), max(lengths, key=lengths.__getitem__)


def _json_hint(content: bytes) -> str:
    """Say what to do about a body that is not JSON: what is empty, or has what only some call a number."""
    if not content.strip():
        return f"It is empty. {_FORMS}"
    if _NO_NUMBER.search(content):
        return "JSON has neither NaN nor Infinity: send null for a missing value."
    return "Look for a comma too many, single quotes, or a bracket that is not closed."


#: What some programs write for a number and JSON does not know, outside of quotes.
_NO_NUMBER = re.compile(rb"[:,\[]\s*-?(?:nan|inf(?:inity)?)\b", re.IGNORECASE)


def _plainly(error: msgspec.ValidationError) -> str:
    """Say what does not fit and where, without the notation of types."""
    return str(error).replace("`", "").replace(" | ", ", ")


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
    if len(header) > MAX_FIELDS:
        _unusable(f"The first line has more than {MAX_FIELDS} fields.")
    if len(set(header)) < len(header):
        _unusable("The first line names a column twice.")


def _csv_rows(lines: Any, width: int) -> Iterator[list[str]]:
    """Yield the rows, blank lines left out."""
    for count, cells in enumerate((cells for cells in lines if cells), start=1):
        if len(cells) != width:
            _unusable(f"Line {lines.line_num} has {len(cells)} fields; the first line has {width}.")
        if count > MAX_ROWS:
            _unusable(f"There are more than {MAX_ROWS} rows.", "Send them in several requests.")
        if max(map(len, cells)) > MAX_CELL:
            _unusable(f"Line {lines.line_num} holds a text of more than {MAX_CELL} characters.")
        yield cells


def _unusable(what: str, hint: str = "GET /openapi.json describes the body.") -> NoReturn:
    raise Refusal(422, "unusable-body", what, hint)
