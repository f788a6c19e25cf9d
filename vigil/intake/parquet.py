"""Parquet files: typed cells, read as they are."""

from __future__ import annotations

from pathlib import Path

from vigil.errors import FileRefused, FileUnreadable
from vigil.intake.raw import RawTable, headers, shown

SUFFIXES = (".parquet",)


def read(path: Path, encoding: str = "", delimiter: str = "") -> RawTable:
    """Read a Parquet file; row k counts as line k + 1, as it would below a header.

    ``encoding`` and ``delimiter`` mean nothing here.

    Raises FileRefused when it is not Parquet, is damaged, has no rows, or names a column twice.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet

    del encoding, delimiter
    where = shown(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"cannot be read ({error.strerror}).", where=where) from error
    try:
        table = pyarrow.parquet.ParquetFile(pa.BufferReader(content)).read()
    except (pa.ArrowException, OSError) as error:
        hint = "It was copied incompletely, or is of another kind; send it again."
        raise FileRefused("cannot be read as Parquet.", where=where, hint=hint) from error
    names, notes = headers(table.column_names, where)
    if table.num_rows == 0:
        raise FileRefused("holds columns and no rows.", where=where)
    lines = np.arange(2, table.num_rows + 2, dtype=np.int64)
    return RawTable(table.rename_columns(names), lines, (), table.num_rows, None, notes, where)
