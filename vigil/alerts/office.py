"""One project's alerts as one thing: what is found is told, delivered, and looked at again when it is due."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from vigil.alerts import desk, sending, timing, week
from vigil.alerts.channels import World
from vigil.alerts.finding import Finding
from vigil.alerts.outside import Reach
from vigil.alerts.settings import Alerts, opened
from vigil.console import USUAL, runnable
from vigil.errors import VigilError
from vigil.ledger import glance
from vigil.ledger.ledger import Ledger
from vigil.ledger.shelf import Row, timestamp

#: The fact that says up to when digests were written.
DIGEST = "alerts_digest"


class Office:
    """Tells and delivers, for one project. Raises ConfigError when its section cannot be used."""

    def __init__(
        self,
        ledger: Ledger,
        raw: Mapping[str, Any],
        *,
        project: str,
        root: Path,
        config: Path = USUAL,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.ledger = ledger
        self.opened = opened(raw)
        self.project = project
        self._config = config
        self.world = World(environ, root, Reach(tuple(self.opened.general.private)))
        self._lock = root / f".{project}.alerts.lock"

    @property
    def general(self) -> Alerts:
        """The settings that are no channel's."""
        return self.opened.general

    def tell(
        self,
        found: Sequence[Finding],
        looked_at: Collection[str],
        *,
        facts: Row | None = None,
        later: datetime | None = None,
    ) -> Counter[str]:
        """Write what is new and deliver what is due; ``later`` is when to look again at the latest.

        Where another process sends for too long, nothing is written: the next pass finds the same.
        """
        with sending.alone(self._lock) as mine:
            if not mine:
                self.ledger.facts.set(**{glance.ALERTS_DUE: self.ledger.clock().timestamp()})
                return Counter(waiting=1)
            typed = [replace(one, do=runnable(one.do, self._config)) for one in found]
            desk.settle(
                self.ledger, self.opened, typed, project=self.project, looked_at=looked_at, facts=facts
            )
            self._digest()
            return self._deliver([later] if later else [])

    def test(self, only: Collection[str]) -> list[Row]:
        """Send a test message to some channels, or all; return the messages with what came of them.

        Raises VigilError for a channel that the config does not have.
        """
        unknown = sorted(set(only) - set(self.opened.channels))
        if unknown or not self.opened.channels:
            known = ", ".join(self.opened.channels)
            hint = f"It has: {known}." if known else "Add one as docs/alerts.md says."
            what = f"the config has no channel {unknown[0]!r}." if unknown else "the config has no channel."
            raise VigilError(what, where="alerts", hint=hint)
        moment = self.ledger.facts.now()
        what = "Somebody tries whether alerts arrive. They do."
        finding = Finding("test", moment, "info", "a test of the alerts", what, since="", lasting=False)
        with sending.alone(self._lock) as mine:
            if not mine:
                raise VigilError("another process is sending.", where="alerts", hint="Try again in a minute.")
            chosen = list(only) or list(self.opened.channels)
            sent = desk.announce(
                self.ledger, self.opened, finding, project=self.project, event="test", only=chosen
            )
            self._deliver([])
        rows = self.ledger.messages.newest(500)
        return [row for row in rows if row["event"] == "test"][:sent]

    def retry(self) -> int:
        """Send what was set aside once more; return how many messages that are."""
        count = self.ledger.messages.try_again()
        self.tell([], ())
        return count

    def _deliver(self, later: Sequence[datetime]) -> Counter[str]:
        told = sending.deliver(self.ledger, self.opened, self.world)
        general = self.opened.general
        more = list(later)
        if general.digest:
            more.append(self._next_digest())
        sending.remember(self.ledger, general, more)
        return told

    def _next_digest(self) -> datetime:
        """Return when the next digest is due; the first one a week after alerts were set up, at most."""
        general, ledger = self.opened.general, self.ledger
        through = ledger.facts.get(DIGEST)
        if through is None:
            through = ledger.facts.now()
            ledger.facts.set(**{DIGEST: through})
        return timing.next_digest(datetime.fromisoformat(through), general.digest or "", general.zone)

    def _digest(self) -> None:
        """Write the digest when its time has come; after a long rest, one for all that were missed."""
        if not self.opened.general.digest:
            return
        now = self.ledger.clock()
        if self._next_digest() <= now:
            finding, facts = week.digest(self.ledger, now), {DIGEST: timestamp(now)}
            desk.announce(
                self.ledger, self.opened, finding, project=self.project, event="digest", facts=facts
            )
