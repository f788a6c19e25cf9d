"""Whom an outcome is about: a row of a request, or a key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vigil.contract import cells
from vigil.contract.rows import RowReader
from vigil.records import Column

if TYPE_CHECKING:
    import pyarrow as pa


def of_request(request: str, row: int) -> str:
    """Return what stands for one row of one request."""
    return f"request {request} {row}"


def of_key(given: Mapping[str, Any], key: Sequence[Column]) -> str | None:
    """Return what stands for a key as a client writes it; None when a part is missing or unreadable."""
    read, _ = RowReader(key).one(given)
    return _of_parts([_moment(read[c.name]) if c.kind == "date" else read[c.name] for c in key])


def of_keys(rows: pa.Table, key: Sequence[Column]) -> list[str | None]:
    """Return what stands for each row's key, typed as the contract says; None where a part is missing."""
    if not key:
        return [None] * rows.num_rows
    columns = [rows.column(column.name).to_pylist() for column in key]
    return [_of_parts(parts) for parts in zip(*columns, strict=True)]


def _of_parts(parts: Sequence[Any]) -> str | None:
    texts = [part.isoformat() if isinstance(part, datetime) else cells.text_of(part) for part in parts]
    return None if None in texts else f"key {json.dumps(texts, ensure_ascii=False)}"


def _moment(seconds: float) -> datetime | None:
    """Return what a table has for the seconds that a request is typed as."""
    return None if seconds != seconds else datetime.fromtimestamp(seconds, UTC)
