"""The service's answers, and what came of them: kept, and turned into labelled rows.

This step decides when enough labels are in: rows that were answered on one day, or came in one file,
become a batch once, when nearly all of them have a label or the horizon is reached.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from vigil import figures, intake
from vigil.command import parser, perform
from vigil.ledger import glance
from vigil.records import LABELLED_SHARE
from vigil.run import begun

if TYPE_CHECKING:
    from pathlib import Path

    from vigil.outcomes.cohorts import Cohort, Found
    from vigil.project import Project
    from vigil.records import Contract


def run(project: Project) -> list[str]:
    """Take in what the service wrote and what came of it; return what happened, in words."""
    from vigil import contract as contracts
    from vigil.bundles import trial

    contract = contracts.load(project.output)
    if contract is None:
        return []
    said = take_up_answers(project, contract) + take_up_outcomes(project, contract)
    said += count(project, contract, news=bool(said))
    if said and trial.is_on(project.production):
        from vigil import beside

        beside.note(project)
    if project.outcomes is not None and not project.outcomes.is_dir():
        said.append(f"{project.outcomes}: this folder of outcomes does not exist ('outcomes_folder_path').")
    return said


def take_up_answers(project: Project, contract: Contract) -> list[str]:
    """Move the service's answers into their table, and delete what is too old to be kept."""
    from vigil import models
    from vigil.predictions import collecting

    moved, lost = collecting.collect(project.output, contract, models.code_order(contract))
    oldest = project.clock() - timedelta(days=project.config.predictions.days)
    gone = collecting.forget(project.output, oldest) if moved else 0
    said = [f"{figures.counted(moved, 'prediction')} taken in."] if moved else []
    said += [f"{lost:,} predictions were not written down: the log was full."] if lost else []
    return said + ([f"{gone:,} old predictions deleted."] if gone else [])


def take_up_outcomes(project: Project, contract: Contract) -> list[str]:
    """Move outcomes that were sent, and those in the outcomes folder, into their table."""
    from vigil.outcomes import store

    received = store.collect(project.output)
    said = [f"{figures.counted(received, 'outcome')} received."] if received else []
    if project.outcomes is None or not project.outcomes.is_dir():
        return said
    known = project.ledger.files.known()
    settled = time.time_ns() - int(project.config.settle_seconds * 1e9)
    for path, stamp in sorted(glance.stamped(project.outcomes)):
        row = known.get(glance.path_key(path, project.root))
        seen = row is not None and (row["size"], row["mtime_ns"], row["inode"]) == stamp
        if not seen and (project.config.settle_seconds == 0 or stamp[1] <= settled):
            said.append(take_file(project, contract, path, stamp))
    return said


def take_file(project: Project, contract: Contract, path: Path, stamp: tuple[int, int, int]) -> str:
    """Take one file of outcomes in, or refuse it whole; one that cannot be read now is left for later."""
    from vigil.errors import FileRefused, FileUnreadable
    from vigil.outcomes import store

    name = intake.shown(path)
    try:
        found = store.take_file(project.output, path, contract, project.clock().timestamp())
        status, reason = "outcomes", str(found)
    except FileUnreadable as error:
        return f"{name}: {error.what} The next tick tries again."
    except FileRefused as refusal:
        status, reason = "refused", f"{refusal.what} {refusal.hint}".strip()
    project.ledger.files.record(
        glance.path_key(path, project.root), stamp, digest="", status=status, batch=None, reason=reason,
        contract_version=contract.version, run=0, details={"name": name, "rows": 0, "faults": []},
    )  # fmt: skip
    return f"{name}: {reason}"


