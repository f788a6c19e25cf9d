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
from typing import TYPE_CHECKING, Any, NamedTuple

from vigil.errors import StorageError, TableError
from vigil.records import ORDER_COLUMN
from vigil.storage import durable
from vigil.table import files, hashing, log, shapes
from vigil.table.files import DataFile
from vigil.table.reading import HASHED, Reading, explained, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

#: Commits between two checkpoints of the log: the library goes through all entries since the last one
#: whenever it commits, follows a commit, or looks a digest up.
CHECKPOINT_EVERY = 10

_FOREVER = {"delta.logRetentionDuration": "interval 36500 days", "delta.enableExpiredLogCleanup": "false"}

#: Which column's limits the library tells of each data file. Unless told, it tells those of the first
#: `_COUNTED` columns, and the one that we look for comes after all columns of the data.
_LIMITS = {"delta.dataSkippingStatsColumns": ORDER_COLUMN}
_COUNTED = 32


class Staged(NamedTuple):
    """Rows on the disk that are in no version of the table yet."""

    schema: pa.Schema
    added: list[Any]


class Table(Reading):
    """The table in the folder ``root``. One writer at a time, under the project's lock; any readers.

    Every method raises TableError when the table on disk cannot be read or written.
    """

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
        with explained(self.root):
            if self.exists():
                shapes.new_columns(shapes.as_stored(self.schema()), shapes.as_stored(rows.schema), self.root)
            self.root.mkdir(parents=True, exist_ok=True)
            return Staged(
                rows.schema, [files.write(self.root, rows, kept=self._kept)] if rows.num_rows else []
            )

    def staged(self, staged: Staged, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns of staged rows, a data file at a time."""
        from pyarrow import parquet

        with explained(self.root):
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
        with explained(self.root):
            self._take_schema(staged.schema)
            self._commit(staged.added, [], digests, dict(notes or {}))
        return self._checkpointed()

    def repair(self) -> list[str]:
        """Move what a power cut has torn in the log aside into ``_torn/``; return the names moved.

        A wide table that was made before `_LIMITS` were set gets them, without which it cannot be read.
        """
        moved = log.set_torn_aside(self.root, self._known)
        if moved:
            self._open = self._known = None
        if self.exists() and ORDER_COLUMN in self.schema().names[_COUNTED:]:
            self._take_limits()
        return moved

    def _take_limits(self) -> None:
        """Have the library tell the orders in each data file, where it does not."""
        delta = self._opened()
        if not _LIMITS.items() <= delta.metadata().configuration.items():
            with explained(self.root):
                delta.alter.set_table_properties(_LIMITS, raise_if_not_exists=False)
                self._sync_log()
            self._open = None

    def give_up(self, digests: Sequence[str]) -> None:
        """Take damaged data files out of the newest version, and with them the files of these digests.

        Afterwards `has` says no, and the files can be appended again. A data file that is cut short is
        moved aside into ``_torn/``.
        """
        damaged = self._damaged()
        lost = [digest for digest in digests if self.has(digest)]
        if not damaged and not lost:
            return
        with explained(self.root):
            self._commit([], damaged, lost, {"vigil.given_up": str(len(damaged))})
            for file in damaged:
                log.set_aside(self.root / file.path, self.root)
        self._checkpointed()

    def replace(self, keep: Callable[[pa.Table], pa.Table]) -> int:
        """Rewrite each data file from which `keep` takes rows, in one commit; return how many rows went."""
        self.repair()
        added, gone, rows = [], [], 0
        with explained(self.root):
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
        with explained(self.root):
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
        with explained(self.root):
            for run in runs:
                rows = self._read(run, None, None, self.schema().names)
                merged = files.write(self.root, rows, change=False)
                self._commit([merged], run, [], {"vigil.compacted": str(len(run))})
                self._checkpointed()
        return sum(len(run) for run in runs)

    def forget(self, *, through: int) -> int:
        """Delete the data files that hold batches up to an order alone, for good; return their rows.

        The log still knows the digests of what was taken in, so that it is not taken in again.
        """
        self.repair()
        gone = [file for file in self._files() if file.last <= through]
        if not gone:
            return 0
        with explained(self.root):
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
        with explained(self.root):
            unused = delta.vacuum(retention_hours, dry_run=True, enforce_retention_duration=False, full=True)
            ours = [name for name in unused if name.startswith("part-") and "/" not in name]
            for name in ours:
                durable.remove(self.root / name)
            durable.sync(self.root)
        return sorted(ours)

    def _take_schema(self, schema: pa.Schema) -> None:
        """Create the table, or add the columns that are new to it."""
        from deltalake import DeltaTable, Schema

        stored = shapes.as_stored(schema)
        if not self.exists():
            self.root.mkdir(parents=True, exist_ok=True)
            durable.sync(self.root.parent)
            about = {**_FOREVER, **_LIMITS, HASHED: str(hashing.FORMAT)}
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
        marks = [Transaction(transaction(digest), count) for digest, count in times.items()]
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
            with explained(self.root):
                delta.create_checkpoint()
            for path in log.checkpoint_files(self.root, version):
                durable.sync(path)
                durable.publish(path)
            durable.sync(log.folder(self.root))
            for path in log.superseded(self.root):
                durable.remove(path)
            # An open table holds on to every entry that it has followed; opened anew, it begins here.
            self._open = None
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


def _joined(parts: Sequence[pa.Table]) -> pa.Table:
    """Put rows below each other, by the names of their columns."""
    import pyarrow as pa

    return pa.concat_tables(parts, promote_options="default")


def _no_hooks() -> Any:
    """Leave checkpoints to us, who sync them, and the log's past alone."""
    from deltalake import PostCommitHookProperties

    return PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
