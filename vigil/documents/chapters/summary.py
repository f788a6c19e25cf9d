"""The first page: what happened, how sure that is, what to do next, and what is new since the last report."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.charts.reading import at, higher_is_better, number, rows
from vigil.documents.chapters import since
from vigil.documents.content import Block, Panel, Table, Tiles, more, section, text
from vigil.documents.verdict import verdict

_MOST_ADVICE = 5


def story(returns: dict[str, Any]) -> list[Block]:
    """Return the title, the verdict, the numbers behind it, the news, and what to do."""
    found = verdict(returns)
    lines = [("What happened", found.what), ("How sure", found.sure), ("What to do next", found.act)]
    return [
        text(wording.shorten(returns.get("project") or "Vigil", 60), "title"),
        text(_source(returns), "subtitle"),
        Panel(found.label, found.tone, found.headline, lines),
        *_tiles(returns),
        *_paused(returns),
        *since.story(returns),
        *_advice(returns),
        *_reading(returns),
    ]


#: What a reader who never saw such a report is told first and last.
_WATCHES = (
    "Vigil watches a deployed model: it compares each file that arrives with what the model learned on, "
    "and the model's answers with the labels in the file."
)
_TYPED = "Commands are typed in a terminal, in the folder that holds fullprocess.py."


def _reading(returns: dict[str, Any]) -> list[Block]:
    """Tell a newcomer what the numbers mean, and where to type."""
    return [section("How to read this"), text(" ".join([_WATCHES, *_meanings(returns), _TYPED]))]


def _meanings(returns: dict[str, Any]) -> list[str]:
    """Say what score and evidence are, nothing when no model is deployed."""
    scoring = returns.get("scoring")
    if not at(scoring, "release"):
        return []
    metric = wording.sentence(wording.metric(at(scoring, "metric")))
    better = "higher" if higher_is_better(returns) else "lower"
    alarm = number(at(scoring, "evidence", "alarm_at"))
    score = (
        f"{metric} is the model's score: now, on the newest file with labels; at deployment, on rows that "
    )
    score += f"were kept from its training; {better} is better."
    evidence = "Evidence of decay is 1 at first and grows while the model does worse than at deployment"
    return [
        score,
        f"{evidence}." if alarm is None else f"{evidence}; at {wording.figure(alarm)} the alarm is raised.",
    ]


def _source(returns: dict[str, Any]) -> str:
    """Say which run, when, and which model this is about."""
    parts = [f"Run {wording.count(returns.get('run'))}", wording.moment(returns.get("generated"))]
    if at(returns, "scoring", "release"):
        model = wording.shorten(at(returns, "scoring", "model") or "model", 30)
        parts.append(f"release {wording.release(at(returns, 'scoring', 'release'))} ({model})")
    return "   ·   ".join(parts)


def _tiles(returns: dict[str, Any]) -> list[Block]:
    """Return the four numbers of the verdict side by side; nothing when no model is deployed."""
    scoring = returns.get("scoring")
    if not at(scoring, "release"):
        return []
    metric = wording.sentence(wording.metric(at(scoring, "metric")))
    alarm = number(at(scoring, "evidence", "alarm_at"))
    smallest = at(scoring, "detectable")
    tiles = [
        (f"{metric} now", *_now(scoring)),
        (f"{metric} at deployment", wording.score(at(scoring, "reference", "score")), _baseline(returns)),
        (
            "Evidence of decay",
            wording.evidence(at(scoring, "evidence", "e_value")),
            "no batch has counted yet" if alarm is None else f"alarm at {wording.figure(alarm)}",
        ),
        (
            f"Smallest visible {'drop' if higher_is_better(returns) else 'rise'}",
            wording.score(smallest),
            "not yet known" if number(smallest) is None else "found by now, 4 times in 5",
        ),
    ]
    return [Tiles(tiles)]


def _paused(returns: dict[str, Any]) -> list[Block]:
    """Say that nothing is trained, when a person paused it."""
    paused = at(returns, "now", "training_paused")
    words = f"Training is paused since {wording.moment(paused)}, until a person resumes it."
    return [text(words)] if paused else []


def _now(scoring: Any) -> tuple[str, str]:
    """Return the score now with its interval; the estimate while labels are missing."""
    if number(at(scoring, "score")) is not None:
        return wording.score(at(scoring, "score")), wording.interval(at(scoring, "interval"))
    estimated = at(scoring, "estimate", "score")
    if number(estimated) is None:
        return wording.NOTHING, "no labelled batch yet"
    bounds = wording.interval([at(scoring, "estimate", "low"), at(scoring, "estimate", "high")])
    return f"≈ {wording.score(estimated)}", f"estimated without labels{', ' + bounds if bounds else ''}"


def _baseline(returns: dict[str, Any]) -> str:
    """Say what a model that has learnt nothing scores."""
    baseline = number(at(returns, "scoring", "reference", "baseline"))
    return "" if baseline is None else f"a trivial model: {wording.score(baseline)}"


def _advice(returns: dict[str, Any]) -> list[Block]:
    """Return what to do, the most urgent first."""
    urgency = {"act": 0, "warn": 1}
    found = rows(returns, "diagnostics", "advice")
    found.sort(key=lambda item: urgency.get(str(item.get("severity")), 2))
    if not found:
        return []
    shown = found[:_MOST_ADVICE]
    lines = [
        [
            _URGENCY.get(str(item.get("severity")), "To know"),
            wording.shorten(item.get("what") or "", 300),
            wording.shorten(item.get("do") or "", 400),
        ]
        for item in shown
    ]
    return [
        section("To do"),
        Table(("When", "What", "What to do"), lines, (10, 45, 45), "lll"),
        *more(len(shown), len(found), "points; the service's /diagnostics lists them all"),
    ]


_URGENCY = {"act": "Now", "warn": "Soon"}
