"""Which files were seen, and which batches came of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from vigil.ledger.schema import batches, files
from vigil.ledger.shelf import Row, Shelf, remembered
from vigil.records import Batch

_FIELDS = tuple(Batch.__dataclass_fields__)


class Files(Shelf):
    """One row for each path: its stamp, what became of it, and why.

    ``status`` is one of ``pending`` (its batch is being written), ``ingested``, ``duplicate``,
    ``refused``, ``ignored`` (not a kind of file that is read), ``outcomes`` (it held these, and no rows).
    """

    def known(self) -> dict[str, Row]:
        """Return every row by path, without details."""
        columns = [c for c in files.c if c.name != "details"]
        return {row["path"]: row for row in self.find(columns=columns)}

    def of_run(self, run: int) -> list[Row]:
        """Return what one run made of its files, in natural order of ingestion."""
        return self.find(files.c.run == run, order=[files.c.batch.is_(None), files.c.path])

    def record(self, path: str, stamp: tuple[int, int, int], **values: Any) -> None:
        """Write what became of the file at `path` (stamp: size, mtime in ns, inode)."""
        seen = dict(zip(("size", "mtime_ns", "inode"), stamp, strict=True))
        self.put({"path": path}, {**seen, **values})

    def announce(self, found: Sequence[tuple[str, tuple[int, int, int], Row]]) -> None:
        """Write what becomes of several files, each a path, a stamp and every other value, all or none."""
        names = ("size", "mtime_ns", "inode")
        self.put_all(
            [
                ({"path": path}, {**dict(zip(names, stamp, strict=True)), **more})
                for path, stamp, more in found
            ]
        )

    def with_status(self, status: str) -> list[Row]:
        """Return the rows of one status, by path."""
        return self.find(files.c.status == status, order=[files.c.path])

    def settle(self, batches: Sequence[str]) -> None:
        """Mark the files of batches as being in the table."""
        self.change({"status": "ingested"}, files.c.batch.in_(batches), files.c.status == "pending")

    def forget(self, batch: str) -> None:
        """Forget every file of a batch, so that one that is still there is read again."""
        self.delete(files.c.batch == batch)

    def drop(self, batch: str) -> None:
        """Forget the file of a pending batch; it will be read again."""
        self.delete(files.c.batch == batch, files.c.status == "pending")


class Batches(Shelf):
    """One row for each ingested file, with its profile.

    ``state`` is ``pending``, ``ingested`` or ``lost``: its rows were in a damaged part of the table. A lost
    batch keeps its place in the order until its file is read again.
    """

    def add_pending(self, batch: Batch, *, run: int, profile: dict[str, Any]) -> None:
        """Write down a batch before its rows reach the table."""
        self.announce([(batch, profile)], run=run)

    def announce(self, made: Sequence[tuple[Batch, dict[str, Any]]], *, run: int) -> None:
        """Write down batches with their profiles before their rows reach the table, all or none."""
        rows = []
        for batch, profile in made:
            values = {name: getattr(batch, name) for name in _FIELDS if name != "id"}
            rows.append(({"id": batch.id}, {**values, "run": run, "state": "pending", "profile": profile}))
        self.put_all(rows)

    def settle(self, ids: Sequence[str]) -> None:
        """Mark batches as being in the table."""
        self.change({"state": "ingested"}, batches.c.id.in_(ids))

    def mended(self, batch: str, *, labelled: int, profile: dict[str, Any]) -> None:
        """Write down what a repair made of a batch's rows."""
        self.change({"labelled": labelled, "profile": profile}, batches.c.id == batch)

    @remembered
    def pending(self) -> list[Batch]:
        """Return the batches whose rows may or may not have reached the table."""
        return self._records(batches.c.state == "pending")

    def drop(self, batch: str) -> None:
        """Forget a pending batch; its file will be read again."""
        self.delete(batches.c.id == batch, batches.c.state == "pending")

    def lose(self, ids: Sequence[str]) -> None:
        """Mark batches whose rows are no longer in the table."""
        self.change({"state": "lost"}, batches.c.id.in_(ids))

    @remembered
    def lost(self) -> list[Batch]:
        """Return the batches that wait for their files to be read again."""
        return self._records(batches.c.state == "lost")

    def measured_anew(self, batch: str, *, rows: int, labelled: int, profile: dict[str, Any]) -> None:
        """Change what is known of a batch after some of its rows were erased."""
        self.change({"rows": rows, "labelled": labelled, "profile": profile}, batches.c.id == batch)

    def all(self, *, after: int = 0, through: int | None = None) -> list[Batch]:
        """Return ingested batches with ``after < order <= through``, in order."""
        if (after or through is not None) and not self.remembers(self._whole):
            return self._between(after, through)
        return [
            one for one in self._whole() if one.order > after and (through is None or one.order <= through)
        ]

    @remembered
    def _whole(self) -> list[Batch]:
        return self._records(batches.c.state == "ingested")

    @remembered
    def _between(self, after: int, through: int | None) -> list[Batch]:
        where = [batches.c.state == "ingested", batches.c.order > after]
        if through is not None:
            where.append(batches.c.order <= through)
        return self._records(*where)

    def by_digest(self, digest: str) -> Batch | None:
        """Return the batch made of exactly these bytes, or None."""
        found = self._records(batches.c.state == "ingested", batches.c.digest == digest)
        return found[0] if found else None

    @remembered
    def get(self, batch: str) -> Batch | None:
        """Return one ingested batch by its id, or None."""
        found = self._records(batches.c.state == "ingested", batches.c.id == batch)
        return found[0] if found else None

    def name_of(self, batch: str) -> str:
        """Return the name of a batch, its id where it is not known."""
        found = self.get(batch)
        return found.name if found else batch

    def run_of(self, batch: str) -> int:
        """Return the run that took a batch in. Raises KeyError when there is no such batch."""
        row = self.first(batches.c.id == batch)
        if row is None:
            raise KeyError(batch)
        return int(row["run"])

    def quarantined(self, *, before: int, limit: int) -> list[Batch]:
        """Return batches that left rows in quarantine, of an order below ``before``, newest first."""
        where = [batches.c.state == "ingested", batches.c.quarantined > 0, batches.c.order < before]
        columns = [batches.c[name] for name in _FIELDS]
        found = self.find(*where, order=[batches.c.order.desc()], limit=limit, columns=columns)
        return [Batch(**row) for row in found]

    @remembered
    def last_order(self) -> int:
        """Return the order of the newest batch that is ingested or lost, 0 when there is none."""
        query = sa.select(sa.func.max(batches.c.order)).where(self.mine(batches.c.state != "pending"))
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar() or 0)

    def profiles(self, *, through: int | None = None, only: str | None = None) -> list[dict[str, Any]]:
        """Return the stored profiles of all batches up to an order, or of one batch."""
        where = [batches.c.state == "ingested"]
        if only is not None:
            where.append(batches.c.id == only)
        if through is not None:
            where.append(batches.c.order <= through)
        found = self.find(*where, order=[batches.c.order], columns=[batches.c.profile])
        return [row["profile"] for row in found]

    def profiles_as_text(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the stored profiles of some batches, by their ids, as the text that they are kept as."""
        columns = [batches.c.id, sa.cast(batches.c.profile, sa.Text).label("profile")]
        return {row["id"]: row["profile"] for row in self.find(batches.c.id.in_(ids), columns=columns)}

    def newest_run(self) -> list[Batch]:
        """Return the batches of the newest run that ingested any."""
        last = self.first(batches.c.state == "ingested", order=[batches.c.order.desc()])
        return self._records(batches.c.run == last["run"], batches.c.state == "ingested") if last else []

    def _records(self, *where: sa.ColumnElement[bool]) -> list[Batch]:
        rows = self.find(*where, order=[batches.c.order], columns=[batches.c[name] for name in _FIELDS])
        return [Batch(**row) for row in rows]
