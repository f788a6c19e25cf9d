"""What is new since the last report: what was said then beside what is said now."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.charts.reading import at, rows
from vigil.documents.content import Block, Table, section, text

_MOST_NAMES = 4


def story(returns: dict[str, Any]) -> list[Block]:
    """Return a table of what differs, and a line of what does not."""
    previous = returns.get("previous")
    if not isinstance(previous, dict):
        return [section("Since the last report"), text("This is the first report.")]
    lines = [(name, told(previous), told(returns)) for name, told in _ASKED.items()]
    changed = [line for line in lines if line[1] != line[2]]
    same = [name.lower() for name, then, now in lines if then == now]
    then = f"Run {wording.count(previous.get('run'))}, {wording.day(previous.get('generated'))}"
    told = f"As before: {', '.join(same)}." if same else ""
    return [
        section("Since the last report"),
        *([Table(("What", then, "Now"), changed, (18, 40, 42), "lll")] if changed else []),
        text(told if changed else "Nothing has changed.", "note"),
    ]


def differs(returns: dict[str, Any]) -> bool:
    """Say whether more is new than another batch like those before.

    New is another verdict, release, incident, drifting column or fault, a file that was refused, and
    everything at the first report.
    """
    previous = returns.get("previous")
    if not isinstance(previous, dict):
        return True
    if any(batch.get("status") == "refused" for batch in rows(returns, "run_detail", "batches")):
        return True
    return any(
        told(previous) != told(returns) for told in (_verdict, _release, _incident, _drifting, _faults)
    )


def _verdict(source: dict[str, Any]) -> str:
    """Return the verdict's name."""
    if not at(source, "scoring", "release"):
        return "nothing deployed"
    return str(at(source, "scoring", "verdict") or "insufficient data")


def _release(source: dict[str, Any]) -> str:
    """Return what is live."""
    live = at(source, "scoring", "release")
    return f"{wording.release(live)} ({at(source, 'scoring', 'model') or 'model'})" if live else "none"


def _score(source: dict[str, Any]) -> str:
    """Return the newest score with its interval and its batch."""
    scoring = source.get("scoring")
    value = wording.score(at(scoring, "score"))
    bounds = wording.interval(at(scoring, "interval"))
    batch = at(scoring, "batch", "name")
    words = f"{value} ({bounds})" if bounds else value
    return f"{words} on {wording.shorten(batch, 40)}" if batch else words


def _evidence(source: dict[str, Any]) -> str:
    """Return where the evidence stands."""
    value = at(source, "scoring", "evidence", "e_value")
    alarm = at(source, "scoring", "evidence", "alarm_at")
    return f"{wording.evidence(value)} of {wording.figure(alarm)}" if value is not None else "none yet"


def _incident(source: dict[str, Any]) -> str:
    """Return the newest incident and its state."""
    incident = at(source, "scoring", "incident")
    if not isinstance(incident, dict):
        return "none"
    opened = wording.shorten(incident.get("opened_by") or "an earlier batch", 40)
    return f"{incident.get('state')}, of {opened}"


def _drifting(source: dict[str, Any]) -> str:
    """Name the columns that differ from what the release was trained on."""
    return _named(
        [
            wording.shorten(column.get("column") or "", 30)
            for column in rows(source, "diagnostics", "drift")
            if column.get("verdict") == "drift" or column.get("lasting")
        ]
    )


def _faults(source: dict[str, Any]) -> str:
    """Name the open faults of the feed."""
    is_open = [one for one in rows(source, "diagnostics", "faults") if one.get("state") == "open"]
    pairs = [[wording.shorten(one.get(key) or "", 30) for key in ("fault", "name")] for one in is_open]
    return _named([f"{fault.replace('_', ' ')} in {file}" for fault, file in pairs])


def _named(names: list[str]) -> str:
    """Name a few, and count the others."""
    shown = ", ".join(names[:_MOST_NAMES])
    return shown + (f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else "") or "none"


_ASKED = {
    "Verdict": _verdict,
    "Live release": _release,
    "Score": _score,
    "Evidence": _evidence,
    "Incident": _incident,
    "Drifting columns": _drifting,
    "Faults in the feed": _faults,
}
