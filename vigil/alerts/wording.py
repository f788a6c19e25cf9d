"""What each kind of alert says, made of the ledger's rows."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime

from vigil import figures
from vigil.alerts.finding import Finding
from vigil.ledger.shelf import Row, timestamp
from vigil.records import Decision, Score

#: Files that a message names.
SHOWN = 5


def incident(
    row: Row, score: Score | None, closed: Decision | None,
    *, run: int, changed: str, back: str | None, false_alarm: float,
) -> Finding:  # fmt: skip
    """Say that the live model has become worse; of a closed incident, also how it ended.

    ``changed`` names the batch with which it began, ``back`` the release to which one can roll back.
    """
    reason = score.reason if score else "An alarm was raised."
    how = closed.reason if closed else ""
    step = f"; if none can come, roll back to release {back}: python deployment.py --rollback {back}"
    return Finding(
        kind="incident",
        subject=row["id"],
        severity="critical",
        title="The live model has become worse.",
        what=f"{reason} Probably since {changed}.",
        since=row["opened_at"],
        sure=_sureness(score, false_alarm) if score else "",
        do=(
            f"Read what was tried: python fullprocess.py --explain {run}. Each batch with labels since the "
            f"change brings new challengers; this retrains from batch {changed} at once: "
            f"python fullprocess.py --force-retrain --since {shlex.quote(changed)}{step if back else ''}; if "
            "the fall is understood and accepted, close the incident: python deployment.py --acknowledge"
        ),
        page=f"/runs/{run}",
        ended=f"The incident is closed. {how}".strip() if row["state"] == "closed" else "",
    )


def _sureness(score: Score, false_alarm: float) -> str:
    return (
        f"the evidence is {figures.evidence(score.e_value)}, an alarm is raised at {score.alarm_at:,.0f}. "
        "For a model that is as good as it was, this ever happens with a probability of at most "
        f"{figures.digits(100 * false_alarm)} %."
    )


def refused(files: Sequence[Row], since: str) -> Finding:
    """Say which files stand refused, together; each of them is a part."""
    told = " ".join(_named(row) for row in files[:SHOWN])
    more = f" And {len(files) - SHOWN} more." if len(files) > SHOWN else ""
    return Finding(
        kind="files",
        subject="refused",
        severity="warning",
        title="A file was refused." if len(files) == 1 else f"{len(files)} files stand refused.",
        what=f"{told}{more}",
        since=since,
        sure="certain: this is how the files stand against the contract.",
        do=f"Correct the file, or edit the contract. {_check(files[0])}",
        page=f"/runs/{max(row['run'] for row in files)}",
        parts=tuple(f"{row['path']} {row['digest']}" for row in files),
    )


def broken(files: Sequence[Row], since: str) -> Finding:
    """Say that every file since the last one that was taken in was refused."""
    return Finding(
        kind="feed",
        subject="refused",
        severity="critical",
        title="Nothing usable arrives.",
        what=f"The last {len(files)} files were all refused. {_named(files[0])}",
        since=since,
        sure="certain: nothing was taken in since.",
        do=f"Ask whoever makes the files. {_check(files[0])}",
        page=f"/runs/{max(row['run'] for row in files)}",
    )


def held(faults: Sequence[Row], name: str) -> Finding:
    """Say which faults keep batches out of training, together; ``name`` is the first one's batch."""
    first = faults[0]
    more = f" And {len(faults) - 1} more." if len(faults) > 1 else ""
    shows, repair = ("This shows what a repair would change", "--fix")
    if first["repair"] is None:
        shows, repair = ("If the data is meant so", "--dismiss")
    return Finding(
        kind="feed",
        subject="faults",
        severity="critical",
        title="The feed is broken.",
        what=f"{name} is kept out of training. {first['what']}{more}",
        since=first["at"],
        sure=f"{first['confidence']:.0%}, weighed against the batches before it.",
        do=f"{first['act']} {shows}: python diagnostics.py {repair} {first['id']}",
        page="/faults",
        parts=tuple(row["id"] for row in faults),
    )


def learned(what: str, do: str, since: str, faults: Sequence[str]) -> Finding:
    """Say that the live release was trained on batches that are known as broken by now."""
    return Finding(
        kind="feed",
        subject="learned",
        severity="critical",
        title="The live model has learned broken data.",
        what=what,
        since=since,
        sure="certain: the release says which files it was trained on.",
        do=do,
        page="/faults",
        parts=tuple(faults),
    )


