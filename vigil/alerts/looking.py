"""What the ledger's rows say about incidents and files, for whoever decides what is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from vigil.alerts import wording
from vigil.alerts.finding import Finding
from vigil.ledger.ledger import Ledger
from vigil.ledger.shelf import Row, timestamp


def incidents(ledger: Ledger, through: str, false_alarm: float) -> Iterator[Finding]:
    """Find each incident that is open, was opened from a moment on, or was told of and is closed now."""
    told = [row["subject"] for row in ledger.alerts.standing() if row["kind"] == "incident"]
    back = next((one["id"] for one in ledger.releases.deployed() if one["state"] == "retired"), None)
    for row in ledger.incidents.open_or_since(through, told):
        first = ledger.batches.all(after=row["since"] - 1, through=row["since"])
        yield wording.incident(
            row,
            ledger.scores.get(row["release"], row["batch"]),
            ledger.decisions.get(row["closed_by"]),
            run=ledger.batches.run_of(row["batch"]),
            changed=first[0].name if first else str(row["since"]),
            back=back,
            false_alarm=false_alarm,
        )


def files(ledger: Ledger, broken: int) -> Iterator[Finding]:
    """Find the files that stand refused, and a feed of which the last `broken` were all refused."""
    bad, last = ledger.files.with_status("refused"), _last_run(ledger)
    newer = [row for row in bad if row["run"] > last]
    if bad:
        yield wording.refused(bad, _begun(ledger, bad))
    if len(newer) >= broken:
        yield wording.broken(newer, _begun(ledger, newer))


def held(ledger: Ledger) -> Iterator[Finding]:
    """Find the faults for which batches are kept out of training."""
    faults = ledger.faults.standing()
    if faults:
        batch = ledger.batches.get(faults[0]["batch"])
        yield wording.held(faults, batch.name if batch else f"batch {faults[0]['order']}")


def decided(row: Row) -> Finding:
    """Return what a decision about a release says."""
    is_of_trial = "trial" in (row["kind"], *row["evidence"])
    return wording.tried(row) if is_of_trial else wording.decided(row)


def silent_from(ledger: Ledger, hours: float) -> datetime | None:
    """Return when a feed becomes silent, None when nobody asks (0 hours) or nothing has come yet."""
    row = ledger.runs.get(_last_run(ledger)) if hours else None
    return datetime.fromisoformat(row["started"]) + timedelta(hours=hours) if row else None


def silence(ledger: Ledger, hours: float, folder: str) -> Iterator[Finding]:
    """Find that no file has been taken in for so many hours."""
    due = silent_from(ledger, hours)
    if due is not None and due <= ledger.clock():
        last = ledger.batches.newest_run()[-1].name
        yield wording.silent(hours, last, folder, timestamp(due - timedelta(hours=hours)))


def _last_run(ledger: Ledger) -> int:
    """Return the run that last took a file in, 0 when none has."""
    newest = ledger.batches.newest_run()
    return ledger.batches.run_of(newest[-1].id) if newest else 0


def _begun(ledger: Ledger, found: list[Row]) -> str:
    """Return when the first of the runs that met these files began."""
    row = ledger.runs.get(min(file["run"] for file in found))
    return str(row["started"]) if row else ledger.facts.now()
