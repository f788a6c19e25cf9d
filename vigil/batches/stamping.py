"""The table's own columns: where each row came from."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vigil.records import BATCH_COLUMN, HASH_COLUMN, LINE_COLUMN, ORDER_COLUMN
from vigil.table import hashing
from vigil.table.hashing import Words


def stamped(table: pa.Table, lines: npt.NDArray[np.int64], hashes: Words, batch: str, order: int) -> pa.Table:
    """Add the columns that say where each row came from."""
    count = table.num_rows
    more: dict[str, Any] = {
        BATCH_COLUMN: pa.repeat(batch, count),
        ORDER_COLUMN: pa.repeat(pa.scalar(order, pa.int64()), count),
        LINE_COLUMN: pa.array(lines, pa.int64()),
        HASH_COLUMN: hashing.to_column(hashes),
    }
    for name, values in more.items():
        table = table.append_column(name, values)
    return table