def silent(hours: float, last: str, folder: str, since: str) -> Finding:
    """Say that no file was taken in for too long."""
    return Finding(
        kind="feed",
        subject="silent",
        severity="warning",
        title="No data comes.",
        what=f"No file was taken in for more than {hours:g} hours. The last was {last}.",
        since=since,
        sure="certain: the ledger knows every file that was taken in.",
        do=f"See that files arrive in {folder}, and ask whoever sends them.",
    )


def _named(file: Row) -> str:
    return f"{file['details']['name']}: {file['reason']}"


def _check(file: Row) -> str:
    return f"This explains it: python ingestion.py --check {shlex.quote(file['path'])}"


def failed(run: Row, fault: str) -> Finding:
    """Say that the newest run failed."""
    how = f"ended with: {fault}" if fault else f"failed: {run['summary'] or 'it ended early'}."
    return Finding(
        kind="tick",
        subject="failed",
        severity="critical",
        title="A tick failed.",
        what=f"Run {run['run']} {how}",
        since=run["started"],
        sure="certain. What was finished stays, and the release that was live answers.",
        do="This takes up what was left, and shows what stops it: python fullprocess.py",
        page=f"/runs/{run['run']}",
    )


def untold(run: Row, fault: str) -> Finding:
    """Say that reports could not be written; what the run did is done all the same."""
    return Finding(
        kind="reports",
        subject="unwritten",
        severity="warning",
        title="A report could not be written.",
        what=f"Of run {run['run']}: {fault}",
        since=run["finished"] or run["started"],
        sure="certain. The run itself is done, and every decision of it stands.",
        do="The next tick tries again; this does so now, and shows what stops it: python reporting.py",
        page=f"/runs/{run['run']}",
    )


def undeployed(since: str) -> Finding:
    """Say that there is data and no model."""
    return Finding(
        kind="undeployed",
        subject="model",
        severity="warning",
        title="No model is deployed.",
        what="No candidate was better than a constant answer, so that nothing answers predictions.",
        since=since,
        sure="measured on held-out rows.",
        do="Bring more rows, or columns that tell more about the target; then: python fullprocess.py",
        page="/models",
    )


def decided(row: Row) -> Finding:
    """Say that another release is live, or that something else was decided about one."""
    is_promotion, what = row["kind"] == "gate", row["outcome"]
    title = "A new release is live." if is_promotion else f"A release was changed: {what}."
    do = "Nothing. This puts the release before it back: python deployment.py --rollback"
    if what == "rollback":
        title = "The release before is live again."
        held_one = row["evidence"].get("from", "RELEASE")
        do = f"Nothing. This lets the other be promoted again: python deployment.py --lift {held_one}"
    return Finding(
        kind=row["kind"],
        subject=row["id"],
        severity="info" if is_promotion else "warning",
        title=title,
        what=row["reason"],
        since=row["at"],
        sure="measured by the gate, on rows that were not trained on." if is_promotion else "certain.",
        do=do,
        page=f"/runs/{row['run']}",
        lasting=False,
    )


#: What is said of a trial: by what was done or found, the title and what to do.
_TRIED = {
    "begun": (
        "A release is tried beside the live one.",
        "Nothing. This says how it compares: python deployment.py --trial",
    ),
    "promote": (
        "The release on trial was better, and is live.",
        "Nothing. This puts the release before it back: python deployment.py --rollback",
    ),
    "end": ("A trial has ended: the live release answers alone.", "Nothing."),
    "not better": (
        "The release on trial was not better: the live one stays.",
        "Ask again with more labelled answers: python deployment.py --promote-trial; or --end-trial",
    ),
}


def tried(row: Row) -> Finding:
    """Say that a trial has begun or ended, or what the gate found of the release on trial."""
    known = row["outcome"] if row["outcome"] in _TRIED else "not better"
    title, do = _TRIED["begun" if row["kind"] == "trial" and row["outcome"] != "end" else known]
    return Finding(
        kind="trial",
        subject=row["id"],
        severity="info",
        title=title,
        what=row["reason"],
        since=row["at"],
        sure="certain."
        if row["kind"] == "trial"
        else "by the gate, on labelled rows that both have answered.",
        do=do,
        page="/models",
        lasting=False,
    )


def stopped(seen: datetime, minutes: int) -> Finding:
    """Say that no tick has looked for too long."""
    return Finding(
        kind="ticks",
        subject="stopped",
        severity="critical",
        title="Ticks have stopped.",
        what=f"The last one looked at {seen:%Y-%m-%d %H:%M} UTC; {minutes} minutes without one are too long.",
        since=timestamp(seen),
        sure="certain that none has ended since; one may still be at work.",
        do="See whether cron or python app.py --schedule runs; then: python fullprocess.py",
    )
