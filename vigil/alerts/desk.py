"""From what is the case to what people are told: raised, grown, repeated, resolved, each exactly once.

A pass compares what was found with the alerts that stand, and writes alerts and messages in one
transaction. What it finds comes from the ledger's own rows, so that a pass that was cut off is made up for
by the next one, and one that is made twice says nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vigil.alerts import timing
from vigil.alerts.finding import Finding
from vigil.alerts.message import SEVERITIES, compose
from vigil.alerts.settings import Opened
from vigil.ledger import glance
from vigil.ledger.ledger import Ledger
from vigil.ledger.shelf import Row, timestamp


@dataclass(slots=True)
class Pass:
    """What one comparison writes."""

    project: str
    opened: Opened
    now: datetime
    made: list[Row] = field(default_factory=list)
    changed: list[tuple[str, Row]] = field(default_factory=list)
    letters: list[Row] = field(default_factory=list)

    @property
    def moment(self) -> str:
        """The pass's time as the ledger writes it."""
        return timestamp(self.now)

    def tell(self, alert: Row, event: str, *, only: Collection[str] | None = None) -> None:
        """Put a message into the outbox for each channel that wants it."""
        for name, (_, settings) in self.opened.channels.items():
            wanted = SEVERITIES.index(alert["severity"]) >= SEVERITIES.index(settings.least)
            if name in only if only is not None else wanted:
                self.letters.append(self._letter(alert, event, name))

    def _letter(self, alert: Row, event: str, channel: str) -> Row:
        general = self.opened.general
        key = digest(alert["id"], event, self.moment, channel)
        values = {**alert, "thread": alert["id"], "event": event, "project": self.project, "at": self.moment}
        said = compose(values, key=key, zone=general.zone, base_url=general.base_url)
        return {
            "id": key,
            "alert": alert["id"],
            "channel": channel,
            "event": event,
            "severity": alert["severity"],
            "body": said.as_json(),
            "state": "pending",
            "attempts": 0,
            "due": timestamp(self._when(alert["severity"], event)),
            "at": self.moment,
            "ended": None,
            "error": "",
        }

    def _when(self, severity: str, event: str) -> datetime:
        """Return now, or the end of the quiet hours."""
        quiet, zone = self.opened.general.quiet, self.opened.general.zone
        if quiet is None or event == "test" or (severity == "critical" and quiet.critical):
            return self.now
        return timing.after_quiet(self.now, timing.clock(quiet.begin), timing.clock(quiet.end), zone)


def settle(
    ledger: Ledger,
    opened: Opened,
    found: Sequence[Finding],
    *,
    project: str,
    looked_at: Collection[str],
    facts: Row | None = None,
) -> int:
    """Write what is new about the kinds that were looked at; return how many messages that makes."""
    now = Pass(project, opened, ledger.clock())
    standing = {(row["kind"], row["subject"]): row for row in ledger.alerts.standing()}
    known = {kind: ledger.alerts.subjects(kind) for kind in {finding.kind for finding in found}}
    for finding in found:
        row = standing.get(finding.about)
        if row is None:
            _raise(now, finding, known[finding.kind])
        elif not finding.ended:
            _go_on(now, finding, row)
    lasting = {finding.about: finding for finding in found}
    for about, row in standing.items():
        finding_now = lasting.get(about)
        if about[0] in looked_at and (finding_now is None or finding_now.ended):
            _end(now, row, finding_now)
    more = dict(facts or {})
    if now.letters:
        more[glance.ALERTS_DUE] = now.now.timestamp()
    ledger.alerts.commit(now.made, now.changed, now.letters, more)
    return len(now.letters)


def announce(
    ledger: Ledger, opened: Opened, finding: Finding, *, project: str, event: str,
    only: Collection[str] | None = None, facts: Row | None = None,
) -> int:  # fmt: skip
    """Put one message of its own into the outbox, for all channels or those in ``only``; no alert stands."""
    now = Pass(project, opened, ledger.clock())
    now.tell(_row(now, finding, 0), event, only=only)
    ledger.alerts.commit([], [], now.letters, facts or {})
    return len(now.letters)


def digest(*parts: object) -> str:
    """Return a short name made of several parts."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]


def _raise(now: Pass, finding: Finding, before: dict[str, int]) -> None:
    """Raise an alert; what happened at one moment, or is over already, is told once and for all."""
    over = finding.ended or not finding.lasting
    if over and finding.subject in before:
        return
    row = _row(now, finding, before.get(finding.subject, 0))
    now.made.append(row)
    now.tell(row, "resolved" if finding.ended else "raised")


def _row(now: Pass, finding: Finding, before: int) -> Row:
    state = "resolved" if finding.ended else "open" if finding.lasting else "noted"
    what = f"{finding.what} {finding.ended}".strip()
    return {
        "id": digest(now.project, finding.kind, finding.subject, before),
        "kind": finding.kind,
        "subject": finding.subject[:128],
        "severity": finding.severity,
        "state": state,
        "title": finding.title,
        "what": what,
        "sure": finding.sure,
        "do": "" if finding.ended else finding.do,
        "page": finding.page[:256],
        "since": finding.since,
        "raised": now.moment,
        "told": now.moment,
        "ended": None if state == "open" else now.moment,
        "acknowledged_by": "",
        "parts": list(finding.parts),
    }


def _go_on(now: Pass, finding: Finding, row: Row) -> None:
    """Tell what has come to an alert that stands, or say it again when that is due."""
    said = {name: getattr(finding, name) for name in ("title", "what", "sure", "do", "severity")}
    if set(finding.parts) - set(row["parts"]):
        fresh = {**said, "parts": list(finding.parts), "state": "open", "told": now.moment}
        now.changed.append((row["id"], {**fresh, "acknowledged_by": ""}))
        now.tell({**row, **fresh}, "changed")
    elif row["state"] == "open" and is_repeated(row, now.opened.general.repeat_hours, now.now):
        now.changed.append((row["id"], {**said, "told": now.moment}))
        now.tell({**row, **said}, "repeated")
    elif set(row["parts"]) - set(finding.parts):
        now.changed.append((row["id"], {**said, "parts": list(finding.parts)}))


def is_repeated(row: Row, hours: float, now: datetime) -> bool:
    """Say whether an open alert is due to be told again; 0 hours never repeat."""
    return bool(hours) and datetime.fromisoformat(row["told"]) + timedelta(hours=hours) <= now


def _end(now: Pass, row: Row, finding: Finding | None) -> None:
    """Close an alert by itself; who was told about it is told of its end."""
    how = finding.ended if finding else ""
    values = {"state": "resolved", "ended": now.moment, "told": now.moment}
    words = f"It is over. {how} It was: {row['what']}" if how else f"It is over. It was: {row['what']}"
    now.changed.append((row["id"], values))
    now.tell({**row, "what": words, "sure": "", "do": ""}, "resolved")
