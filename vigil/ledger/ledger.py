"""The ledger as one thing: its parts, opened together for one project."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from vigil.ledger import schema
from vigil.ledger.access import Audits, Tokens
from vigil.ledger.alerts import Alerts, Messages
from vigil.ledger.arrivals import Batches, Files
from vigil.ledger.connection import open_engine
from vigil.ledger.diagnoses import Diagnoses
from vigil.ledger.faults import Faults
from vigil.ledger.judgements import Decisions, Incidents, Scores
from vigil.ledger.releases import Releases
from vigil.ledger.runs import Facts, Runs
from vigil.ledger.shelf import Onward
from vigil.records import Batch


class Ledger:
    """Everything that happened in one project and why; many projects may share a database."""

    def __init__(self, url: str, *, root: Path, project: str, clock: Callable[[], datetime]) -> None:
        self.engine = open_engine(url, root=root)
        self.clock = Onward(clock)
        shared = (project, self.clock)
        self.facts = Facts(self.engine, schema.facts, *shared)
        self.runs = Runs(self.engine, schema.runs, *shared)
        self.files = Files(self.engine, schema.files, *shared)
        self.batches = Batches(self.engine, schema.batches, *shared)
        self.releases = Releases(self.engine, schema.releases, *shared)
        self.scores = Scores(self.engine, schema.scores, *shared)
        self.faults = Faults(self.engine, schema.faults, *shared)
        self.diagnoses = Diagnoses(self.engine, schema.diagnoses, *shared)
        self.decisions = Decisions(self.engine, schema.decisions, *shared)
        self.incidents = Incidents(self.engine, schema.incidents, *shared)
        self.tokens = Tokens(self.engine, schema.tokens, *shared)
        self.audits = Audits(self.engine, schema.audits, *shared)
        self.alerts = Alerts(self.engine, schema.alerts, *shared)
        self.messages = Messages(self.engine, schema.outbox, *shared)

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Remember what is read of what only a run writes; the caller holds the project's lock."""
        with ExitStack() as stack:
            for shelf in (
                self.batches,
                self.releases,
                self.scores,
                self.faults,
                self.decisions,
                self.incidents,
            ):
                stack.enter_context(shelf.remembering())
            yield

    def sound(self, *, after: int = 0, through: int | None = None) -> list[Batch]:
        """Return batches as ``batches.all`` does, without those that a fault keeps out of training."""
        held = self.faults.held()
        return [one for one in self.batches.all(after=after, through=through) if one.order not in held]

    def close(self) -> None:
        """Give back the database's connections."""
        self.engine.dispose()
