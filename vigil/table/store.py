"""The table of accepted rows: a Delta Lake table that only grows, and survives a power cut.

What is ingested is what the table's own log says: each commit carries, as an application
transaction, the digest of every file in it. The data files are synced before the commit and the log
after it, so that a power cut can tear the newest log entry only. A torn entry is never read; the
next writer moves it into ``_torn/`` and takes the files in again.

Columns keep their types for life. A column that a later contract adds is null in earlier rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from vigil.errors import StorageError, TableError
from vigil.records import ORDER_COLUMN
from vigil.storage import durable
from vigil.table import files, hashing, log, shapes
from vigil.table.files import DataFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from deltalake import DeltaTable

#: Commits between two checkpoints of the log.
CHECKPOINT_EVERY = 50

#: The table's note of how its rows are hashed.
_HASHED = "vigil.rowHash"
_FOREVER = {"delta.logRetentionDuration": "interval 36500 days", "delta.enableExpiredLogCleanup": "false"}


class Staged(NamedTuple):
    """Rows on the disk that are in no version of the table yet."""

    schema: pa.Schema
    added: list[Any]


class Table:
    """The table in the folder ``root``. One writer at a time, under the project's lock; any readers.

    An instance follows what others write; it belongs to one thread.
    Every method raises TableError when the table on disk cannot be read or written.
    """

    def __init__(self, root: Path, *, at: int | None = None) -> None:
        self.root = Path(root)
        self._at = at
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
        if self._at is not None:
            return self._at
        self._known = log.newest_sound(self.root, self._known)
        return self._known

    def as_of(self, version: int) -> Table:
        """Return the table as it stood at a version, to read from."""
        newest = self.version()
        if newest is None or not 0 <= version <= newest:
            raise TableError(f"there is no version {version} of the table.", where=str(self.root))
        return Table(self.root, at=version)

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

    def append(self, rows: pa.Table, digests: Sequence[str], notes: Mapping[str, str] | None = None) -> int:
        """Add the rows of one or more files in one commit, and return the new version.

        ``rows`` carries the four system columns of `vigil.records`; ``digests`` names the files, those
        without a single accepted row included; ``notes`` are kept in the log. On return everything is
        on the disk. Raises TableError when a digest is in already or a column has changed its type.
        """
        return self.take(self.stage(rows), digests, notes)

    def stage(self, rows: pa.Table) -> Staged:
        """Write rows to the disk without their being in the table yet: `take` puts them in.

        Rows that are never taken are in no version; `vacuum` deletes them. This may run in a thread, beside
        whatever leaves this table alone. Raises TableError when a column has changed its type.
        """
        rows = shapes.checked(rows, self.root)
        with _explained(self.root):
            if self.exists():
                shapes.new_columns(shapes.as_stored(self.schema()), shapes.as_stored(rows.schema), self.root)
            self.root.mkdir(parents=True, exist_ok=True)
            return Staged(rows.schema, [files.write(self.root, rows)] if rows.num_rows else [])

    def staged(self, staged: Staged, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns of staged rows, a data file at a time."""
        from pyarrow import parquet

        with _explained(self.root):
            for action in staged.added:
                yield parquet.read_table(self.root / action.path, columns=list(columns))

    def discard(self, staged: Staged) -> None:
        """Delete staged rows that will not be taken."""
        for action in staged.added:
            durable.remove(self.root / action.path)

    def take(self, staged: Staged, digests: Sequence[str], notes: Mapping[str, str] | None = None) -> int:
        """Put staged rows into the table, as `append` does."""
        self.repair()
        again = [digest for digest in digests if self.has(digest)]
        if again:
            raise TableError(f"already taken in: {', '.join(again)}.", where=str(self.root))
        with _explained(self.root):
            self._take_schema(staged.schema)
            self._commit(staged.added, [], digests, dict(notes or {}))
        return self._checkpointed()

    def repair(self) -> list[str]:
        """Move what a power cut has torn in the log aside into ``_torn/``; return the names moved."""
        moved = log.set_torn_aside(self.root, self._known)
        if moved:
            self._open = self._known = None
        return moved

    def damaged(self) -> list[tuple[int, int]]:
        """Return the first and the last order of each data file that is missing or cut short."""
        return [(file.first, file.last) for file in self._damaged()]

    def give_up(self, digests: Sequence[str]) -> None:
        """Take damaged data files out of the newest version, and with them the files of these digests.

        Afterwards `has` says no, and the files can be appended again. A data file that is cut short is
        moved aside into ``_torn/``.
        """
        damaged = self._damaged()
        lost = [digest for digest in digests if self.has(digest)]
        if not damaged and not lost:
            return
        with _explained(self.root):
            self._commit([], damaged, lost, {"vigil.given_up": str(len(damaged))})
            for file in damaged:
                log.set_aside(self.root / file.path, self.root)
        self._checkpointed()

    def replace(self, keep: Callable[[pa.Table], pa.Table]) -> int:
        """Rewrite each data file from which `keep` takes rows, in one commit; return how many rows went."""
        self.repair()
        added, gone, rows = [], [], 0
        with _explained(self.root):
            for file in self._files():
                before = self._read([file], None, None, self.schema().names)
                after = keep(before)
                if after.num_rows == before.num_rows:
                    continue
                gone.append(file)
                rows += before.num_rows - after.num_rows
                if after.num_rows:
                    added.append(files.write(self.root, after))
            if gone:
                self._commit(added, gone, [], {"vigil.erased": str(rows)})
        if gone:
            self._checkpointed()
        return rows

    def mend(self, order: int, rows: pa.Table, note: str) -> int:
        """Put other rows in the place of a batch's, in one commit, and return the new version.

        ``rows`` carries the system columns. Older versions keep the rows as they were. ``note`` is kept in
        the log.
        """
        self.repair()
        rows = shapes.checked(rows, self.root)
        gone = [file for file in self._files() if file.first <= order <= file.last]
        with _explained(self.root):
            names = self.schema().names
            rest = [self._read([file], None, order - 1, names) for file in gone]
            rest += [self._read([file], order + 1, None, names) for file in gone]
            whole = files.in_order(_joined([*rest, rows]))
            self._commit([files.write(self.root, whole)], gone, [], {"vigil.mended": note})
        return self._checkpointed()

    def small_files(self) -> int:
        """Return how many data files compaction would rewrite."""
        return sum(len(run) for run in files.small_runs(self._files()))

    def compact(self) -> int:
        """Rewrite runs of small data files as large ones; return how many files went.

        Older versions stay readable until `vacuum` removes their files.
        """
        self.repair()
        runs = files.small_runs(self._files())
        with _explained(self.root):
            for run in runs:
                rows = self._read(run, None, None, self.schema().names)
                merged = files.write(self.root, rows, change=False)
                self._commit([merged], run, [], {"vigil.compacted": str(len(run))})
                self._checkpointed()
        return sum(len(run) for run in runs)

    def first_order(self) -> int:
        """Return the lowest order of a batch with rows, or 0 when there is none."""
        return min((file.first for file in self._files()), default=0)

    def forget(self, *, through: int) -> int:
        """Delete the data files that hold batches up to an order alone, for good; return their rows.

        The log still knows the digests of what was taken in, so that it is not taken in again.
        """
        self.repair()
        gone = [file for file in self._files() if file.last <= through]
        if not gone:
            return 0
        with _explained(self.root):
            self._commit([], gone, [], {"vigil.forgotten": str(len(gone))})
            self._checkpointed()
        self.vacuum(0)
        return sum(file.rows for file in gone)

    def vacuum(self, retention_hours: int) -> list[str]:
        """Delete data files that no version needs since ``retention_hours``; return their names.

        Versions older than that can no longer be read; the rows of the newest one are all kept.
        Only data files that this class wrote are touched.
        """
        delta = self._delta()
        if delta is None:
            return []
        with _explained(self.root):
            unused = delta.vacuum(retention_hours, dry_run=True, enforce_retention_duration=False, full=True)
            ours = [name for name in unused if name.startswith("part-") and "/" not in name]
            for name in ours:
                durable.remove(self.root / name)
            durable.sync(self.root)
        return sorted(ours)

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
            with _explained(self.root):
                known[digest] = delta.transaction_version(_transaction(digest)) or 0
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
            with _explained(self.root):
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

            with _explained(self.root):
                actions = pa.table(delta.get_add_actions(flatten=True)).to_pylist()
            found = sorted((DataFile(action) for action in actions), key=lambda file: (file.first, file.path))
            self._listed = delta.version(), found
        return self._listed[1]

    def _read(
        self, chosen: Sequence[DataFile], since: int | None, through: int | None, columns: list[str]
    ) -> pa.Table:
        """Read the chosen rows of data files, by order and line."""
        with _explained(self.root):
            return files.read(
                self.root, chosen, self.schema(), columns, since=since, through=through, kept=self._kept
            )

    def _take_schema(self, schema: pa.Schema) -> None:
        """Create the table, or add the columns that are new to it."""
        from deltalake import DeltaTable, Schema

        stored = shapes.as_stored(schema)
        if not self.exists():
            self.root.mkdir(parents=True, exist_ok=True)
            durable.sync(self.root.parent)
            about = {**_FOREVER, _HASHED: str(hashing.FORMAT)}
            DeltaTable.create(self.root, stored, configuration=about, raise_if_key_not_exists=False)
            self._sync_log()
            return
        new = shapes.new_columns(shapes.as_stored(self.schema()), stored, self.root)
        if new:
            fields = Schema.from_arrow(shapes.subset(stored, new)).fields
            self._opened().alter.add_columns(fields, post_commithook_properties=_no_hooks())
            self._sync_log()

    def _commit(
        self, added: list[Any], gone: Iterable[DataFile], digests: Sequence[str], notes: dict[str, str]
    ) -> None:
        """Write one log entry and wait until it is on the disk; it changes whether its digests are in."""
        from deltalake import CommitProperties, Transaction
        from deltalake.transaction import RemoveAction

        delta = self._opened()
        now = int(time.time() * 1000)
        removed = [RemoveAction(file.path, False, now, file.size, {}) for file in gone]
        actions = added + removed
        times = {digest: self._times(digest) + 1 for digest in digests}
        marks = [Transaction(_transaction(digest), count) for digest, count in times.items()]
        before = int(delta.version())
        delta.create_write_transaction(
            actions,
            "append",
            delta.schema(),
            commit_properties=CommitProperties(
                custom_metadata={**notes, log.ACTIONS: str(len(actions) + len(marks))},
                app_transactions=marks,
                max_commit_retries=0,
            ),
            post_commithook_properties=_no_hooks(),
        )
        self._sync_log()
        # Nobody else has written meanwhile: the next version has these marks, and all others as before.
        known = self._marks[2] if self._marks is not None else {}
        self._marks = delta, before + 1, {**known, **times}

    def _checkpointed(self) -> int:
        """Return the newest version, after writing a checkpoint of the log when one is due."""
        delta = self._opened()
        version = int(delta.version())
        if version and version % CHECKPOINT_EVERY == 0:
            with _explained(self.root):
                delta.create_checkpoint()
            for path in log.checkpoint_files(self.root, version):
                durable.sync(path)
                durable.publish(path)
            durable.sync(log.folder(self.root))
        return version

    def _sync_log(self) -> None:
        """Wait until the newest log entry is on the disk, and committed where the table is kept."""
        newest = log.newest(self.root, self._known)
        if newest is not None:
            durable.sync(log.entry(self.root, newest))
        durable.sync(log.folder(self.root))
        durable.sync(self.root)
        if newest is not None:
            try:
                durable.publish_new(log.entry(self.root, newest))
            except StorageError:
                self._open = self._known = None
                raise


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    """Turn a library's error into one that says what to do."""
    import pyarrow as pa
    from deltalake.exceptions import DeltaError

    try:
        yield
    except (DeltaError, OSError, pa.ArrowException) as error:
        hint = "Check the disk's space and rights; what a power loss cut off is mended by the next tick."
        raise TableError(f"the table cannot be used ({error}).", where=str(root), hint=hint) from error


def _refuse_other_hashes(delta: DeltaTable, root: Path) -> None:
    """Raise TableError when the rows were hashed in another way: none would be known again."""
    if delta.metadata().configuration.get(_HASHED) != str(hashing.FORMAT):
        hint = "Start the project anew in another folder; its files are taken in again."
        raise TableError("the table was made by another version of Vigil.", where=str(root), hint=hint)


def _transaction(digest: str) -> str:
    """Return the name under which the log keeps a file's digest."""
    return f"batch:{digest}"


def _joined(parts: Sequence[pa.Table]) -> pa.Table:
    """Put rows below each other, by the names of their columns."""
    import pyarrow as pa

    return pa.concat_tables(parts, promote_options="default")


def _no_hooks() -> Any:
    """Leave checkpoints to us, who sync them, and the log's past alone."""
    from deltalake import PostCommitHookProperties

    return PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
