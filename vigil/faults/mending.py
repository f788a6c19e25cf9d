"""Repairs that several faults share: change some cells of a table's column, keep its type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

Mask = npt.NDArray[np.bool_]


def with_column(rows: pa.Table, name: str, cells: Any) -> pa.Table:
    """Return the rows with one column replaced, in the type that it had."""
    place = rows.column_names.index(name)
    return rows.set_column(place, rows.schema.field(name), cells.cast(rows.schema.field(name).type))


def numbers_of(rows: pa.Table, name: str) -> npt.NDArray[np.float64]:
    """Return a column of numbers as an array of its own; NaN is missing."""
    import pyarrow as pa

    cells: Any = rows.column(name)
    found: npt.NDArray[np.float64] = cells.cast(pa.float64()).to_numpy(zero_copy_only=False).copy()
    return found


def with_numbers(rows: pa.Table, name: str, values: npt.NDArray[np.float64]) -> pa.Table:
    """Return the rows with a column of numbers replaced; NaN becomes missing."""
    import pyarrow as pa

    return with_column(rows, name, pa.chunked_array([pa.array(values, pa.float64(), from_pandas=True)]))


def with_levels(rows: pa.Table, name: str, renamed: Mapping[str, str | None]) -> pa.Table:
    """Return the rows with the levels of a column renamed; None makes a cell missing."""
    import pyarrow as pa

    cells = [
        renamed.get(cell, cell) if isinstance(cell, str) else cell for cell in rows.column(name).to_pylist()
    ]
    return with_column(rows, name, pa.chunked_array([pa.array(cells, pa.string())]))


def exchanged(rows: pa.Table, source: Mapping[str, str | None], mask: Mask) -> pa.Table:
    """Return the rows in which, where ``mask`` holds, a column has the cells of its source, or none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    made = rows
    for name, origin in source.items():
        mine: Any = rows.column(name)
        other: Any = pa.nulls(rows.num_rows, mine.type) if origin is None else rows.column(origin)
        if isinstance(other, pa.ChunkedArray):
            other = other.combine_chunks()
        cells = pc.if_else(pa.array(mask), other.cast(mine.type), mine.combine_chunks())
        made = with_column(made, name, pa.chunked_array([cells]))
    return made


def mask_of(rows: int, ranges: Sequence[Sequence[int]]) -> Mask:
    """Return a mask from ranges of row numbers, each with its first row and the one after its last."""
    mask = np.zeros(rows, dtype=bool)
    for first, end in ranges:
        mask[first:end] = True
    return mask


def ranges_of(mask: Mask) -> list[list[int]]:
    """Return a mask as ranges of row numbers."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [[int(first), int(end)] for first, end in edges.reshape(-1, 2)]
