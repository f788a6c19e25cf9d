"""What was decided in this run, why, and on which evidence."""

from __future__ import annotations

import re
from typing import Any

from vigil import figures
from vigil.charts import wording
from vigil.charts.reading import at, number, rows
from vigil.documents.content import Block, Facts, Together, chapter, charts, more, section, text

_MOST = 10
_MOST_FACTS = 18
_MOST_REASONS = 12


def story(returns: dict[str, Any]) -> list[Block]:
    """Return the latest decisions and the chart of the evidence."""
    found = rows(returns, "run_detail", "decisions")
    shown = found[-_MOST:]
    title, nothing = chapter("Decisions"), text("Nothing had to be decided in this run.")
    told = [_decision(decision) for decision in shown] or [[nothing]]
    told[0].insert(0, title)
    return [
        *[Together(parts) for parts in told],
        *more(len(shown), len(found), "earlier decisions are in the ledger"),
        *_incident(returns),
        *_held(returns),
        chapter("Evidence"),
        *_reached(returns),
        charts("evidence"),
    ]


def _decision(decision: dict[str, Any]) -> list[Block]:
    """Return one decision: what, for which batch, the reason, the numbers."""
    kind = str(decision.get("kind") or "decision")
    outcome = str(decision.get("outcome") or "")
    title = _TITLES.get((kind, outcome), f"{kind}: {outcome or 'open'}")
    where = [f"batch {wording.shorten(decision['batch'], 40)}"] if decision.get("batch") else []
    where += [f"release {wording.release(decision['release'])}"] if decision.get("release") else []
    evidence = decision.get("evidence")
    shown = evidence if isinstance(evidence, dict) else {}
    numbers = _flat({key: value for key, value in shown.items() if key not in _FOR_PROGRAMS})
    return [
        section(title),
        *([text(", ".join(where), "note")] if where else []),
        text(decision.get("reason") or "No reason was recorded."),
        *([Facts(numbers[:_MOST_FACTS])] if numbers else []),
        *more(min(len(numbers), _MOST_FACTS), len(numbers), "numbers are in the ledger"),
    ]


def _reached(returns: dict[str, Any]) -> list[Block]:
    """Return the verdict's own words, one thought a line."""
    reason = at(returns, "scoring", "reason")
    if not reason:
        return []
    parts = [part.strip(" .") for part in re.split(r"; |\. ", str(reason))]
    thoughts = [part for part in parts if part][:_MOST_REASONS]
    return [text(f"• {wording.sentence(part)}.", "item") for part in thoughts]


def _incident(returns: dict[str, Any]) -> list[Block]:
    """Say which incident is open, and since when the data differs."""
    incident = at(returns, "scoring", "incident")
    if not isinstance(incident, dict):
        return []
    opened = wording.shorten(incident.get("opened_by") or "an earlier batch", 40)
    since = incident.get("since")
    change = f"; the change most probably began with {wording.shorten(since, 40)}" if since else ""
    tries = wording.plural(incident.get("attempts"), "attempt") + " to replace the model so far"
    state = "open" if incident.get("state") == "open" else "closed"
    words = (
        f"The alarm of {opened} opened an incident on {wording.moment(incident.get('opened_at'))}{change}. "
    )
    return [section("Incident"), text(f"{words}{tries}; it is {state}.")]


def _held(returns: dict[str, Any]) -> list[Block]:
    """Say whether a fresh release is on probation."""
    words = at(returns, "now", "probation", "words")
    return [section("On probation"), text(words)] if words else []


def _flat(evidence: Any, prefix: str = "", depth: int = 0) -> list[tuple[str, str]]:
    """Return nested evidence as names and written values."""
    if not isinstance(evidence, dict) or depth > 4:
        return []
    found = []
    for key, value in evidence.items():
        name = f"{prefix}{wording.shorten(key, 40)}".replace("_", " ")
        if isinstance(value, dict):
            found += _flat(value, f"{name}, ", depth + 1)
        else:
            found.append((name, _written(value)))
    return found


def _written(value: Any) -> str:
    """Write one piece of evidence."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    found = number(value)
    if found is not None and not found.is_integer():
        return figures.score(found).replace("-", "−")
    if value is None or found is not None:
        return wording.figure(value)
    if isinstance(value, list):
        return ", ".join(_written(item) for item in value[:4]) + (" …" if len(value) > 4 else "")
    text = str(value)
    return wording.release(text) if _RELEASE.fullmatch(text) else wording.shorten(text, 30)


#: A release's id, of which people compare the beginning.
_RELEASE = re.compile(r"[0-9a-f]{12,16}")

_TITLES = {
    ("plan", "nothing"): "The live model stays",
    ("plan", "train-first"): "A first model is trained",
    ("plan", "retrain"): "Challengers are trained",
    ("plan", "refresh"): "A refresh is trained",
    ("plan", "replace"): "A replacement is trained",
    ("plan", "renew"): "What answers is renewed",
    ("plan", "restore"): "The release before is put back",
    ("gate", "promote"): "Gate: promoted",
    ("gate", "keep"): "Gate: the champion stays",
    ("gate", "abstain"): "Gate: too little to decide",
    ("gate", "nothing"): "Gate: nothing was deployed",
    ("rollback", "rollback"): "Rolled back",
    ("repoint", "repoint"): "Pointer written anew",
    ("acknowledge", "acknowledge"): "Incident acknowledged",
}

#: Evidence that only programs need, or that the reason has told.
_FOR_PROGRAMS = (
    "candidates",
    "tried",
    "since",
    "attempt",
    "cells",
    "freshness",
    "buckets",
    "e_value",
    "alarm_at",
)
