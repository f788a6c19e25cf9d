"""Slices: the rows that share a value of a column that somebody asked to look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vigil.arrow import pc

#: Rows below which a slice is not looked at by itself.
ENOUGH = 50

#: Slices of one column that are looked at, the largest.
MOST = 20


def masks(
    table: pa.Table, columns: Sequence[str], *, least: int = ENOUGH, most: int | None = MOST
) -> dict[str, npt.NDArray[np.bool_]]:
    """Return which rows are in each slice, by "column = value", largest first.

    A column with more values than can be slices gives its most frequent ones; one that is missing none.
    """
    found: dict[str, npt.NDArray[np.bool_]] = {}
    for column in columns:
        if column not in table.column_names:
            continue
        values = pc.cast(table.column(column), pa.string())
        counted = [(pair["counts"], pair["values"]) for pair in pc.value_counts(values).to_pylist()]
        for count, value in sorted(counted, key=lambda pair: (-pair[0], str(pair[1])))[:most]:
            if count >= least and value is not None:
                found[f"{column} = {value}"] = masked(table, f"{column} = {value}")
    return found


def masked(table: pa.Table, name: str) -> npt.NDArray[np.bool_]:
    """Return which rows are in the slice of this name; none where its column is missing."""
    column, _, value = name.partition(" = ")
    if column not in table.column_names:
        return np.zeros(table.num_rows, dtype=bool)
    inside = pc.equal(pc.cast(table.column(column), pa.string()), value)
    rows: npt.NDArray[np.bool_] = pc.fill_null(inside, False).to_numpy().astype(bool)
    return rows
