"""The table's data files: Parquet, written once under a name of their own, and never changed."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vigil.records import HASH_COLUMN, LINE_COLUMN, ORDER_COLUMN
from vigil.storage import durable
from vigil.table import hashing, shapes

if TYPE_CHECKING:
    import pyarrow as pa

#: Rows of a data file that compaction leaves alone.
FULL_FILE = 1_000_000

#: Bytes of all data files asked for up to which they are kept, and of their rows that are kept at most.
SMALL, MOST_KEPT = 8 * 2**20, 64 * 2**20

#: What is asked of the log about a data file.
NOTED = ("path", "size_bytes", "num_records", f"min.{ORDER_COLUMN}", f"max.{ORDER_COLUMN}")


class DataFile:
    """One live data file: its rows and the range of batches in it."""

    def __init__(self, action: Mapping[str, Any]) -> None:
        self.path: str = action["path"]
        self.size: int = action["size_bytes"]
        self.rows: int = action["num_records"]
        self.first: int = action[f"min.{ORDER_COLUMN}"]
        self.last: int = action[f"max.{ORDER_COLUMN}"]


class Kept:
    """Small data files as they were read last: a run asks for the newest ones again and again.

    Files never change, so that what is kept is what is on the disk. What was not asked for longest goes
    first.
    """

    def __init__(self) -> None:
        self._rows: dict[str, pa.Table] = {}
        self._written: dict[str, pa.Table] = {}
        self._bytes = 0

    def read(self, root: Path, file: DataFile, schema: pa.Schema) -> pa.Table:
        """Return all rows of a small data file, with every column of the table's schema."""
        from pyarrow import dataset

        rows = self._rows.pop(file.path, None)
        self._bytes -= rows.nbytes if rows is not None else 0
        rows = rows if rows is not None else self._written.pop(file.path, None)
        if rows is None or not rows.schema.equals(schema):
            rows = dataset.dataset([str(root / file.path)], schema=schema, format="parquet").to_table()
        self._bytes += rows.nbytes
        self._rows[file.path] = rows
        while self._bytes > MOST_KEPT:
            self._bytes -= self._rows.pop(next(iter(self._rows))).nbytes
        return rows

    def hold(self, path: str, rows: pa.Table) -> None:
        """Hold the rows of a small file as they have just been written to it, until the next one is."""
        self._written = {path: rows} if rows.nbytes <= SMALL else {}


def read(
    root: Path,
    files: Sequence[DataFile],
    schema: pa.Schema,
    columns: Sequence[str],
    *,
    since: int | None = None,
    through: int | None = None,
    kept: Kept,
) -> pa.Table:
    """Return some columns of the rows of a range of batches, by order and line; ``schema`` is the table's."""
    import pyarrow as pa
    from pyarrow import dataset

    stored = shapes.as_stored(schema)
    wanted = list(dict.fromkeys([*columns, ORDER_COLUMN, LINE_COLUMN]))
    if sum(file.size for file in files) <= SMALL:
        parts = [kept.read(root, file, stored).select(wanted) for file in files]
        rows = pa.concat_tables(parts) if parts else shapes.subset(stored, wanted).empty_table()
        rows = _cut(in_order(rows), since, through)
    else:
        paths = [str(root / file.path) for file in _by_line(root, files)]
        found = dataset.dataset(paths, schema=stored, format="parquet")
        inside = all(_is_within(file, since, through) for file in files)
        # A filter copies the rows, and so does putting them in order where they are not.
        rows = in_order(found.to_table(columns=wanted, filter=None if inside else _between(since, through)))
    return rows.select(columns).cast(shapes.subset(schema, columns))


def _by_line(root: Path, files: Sequence[DataFile]) -> list[DataFile]:
    """Return data files by batch, and those of one batch, that came in many, by the first of their lines."""
    shared = Counter(file.first for file in files)
    lines = {file.path: _first_line(root / file.path) for file in files if shared[file.first] > 1}
    return sorted(files, key=lambda file: (file.first, lines.get(file.path, 0)))


def _first_line(path: Path) -> int:
    """Return the first line in a data file, by what stands in its footer."""
    from pyarrow import parquet

    footer = parquet.read_metadata(path)
    place = footer.schema.names.index(LINE_COLUMN)
    groups: list[Any] = [
        footer.row_group(number).column(place).statistics for number in range(footer.num_row_groups)
    ]
    return min((int(group.min) for group in groups if group is not None and group.has_min_max), default=0)


