"""From the service's segments to a table of predictions, exactly once.

The table's log carries each segment's name, and a segment is deleted after the commit: one that a
kill left behind is found in the log and deleted by the next tick.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from vigil.arrow import pc
from vigil.contract.rows import RowReader
from vigil.predictions import record, segments
from vigil.predictions.record import Dropped, Record
from vigil.records import BATCH_COLUMN, HASH_COLUMN, LINE_COLUMN, ORDER_COLUMN, Column, Contract
from vigil.table.store import Table

REQUEST, ROW, AT = "_vigil_request", "_vigil_row", "_vigil_at"
RELEASE, ROLE, CLIENT = "_vigil_release", "_vigil_role", "_vigil_client"
LABEL, VALUE, PROBABILITY = "_vigil_label", "_vigil_value", "_vigil_probability"
FEATURES = "_vigil_features"

#: Segments of one commit.
_AT_ONCE = 32
_MOMENT = pa.timestamp("us", tz="UTC")


def table(output: Path) -> Table:
    """Return the table of predictions."""
    return Table(output / "predictions" / "table")


def folder(output: Path) -> Path:
    """Return where the service leaves its segments."""
    return output / "predictions" / "segments"


def collect(output: Path, contract: Contract, classes: Sequence[str]) -> tuple[int, int]:
    """Move every closed segment into the table; return the rows moved, and the rows that were dropped.

    ``classes`` are the labels by code, empty for regression.
    """
    into, moved, lost = table(output), 0, 0
    found = segments.closed(folder(output))
    for start in range(0, len(found), _AT_ONCE):
        part = [path for path in found[start : start + _AT_ONCE] if not into.has(path.stem)]
        stored = [[record.decoded(content) for content in segments.records(path)] for path in part]
        lost += sum(item.rows for items in stored for item in items if isinstance(item, Dropped))
        parts = []
        for path, items in zip(part, stored, strict=True):
            answers = [item for item in items if isinstance(item, Record)]
            parts += [_rows(item, contract, classes, path.stem) for item in answers]
        if part:
            rows = pa.concat_tables(parts, promote_options="default") if parts else _none()
            moved += rows.num_rows
            into.append(_numbered(rows, into.last_order() + 1), [path.stem for path in part])
        for path in found[start : start + _AT_ONCE]:
            path.unlink()
    return moved, lost


def forget(output: Path, before: datetime) -> int:
    """Delete the predictions of commits that were all answered before a moment; return how many rows."""
    kept = table(output)
    if not kept.exists():
        return 0
    old = 0
    for order in range(kept.first_order(), kept.last_order() + 1):
        newest = pc.max(kept.rows(since=order, through=order, columns=[AT]).column(AT)).as_py()
        if newest is not None and newest >= before:
            break
        old = order
    return kept.forget(through=old) if old else 0


def _rows(item: Record, contract: Contract, classes: Sequence[str], segment: str) -> pa.Table:
    """Return one answer's rows, its columns in the contract's types."""
    count = len(item.rows)
    kinds = {column.name: column for column in contract.columns}
    moments = pa.repeat(pa.scalar(round(item.at * 1e6), pa.int64()), count).cast(_MOMENT)
    absent: list[Any] = [None] * count
    labels = [classes[code] for code in item.outcome] if classes else absent
    columns: dict[str, Any] = {
        BATCH_COLUMN: pa.repeat(segment, count),
        REQUEST: pa.repeat(item.request, count),
        ROW: pa.array(item.rows, pa.int64()),
        AT: moments,
        RELEASE: pa.repeat(item.release, count),
        ROLE: pa.repeat(item.role, count),
        CLIENT: pa.repeat(item.client, count),
        LABEL: pa.array(labels, pa.string()),
        VALUE: pa.array(absent if classes else item.outcome, pa.float64()),
        PROBABILITY: pa.array(item.probability or absent, pa.float64()),
        FEATURES: pa.array([digest.hex() for digest in item.features] or absent, pa.string()),
    }
    for name, stored in item.columns.items():
        if name in kinds:
            columns[name] = _typed(kinds[name], record.cells(stored))
    given = [kinds[name] for name in item.given if name in kinds]
    read, _ = RowReader(given).columns({column.name: item.given[column.name] for column in given})
    columns |= {column.name: _typed(column, read[column.name].tolist()) for column in given}
    return pa.table(columns)


def _typed(column: Column, values: Sequence[Any]) -> Any:
    """Return cells as the service types them (moments as seconds) in the table's types."""
    if column.kind == "number":
        return pa.array(values, pa.float64(), from_pandas=True)
    if column.kind == "date":
        seconds = np.array(values, dtype=np.float64)
        whole = np.where(np.isnan(seconds), 0, np.round(seconds * 1e6)).astype(np.int64)
        return pa.array(whole, mask=np.isnan(seconds)).cast(_MOMENT)
    return pa.array(values, pa.string())


def _numbered(rows: pa.Table, order: int) -> pa.Table:
    """Add the columns that every table of ours has; the line counts the rows of one commit."""
    count = rows.num_rows
    return (
        rows.append_column(ORDER_COLUMN, pa.repeat(pa.scalar(order, pa.int64()), count))
        .append_column(LINE_COLUMN, pa.array(np.arange(count), pa.int64()))
        .append_column(HASH_COLUMN, pa.array([bytes(16)] * count, pa.binary(16)))
    )


def _none() -> pa.Table:
    """Return no rows, for segments that hold none."""
    return pa.table({BATCH_COLUMN: pa.array([], pa.string())})
