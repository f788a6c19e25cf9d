"""What was decided in this run, why, and on which evidence."""

from __future__ import annotations

from typing import Any

from reportlab.platypus import Flowable, KeepTogether

from vigil.charts import wording
from vigil.charts.reading import at, number, rows
from vigil.documents.layout.blocks import chapter, facts, more, text
from vigil.documents.layout.figures import Figures

_MOST = 10
_MOST_FACTS = 18


def story(returns: dict[str, Any], figures: Figures) -> list[Flowable]:
    """Return the latest decisions and the chart of the evidence."""
    found = rows(returns, "run_detail", "decisions")
    shown = found[-_MOST:]
    title, nothing = chapter("Decisions"), text("Nothing had to be decided in this run.")
    told = [_decision(decision) for decision in shown] or [[nothing]]
    told[0].insert(0, title)
    return [
        *[KeepTogether(parts) for parts in told],
        *more(len(shown), len(found), "earlier decisions are in the ledger"),
        *_incident(returns),
        chapter("Evidence"),
        *figures.chart("evidence", returns),
    ]


def _decision(decision: dict[str, Any]) -> list[Flowable]:
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
        text(title, "section"),
        *([text(", ".join(where), "note")] if where else []),
        text(decision.get("reason") or "No reason was recorded."),
        *([facts(numbers[:_MOST_FACTS])] if numbers else []),
        *more(min(len(numbers), _MOST_FACTS), len(numbers), "numbers are in the ledger"),
    ]


def _incident(returns: dict[str, Any]) -> list[Flowable]:
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
    return [text("Incident", "section"), text(f"{words}{tries}; it is {state}.")]


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
    if value is None or number(value) is not None:
        return wording.figure(value)
    if isinstance(value, list):
        return ", ".join(_written(item) for item in value[:4]) + (" …" if len(value) > 4 else "")
    return wording.shorten(value, 30)


_TITLES = {
    ("plan", "nothing"): "The live model stays",
    ("plan", "train-first"): "A first model is trained",
    ("plan", "retrain"): "Challengers are trained",
    ("plan", "refresh"): "A refresh is trained",
    ("plan", "replace"): "A replacement is trained",
    ("gate", "promote"): "Gate: promoted",
    ("gate", "keep"): "Gate: the champion stays",
    ("gate", "abstain"): "Gate: too little to decide",
    ("gate", "nothing"): "Gate: nothing was deployed",
    ("rollback", "rollback"): "Rolled back",
    ("acknowledge", "acknowledge"): "Incident acknowledged",
}

#: Evidence that only programs need.
_FOR_PROGRAMS = ("candidates", "tried", "since", "attempt", "cells")
