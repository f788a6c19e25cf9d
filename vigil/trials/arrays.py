"""Rows of the table as the plain arrays that a model takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vigil.arrow import pc
from vigil.records import Column, Contract

Arrays = dict[str, npt.NDArray[Any]]


def features(table: pa.Table, columns: Sequence[Column]) -> Arrays:
    """Return one array for each column, shape (rows,).

    Numbers and dates (seconds since 1970) are float64 with NaN for missing; categories and texts are
    objects with None for missing. A column that the table lacks is missing
    throughout.
    """
    return {column.name: _array(table, column) for column in columns}


def labels(
    table: pa.Table, contract: Contract, order: Sequence[str]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Return the target and which rows have one, both of shape (rows,).

    Classes are int64 places in ``order``; regression targets are float64. Rows without a label hold 0.
    """
    column = table.column(contract.target.name)
    known = pc.is_valid(column).to_numpy()
    if contract.task == "regression":
        return pc.fill_null(column, 0.0).to_numpy(), known
    codes = pc.index_in(column, value_set=pa.array(order, pa.string()))
    known &= pc.is_valid(codes).to_numpy()
    return pc.fill_null(codes, 0).to_numpy().astype(np.int64), known


def complete(table: pa.Table, columns: Sequence[Column]) -> pa.Table:
    """Return the table with every one of the columns; one that it lacks is missing throughout.

    A contract may name a column that no batch has brought yet.
    """
    for column in columns:
        if column.name not in table.column_names:
            table = table.append_column(column.name, pa.nulls(table.num_rows))
    return table


def _array(table: pa.Table, column: Column) -> npt.NDArray[Any]:
    numeric = column.kind in ("number", "date")
    if column.name not in table.column_names:
        return np.full(table.num_rows, np.nan if numeric else None, dtype=float if numeric else object)
    values = table.column(column.name)
    if column.kind == "date":
        values = pc.divide(pc.cast(pc.cast(values, pa.int64()), pa.float64()), 1e6)
    if numeric:
        numbers: npt.NDArray[Any] = pc.fill_null(pc.cast(values, pa.float64()), np.nan).to_numpy()
        return numbers
    return values.to_numpy(zero_copy_only=False).astype(object)
