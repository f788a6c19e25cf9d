"""The weekly digest: what the ledger says of the last seven days, in a few lines."""

from __future__ import annotations

from datetime import datetime, timedelta

from vigil import figures
from vigil.alerts.finding import Finding
from vigil.ledger.ledger import Ledger
from vigil.ledger.shelf import Row, timestamp


def digest(ledger: Ledger, now: datetime) -> Finding:
    """Return the last seven days as one message."""
    since = timestamp(now - timedelta(days=7))
    runs = [row for row in ledger.runs.latest(limit=2000) if row["started"] >= since]
    failed = sum(row["status"] == "failed" for row in runs)
    decided = ledger.decisions.since(since)
    promoted = [row for row in decided if row["kind"] == "gate" and row["outcome"] == "promote"]
    lines = [
        _standing(ledger),
        f"{_counted(len(runs), 'run')} with something to do, {failed} failed.",
        f"{_counted(len(promoted), 'release')} went live; {_counted(len(decided), 'decision')} in all.",
        *_alerts(ledger),
    ]
    title = f"The week to {now:%Y-%m-%d}"
    return Finding("digest", title, "info", title, "\n".join(lines), since, lasting=False)


def _standing(ledger: Ledger) -> str:
    score = ledger.scores.latest()
    if score is None:
        return "No batch has been scored yet."
    value = figures.score(score["value"])
    return f"The model is {score['verdict']}: {score['metric']} {value} on batch {score['order']}."


def _alerts(ledger: Ledger) -> list[str]:
    standing = ledger.alerts.standing()
    listed = [f"- {row['title']} (since {row['since'][:10]})" for row in standing[:10]]
    return [
        f"{_counted(len(standing), 'alert')} not ended.",
        *listed,
        *_set_aside(ledger.messages.newest(500)),
    ]


def _set_aside(messages: list[Row]) -> list[str]:
    failed = sum(row["state"] == "failed" for row in messages)
    if not failed:
        return []
    return [f"{_counted(failed, 'message')} could not be delivered: python alerting.py --retry"]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