def write(root: Path, rows: pa.Table, *, change: bool = True, kept: Kept | None = None) -> Any:
    """Write one data file, wait until it is on the disk, and return its entry for the log.

    Where it is said in what files are kept, a small one need not be read back.
    """
    from deltalake.transaction import AddAction
    from pyarrow import compute, parquet

    name = f"part-{uuid.uuid4()}.zstd.parquet"
    aside = root / f".{name}"
    stored = rows.cast(shapes.as_stored(rows.schema))
    try:
        parquet.write_table(stored, aside, row_group_size=131_072, **_settings(stored))
        durable.sync(aside)
        durable.place(aside, root / name)
    finally:
        aside.unlink(missing_ok=True)
    if kept is not None:
        kept.hold(name, stored)
    order = rows.column(ORDER_COLUMN)
    stats = {
        "numRecords": rows.num_rows,
        "minValues": {ORDER_COLUMN: compute.min(order).as_py()},
        "maxValues": {ORDER_COLUMN: compute.max(order).as_py()},
        "nullCount": {ORDER_COLUMN: 0},
    }
    size = (root / name).stat().st_size
    return AddAction(name, size, {}, int(time.time() * 1000), change, json.dumps(stats))


def _settings(stored: pa.Table) -> dict[str, Any]:
    """Return how each column is written: nothing is tried on a column that gains nothing by it.

    Values that repeat go into a dictionary, line numbers are written as steps, and hashes, which no
    method makes smaller, as they are. Extremes are noted of numbers and dates, by which a reader may pick
    rows; those of strings, which come in no order, would let it pass over nothing.
    """
    import pyarrow as pa

    names = [name for name in stored.column_names if name not in (HASH_COLUMN, LINE_COLUMN)]
    repeating = [name for name in names if hashing.repeats(stored.column(name))]
    texts = [name for name in names if pa.types.is_string(stored.field(name).type)]
    return {
        "compression": dict.fromkeys(stored.column_names, "zstd") | {HASH_COLUMN: "none"},
        "use_dictionary": repeating,
        "column_encoding": {LINE_COLUMN: "DELTA_BINARY_PACKED"},
        "write_statistics": [LINE_COLUMN, *(name for name in names if name not in texts)],
    }


def in_order(rows: pa.Table) -> pa.Table:
    """Return the rows by order and line; they mostly are already."""
    import numpy as np

    order = rows.column(ORDER_COLUMN).to_numpy()
    line = rows.column(LINE_COLUMN).to_numpy()
    step, inner = np.diff(order), np.diff(line)
    if bool(np.all((step > 0) | ((step == 0) & (inner >= 0)))):
        return rows
    return rows.take(np.lexsort((line, order)))


def small_runs(files: Sequence[DataFile]) -> list[list[DataFile]]:
    """Return runs of neighbouring small files, each run about one full file, of two files or more."""
    runs: list[list[DataFile]] = [[]]
    rows = 0
    for file in files:
        if rows + file.rows > FULL_FILE:
            runs.append([])
            rows = 0
        runs[-1].append(file)
        rows += file.rows
    return [run for run in runs if len(run) > 1]


def overlaps(file: DataFile, since: int | None, through: int | None) -> bool:
    """Say whether a data file may hold rows of the batches asked for."""
    return (since is None or file.last >= since) and (through is None or file.first <= through)


def _is_within(file: DataFile, since: int | None, through: int | None) -> bool:
    """Say whether all rows of a data file are of the batches asked for."""
    return (since is None or file.first >= since) and (through is None or file.last <= through)


def size(path: Path) -> int | None:
    """Return a file's size, or None when it is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _cut(rows: pa.Table, since: int | None, through: int | None) -> pa.Table:
    """Return the rows of a range of batches, of rows by order; none is copied."""
    order = rows.column(ORDER_COLUMN).to_numpy()
    first = 0 if since is None else int(order.searchsorted(since))
    last = len(order) if through is None else int(order.searchsorted(through, side="right"))
    return rows.slice(first, max(last - first, 0))


def _between(since: int | None, through: int | None) -> Any:
    """Return the row filter for a range of batches, or None when there is no limit."""
    from pyarrow import compute

    order = compute.field(ORDER_COLUMN)
    if since is None:
        return None if through is None else order <= through
    return order >= since if through is None else (order >= since) & (order <= through)
