"""The table as it is read: which files are in it, and the rows of its batches.

An entry of the log that a power cut has torn is never read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vigil.errors import TableError
from vigil.records import ORDER_COLUMN
from vigil.table import files, hashing, log, shapes
from vigil.table.files import DataFile

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

#: The table's note of how its rows are hashed.
HASHED = "vigil.rowHash"


class Reading:
    """The newest version of the table in the folder ``root``.

    An instance follows what others write; it belongs to one thread.
    Every method raises TableError when the table on disk cannot be read.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._open: DeltaTable | None = None
        self._known: int | None = None
        self._listed: tuple[int, list[DataFile]] | None = None
        self._kept = files.Kept()
        self._marks: tuple[DeltaTable, int, dict[str, int]] | None = None
        self._shape: tuple[DeltaTable, int, pa.Schema] | None = None

    def exists(self) -> bool:
        """Say whether there is a version to read."""
        return self.version() is not None

    def version(self) -> int | None:
        """Return the number of the version that is read, from 0, or None before the first."""
        self._known = log.newest_sound(self.root, self._known)
        return self._known

    def has(self, digest: str) -> bool:
        """Say whether the file with this digest is in; the table's log is the truth about it."""
        return self._times(digest) % 2 == 1

    def count(self, through: int | None = None) -> int:
        """Return the number of rows, of batches up to the order ``through`` when one is given."""
        live = self._files()
        whole = [file for file in live if through is None or file.last <= through]
        part = [file for file in live if through is not None and file.first <= through < file.last]
        cut = self._read(part, None, through, [ORDER_COLUMN]).num_rows if part else 0
        return sum(file.rows for file in whole) + cut

    def last_order(self) -> int:
        """Return the highest order of a batch with rows, or 0 when there is none."""
        return max((file.last for file in self._files()), default=0)

    def first_order(self) -> int:
        """Return the lowest order of a batch with rows, or 0 when there is none."""
        return min((file.first for file in self._files()), default=0)

    def batch(self, order: int) -> pa.Table:
        """Return the rows of one batch by line; only files that may hold it are read."""
        return self.rows(since=order, through=order)

    def batches(self, orders: Sequence[int]) -> list[pa.Table]:
        """Return the rows of some batches, each as ``batch`` does, by one read of all from first to last."""
        import numpy as np

        if not orders:
            return []
        found = self.rows(since=min(orders), through=max(orders))
        known = found.column(ORDER_COLUMN).to_numpy()
        ends = [np.searchsorted(known, [order, order + 1]) for order in orders]
        return [found.slice(int(first), int(last - first)) for first, last in ends]

    def rows(
        self, through: int | None = None, since: int | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Return the rows of the batches ``since`` … ``through``, both included, by order and line.

        ``columns`` names the columns to read; all of them, the table's own included, when None.
        Raises TableError when there is no table yet or a column is not in it.
        """
        known = self.schema().names
        absent = [name for name in columns or () if name not in known]
        if absent:
            raise TableError(f"the table has no column {', '.join(absent)}.", where=str(self.root))
        chosen = [file for file in self._files() if files.overlaps(file, since, through)]
        return self._read(chosen, since, through, list(columns) if columns is not None else known)

    def parts(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns of all rows, a data file at a time."""
        for file in self._files():
            yield self._read([file], None, None, list(columns))

    def schema(self) -> pa.Schema:
        """Return the names and types of all columns; the hash is 16 bytes. Raises as `rows` does."""
        import pyarrow as pa

        delta = self._opened()
        if self._shape is None or self._shape[:2] != (delta, delta.version()):
            stored: Any = pa.schema(cast("Any", delta.schema().to_arrow()))
            plain = pa.schema([shapes.plain_field(field) for field in stored])
            self._shape = delta, int(delta.version()), plain
        return self._shape[2]

    def damaged(self) -> list[tuple[int, int]]:
        """Return the first and the last order of each data file that is missing or cut short."""
        return [(file.first, file.last) for file in self._damaged()]

    def _times(self, digest: str) -> int:
        """Return how often a file was taken in and given up: odd when it is in."""
        delta = self._delta()
        if delta is None:
            return 0
        if self._marks is None or self._marks[0] is not delta or self._marks[1] != delta.version():
            self._marks = delta, int(delta.version()), {}
        known = self._marks[2]
        if digest not in known:
            # The library looks through all of the log for it.
            with explained(self.root):
                known[digest] = delta.transaction_version(transaction(digest)) or 0
        return known[digest]

    def _damaged(self) -> list[DataFile]:
        """Return the data files of the newest version that are not on the disk as they were written."""
        return [file for file in self._files() if files.size(self.root / file.path) != file.size]

    def _delta(self) -> DeltaTable | None:
        """Return the open table at the version to read, following new commits cheaply."""
        version = self.version()
        if version is None:
            return None
        if self._open is None or self._open.version() != version:
            with explained(self.root):
                self._open = self._followed(self._open, version)
        return self._open

    def _followed(self, delta: DeltaTable | None, version: int) -> DeltaTable:
        """Return the table at a version; when it has only grown, by reading what is new in the log."""
        from deltalake import DeltaTable

        if delta is None or delta.version() > version or log.entry(self.root, version + 1).exists():
            found = DeltaTable(self.root, version=version)
            _refuse_other_hashes(found, self.root)
            return found
        delta.update_incremental()
        return delta

    def _opened(self) -> DeltaTable:
        """Return the open table; raise TableError before the first row."""
        delta = self._delta()
        if delta is None:
            raise TableError("no rows have been taken in yet.", where=str(self.root))
        return delta

    def _files(self) -> list[DataFile]:
        """Return the live data files, by the first batch in them."""
        delta = self._delta()
        if delta is None:
            return []
        if self._listed is None or self._listed[0] != delta.version():
            import pyarrow as pa

            with explained(self.root):
                actions = pa.table(delta.get_add_actions(flatten=True)).select(files.NOTED).to_pylist()
            found = sorted((DataFile(action) for action in actions), key=lambda file: (file.first, file.path))
            self._listed = delta.version(), found
        return self._listed[1]

    def _read(
        self, chosen: Sequence[DataFile], since: int | None, through: int | None, columns: list[str]
    ) -> pa.Table:
        """Read the chosen rows of data files, by order and line."""
        with explained(self.root):
            return files.read(
                self.root, chosen, self.schema(), columns, since=since, through=through, kept=self._kept
            )


@contextmanager
def explained(root: Path) -> Iterator[None]:
    """Turn a library's error into one that says what to do."""
    import pyarrow as pa
    from deltalake.exceptions import DeltaError

    try:
        yield
    except (DeltaError, OSError, pa.ArrowException) as error:
        hint = "Check the disk's space and rights; what a power loss cut off is mended by the next tick."
        raise TableError(f"the table cannot be used ({error}).", where=str(root), hint=hint) from error


def transaction(digest: str) -> str:
    """Return the name under which the log keeps a file's digest."""
    return f"batch:{digest}"


def _refuse_other_hashes(delta: DeltaTable, root: Path) -> None:
    """Raise TableError when the rows were hashed in another way: none would be known again."""
    if delta.metadata().configuration.get(HASHED) != str(hashing.FORMAT):
        hint = "Start the project anew in another folder; its files are taken in again."
        raise TableError("the table was made by another version of Vigil.", where=str(root), hint=hint)
