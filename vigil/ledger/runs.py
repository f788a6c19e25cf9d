"""Every run of the cycle: when, how long each step took, and what it found in one line."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from vigil.ledger.schema import facts, runs
from vigil.ledger.shelf import Row, Shelf


class Runs(Shelf):
    """One row for each run that had something to do."""

    def start(self, trigger: str) -> int:
        """Open a run and return its number, counted from 1."""
        query = sa.select(sa.func.max(runs.c.run)).where(self.mine())
        with self._engine.connect() as connection:
            number = int(connection.execute(query).scalar() or 0) + 1
        values = {"started": self.now(), "status": "running", "trigger": trigger, "news": False}
        self.put({"run": number}, {**values, "reported": False, "summary": "", "steps": []})
        return number

    def finish(self, run: int, *, status: str, news: bool, summary: str, steps: list[Row]) -> None:
        """Close a run with its outcome and the seconds of its steps."""
        values = {"finished": self.now(), "status": status, "news": news}
        self.change({**values, "summary": summary, "steps": steps}, runs.c.run == run)

    def abandon(self) -> int:
        """Mark runs that were cut off as failed; return how many there were."""
        values = {"status": "failed", "finished": self.now(), "summary": "was cut off"}
        return self.change(values, runs.c.status == "running")

    def reported(self, run: int) -> None:
        """Mark a run's documents as written."""
        self.change({"reported": True}, runs.c.run == run)

    def get(self, run: int) -> Row | None:
        """Return one run, or None."""
        return self.first(runs.c.run == run)

    def latest(self, *, limit: int = 50) -> list[Row]:
        """Return the newest runs first."""
        return self.find(order=[runs.c.run.desc()], limit=limit)

    def ended(self) -> str:
        """Return how the newest run ended that was not refused; nothing where there is none."""
        newest = [runs.c.run.desc()]
        found = self.find(runs.c.status != "refused", order=newest, limit=1, columns=[runs.c.status])
        return str(found[0]["status"]) if found else ""

    def unreported(self) -> list[int]:
        """Return finished runs with news whose documents are not written, oldest first."""
        where = [runs.c.news.is_(True), runs.c.reported.is_(False), runs.c.status == "done"]
        return [row["run"] for row in self.find(*where, order=[runs.c.run], columns=[runs.c.run])]


class Facts(Shelf):
    """Small facts about the project: what the last complete tick saw."""

    def get(self, key: str) -> str | None:
        """Return a fact, or None."""
        row = self.first(facts.c.key == key)
        return row["value"] if row else None

    def set(self, **values: Any) -> None:
        """Write facts."""
        self.put_all([({"key": key}, {"value": str(value)}) for key, value in values.items()])
