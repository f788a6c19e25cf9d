"""Rows in the order they came, cut into the files that a replay lets arrive."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from vigil import intake
from vigil.errors import FileRefused, VigilError
from vigil.project import Project
from vigil.records import ORDER_COLUMN


def of_file(path: Path, *, target: str, first: int, size: int) -> Iterator[pa.Table]:
    """Yield the rows of a data file, cells as they stand in it: ``first`` rows, then ``size`` at a time.

    Raises FileRefused when the file cannot be read, or lacks the target.
    """
    rows = intake.read(path).columns
    if target not in rows.column_names:
        hint = f"Name the column to predict with --target. It has: {', '.join(rows.column_names)}."
        raise FileRefused(f"has no column {target!r}.", where=str(path), hint=hint)
    return _cut(rows, _bounds(rows.num_rows, first, size))


def of_project(project: Project, *, first: int = 0, size: int = 0) -> Iterator[pa.Table]:
    """Yield the rows that a project took in: batch by batch as they came, or cut anew by number.

    Reads the table and changes nothing. Raises ContractError when nothing was taken in yet.
    """
    names = [column.name for column in project.contract().kept]
    rows = project.table.rows(columns=[*names, ORDER_COLUMN])
    orders = rows.column(ORDER_COLUMN).to_numpy()
    rows = rows.select([name for name in names if name in rows.column_names])
    if size:
        return _cut(rows, _bounds(rows.num_rows, first, size))
    changes = np.flatnonzero(np.diff(orders)) + 1
    return _cut(rows, [0, *changes.tolist(), rows.num_rows])


def write(batches: Iterator[pa.Table], folder: Path) -> list[Path]:
    """Write each batch to a file, named so that they count in this order. Raises VigilError below two."""
    folder.mkdir(parents=True)
    files = []
    for number, batch in enumerate(batches, start=1):
        files.append(folder / f"batch-{number:05d}.parquet")
        pyarrow.parquet.write_table(batch, files[-1])
    if len(files) < 2:
        hint = "Take fewer rows for the first batch, or wait for more data."
        raise VigilError("a replay needs a batch to train on and one to score.", where="replay", hint=hint)
    return files


def _bounds(rows: int, first: int, size: int) -> list[int]:
    """Return where batches begin and end; the last one may be short."""
    return [0, *range(min(first, rows), rows, size), rows]


def _cut(rows: pa.Table, bounds: list[int]) -> Iterator[pa.Table]:
    return (rows.slice(a, b - a) for a, b in pairwise(bounds) if b > a)