def count(project: Project, contract: Contract, *, news: bool) -> list[str]:
    """Look what has come of the rows that wait; those that count now are laid down as a file.

    Nothing is looked at when nothing came and nothing is due.
    """
    from vigil.outcomes import cohorts, store
    from vigil.outcomes.waiting import corrected

    now, before = project.clock(), json.loads(project.ledger.facts.get(glance.LABELS) or "{}")
    is_due = now.timestamp() >= float(project.ledger.facts.get(glance.LABELS_DUE) or "inf")
    through = project.ledger.batches.last_order()
    if not (news or is_due or through != before.get("batches_through", 0)):
        return []
    since = now - timedelta(days=2 * project.config.label_horizon)
    waiting, first = rows_that_wait(project, contract, now, since, before.get("predictions_from", 1))
    outcomes = store.known(project.output)
    looked = [(cohort, cohorts.look(cohort, outcomes)) for cohort in waiting]
    counted = {one.id: before["counted"][one.id] for one in waiting if one.id in before.get("counted", {})}
    said = []
    for cohort, found in looked:
        if cohort.id in counted:
            at = datetime.fromisoformat(counted[cohort.id]["at"])
            counted[cohort.id]["corrected"] = corrected(project.output, cohort, found, at)
        elif counts(project, cohort, found, now):
            counted[cohort.id] = lay_down(project, contract, cohort, found, now)
            said.append(f"{cohort.id}: {found.labelled:,} of {len(found.labels):,} rows have a label.")
    strangers = cohorts.strangers(waiting, outcomes, since)
    if len(strangers) > before.get("unmatched", 0):
        said.append(unmatched(strangers))
    left = [(cohort, found) for cohort, found in looked if cohort.id not in counted]
    standing = {
        "counted": counted,
        "waiting": [summary(cohort, found) for cohort, found in left],
        "delays": [
            {"days": d, "share": share, "rows": rows} for d, share, rows in cohorts.curve(looked, now)
        ],
        "unmatched": len(strangers),
        "predictions_from": first,
        "batches_through": through,
    }
    due = min((ends(project, cohort) for cohort, _ in left), default=None)
    facts = {glance.LABELS: json.dumps(standing), glance.LABELS_DUE: due.timestamp() if due else "inf"}
    project.ledger.facts.set(**facts)
    return said


def ends(project: Project, cohort: Cohort) -> datetime:
    """Return when no more labels are waited for; before a day's rows are all there, when the day ends."""
    days = project.config.label_horizon if cohort.ended else 1
    return cohort.begun + timedelta(days=days)


def unmatched(cases: list[str]) -> str:
    """Say that outcomes are about no row that is known, and name the newest, on one line."""
    count = f"{len(cases):,} outcomes match" if len(cases) > 1 else "1 outcome matches"
    newest = " ".join(cases[-1][:200].split())
    return f"{count} no row that was answered or came without a label; the newest is about {newest}."


def rows_that_wait(
    project: Project, contract: Contract, now: datetime, since: datetime, first: int
) -> tuple[list[Cohort], int]:
    """Return answers and unlabelled files since a moment, and where to begin the next time."""
    from vigil.outcomes import waiting

    answered, first = waiting.answered(project.output, contract, now, since, first)
    came = waiting.arrived(project.ledger, project.table, contract, since)
    return answered + came, first


def counts(project: Project, cohort: Cohort, found: Found, now: datetime) -> bool:
    """Say whether rows enter the evidence now: nearly all labels are in, or no more are waited for."""
    return cohort.ended and (found.share >= LABELLED_SHARE or now >= ends(project, cohort))


def lay_down(
    project: Project, contract: Contract, cohort: Cohort, found: Found, now: datetime
) -> dict[str, Any]:
    """Make labelled rows a file, which ingestion takes in like any other; return what is remembered."""
    from vigil.outcomes import waiting

    rows, name = waiting.lay_down(project.labelled, contract, cohort, found)
    return {**summary(cohort, found), "file": name, "used": rows, "at": now.isoformat(), "corrected": 0}


def summary(cohort: Cohort, found: Found) -> dict[str, Any]:
    """Return how a cohort stands."""
    rows = len(found.labels)
    return {"id": cohort.id, "begun": cohort.begun.isoformat(), "rows": rows, "labelled": found.labelled}


def command(project: Project, _options: argparse.Namespace) -> None:
    """Take in what the service wrote and what came of it."""
    with project.locked(), begun(project, "labelling") as current, current.step("labelling"):
        lines = run(project)
    for line in lines or ["Nothing new."]:
        project.console.say(line)


if __name__ == "__main__":
    sys.exit(perform(command, parser(__doc__.splitlines()[0]).parse_args()))
