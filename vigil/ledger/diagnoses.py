"""What each batch changed for the release that met it: drift, slices, and why the score moved."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from vigil.ledger.schema import diagnoses, scores
from vigil.ledger.shelf import Row, Shelf

#: The newest batch first, and of its diagnoses the newest.
_NEWEST = (diagnoses.c.order.desc(), diagnoses.c.at.desc())
_LIGHT = [column for column in diagnoses.c if column.name != "state"]


class Diagnoses(Shelf):
    """One row for each release and batch, written once, after the batch was scored and decided about."""

    def add(self, release: str, batch: str, *, order: int, run: int, **parts: Any) -> bool:
        """Write a diagnosis once; return False when it was there already.

        ``parts`` are drift, slices, moved and state. The state of the release's older rows is let go in
        the same transaction: only the newest is ever asked for.
        """
        mine = self.mine(diagnoses.c.release == release)
        row = {"project": self._project, "release": release, "batch": batch, "order": order, "run": run}
        with self._engine.begin() as connection:
            same = sa.select(sa.literal(1)).where(mine, diagnoses.c.batch == batch)
            if connection.execute(same).first():
                return False
            connection.execute(diagnoses.insert().values(**row, at=self.now(), **parts))
            older = diagnoses.update().where(mine, diagnoses.c.order < order)
            connection.execute(older.values(state=sa.null()))
        return True

    def state(self, release: str, *, before: int) -> Row | None:
        """Return what a release's newest diagnosis before an order handed on, None at its first."""
        where = [diagnoses.c.release == release, diagnoses.c.order < before]
        row = self.first(*where, order=[diagnoses.c.order.desc()])
        return row["state"] if row else None

    def undone(self) -> list[Row]:
        """Return release, batch, order, run and verdict of every score without a diagnosis, in order."""
        same = [getattr(diagnoses.c, name) == getattr(scores.c, name) for name in ("release", "batch")]
        there = sa.exists().where(diagnoses.c.project == scores.c.project, *same)
        columns = [scores.c[name] for name in ("release", "batch", "order", "run", "verdict")]
        query = sa.select(*columns).where(scores.c.project == self._project, ~there).order_by(scores.c.order)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def latest(self, *, release: str | None = None, through_run: int | None = None) -> Row | None:
        """Return the newest diagnosis, of one release or as it stood after one run, without its state."""
        where = []
        if release is not None:
            where.append(diagnoses.c.release == release)
        if through_run is not None:
            where.append(diagnoses.c.run <= through_run)
        return next(iter(self.find(*where, order=_NEWEST, limit=1, columns=_LIGHT)), None)

    def forget(self, release: str, *, since: int) -> None:
        """Take back a release's diagnoses from an order on: they will be made again."""
        self.delete(diagnoses.c.release == release, diagnoses.c.order >= since)

    def touched(self) -> str:
        """Return when the diagnosis of the newest batch was written."""
        found = next(iter(self.find(order=_NEWEST, limit=1, columns=[diagnoses.c.at])), None)
        return found["at"] if found else "-"

    def drifts(self, limit: int, *, through_run: int | None = None) -> list[Row]:
        """Return batch, order, release and drift of the newest diagnoses by a run, oldest first."""
        known = [] if through_run is None else [diagnoses.c.run <= through_run]
        columns = [diagnoses.c[name] for name in ("batch", "order", "release", "drift")]
        return self.find(*known, order=_NEWEST, limit=limit, columns=columns)[::-1]
