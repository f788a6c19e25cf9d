"""How the project stands in one sentence, with its reason and the next thing to do.

The gravest that is true is said: a model that cannot be trusted before one that nobody looks after,
and both before one that is fine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from vigil.charts.wording import quoted
from vigil.ledger.glance import PAUSED
from vigil.web.service import Service
from vigil.web.standing import MISSED, tick_age

#: How a page colours it: all is well, keep an eye on it, act, or nothing can be said yet.
Severity = Literal["good", "watch", "act", "idle"]

TICK = "python fullprocess.py"

#: A class whose share differs by so much from the held-out rows is worth a word.
MIX_MOVED = 0.1


@dataclass(frozen=True, slots=True)
class Status:
    """One sentence and what follows from it.

    ``do`` says what a person does next; ``command`` is what to type, ``action`` the name of the button that
    does the same, ``link`` the page to read. Those three may be empty. ``also`` has what is true besides, and
    less grave, but wants a person too.
    """

    state: str
    severity: Severity
    headline: str
    reason: str
    do: str
    command: str = ""
    action: str = ""
    link: str = ""
    also: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "also": list(self.also)}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a status is made from: the answer of ``/scoring``, and what lies around it."""

    now: Mapping[str, Any]
    has_batches: bool
    faults: tuple[Mapping[str, Any], ...]
    refused: int
    paused: str
    tick_age: float | None
    overdue: float
    input_folder: str
    held_out: Mapping[str, Any]
    promoted: str


def status(service: Service, now: Mapping[str, Any], faults: list[dict[str, Any]]) -> Status:
    """Return how the project stands; ``now`` is the answer of ``/scoring``, ``faults`` the open ones."""
    ledger, config = service.project.ledger, service.project.config
    release = ledger.releases.get(now["release"]) if now["release"] else None
    seen = Seen(
        now=now,
        has_batches=bool(ledger.batches.last_order()),
        faults=tuple(fault for fault in faults if fault["holds"] and fault["state"] == "open"),
        refused=len(ledger.files.with_status("refused")),
        paused=ledger.facts.get(PAUSED) or "",
        tick_age=tick_age(service),
        overdue=MISSED * 60.0 * config.schedule,
        input_folder=config.input_folder_path,
        held_out=(release or {"reference": {}})["reference"].get("details") or {},
        promoted=_promoted(service, now["release"]),
    )
    found, typed = judged(seen), service.project.runnable
    return replace(found, reason=typed(found.reason), do=typed(found.do), command=typed(found.command))


def _promoted(service: Service, live: str | None) -> str:
    """Return why the live release went live, when it was the newest decision at the gate."""
    gate = next(iter(service.project.ledger.decisions.gates(1)), None)
    return gate["reason"] if gate and (gate["release"], gate["outcome"]) == (live, "promote") else ""


def judged(seen: Seen) -> Status:
    """Return the gravest status that is true."""
    first, *others = [found for rule in _RULES if (found := rule(seen)) is not None]
    return replace(first, also=tuple(one.headline for one in others if one.severity in ("act", "watch")))


def _damaged(seen: Seen) -> Status | None:
    if not seen.now["notice"]:
        return None
    do = "Roll back to the release before it, or restore its files from a backup."
    return Status(
        "damaged", "act", "The live model cannot be loaded.", seen.now["notice"], do,
        "python deployment.py --rollback", "rollback",
    )  # fmt: skip


def _empty(seen: Seen) -> Status | None:
    if seen.now["release"] is not None or seen.has_batches:
        return None
    if seen.refused:
        reason = f"{_counted(seen.refused, 'file was', 'files were')} refused, and none was taken in."
        do = "See in the newest run why, correct the file or the contract, then start a tick."
        return Status("refused", "act", "No data could be read yet.", reason, do, TICK, "run", "/runs")
    reason = "No file has arrived, so there is nothing to train on."
    do = f"Put a file with labelled rows into {seen.input_folder}, then start a tick."
    return Status("empty", "idle", "No model is deployed yet.", reason, do, TICK, "run")


def _no_skill(seen: Seen) -> Status | None:
    if seen.now["release"] is not None or not seen.has_batches:
        return None
    do = "Bring more rows, or columns that tell more about the target; then start a tick."
    headline = "No model is deployed: none was better than a constant answer."
    return Status("no-skill", "act", headline, seen.now["reason"], do, TICK, "run")


def _broken_feed(seen: Seen) -> Status | None:
    if not seen.faults:
        return None
    first = seen.faults[0]
    others = len(seen.faults) - 1
    more = f" {_counted(others, 'more fault', 'more faults')} in the feed." if others else ""
    headline = f"The feed is broken: {quoted(first['name'])} is kept out of training."
    return Status(
        "broken-feed", "act", headline, f"{first['what']}{more}", first["what_to_do"], first["command"],
        link="/faults",
    )  # fmt: skip


def _incident(seen: Seen) -> Status | None:
    incident = seen.now["incident"]
    if not incident or incident["state"] != "open" or incident["release"] != seen.now["release"]:
        return None
    tried = incident["attempts"]
    headline = "The model has become worse"
    headline += ", and no challenger was better yet." if tried else "."
    do = (
        "Look what changed below. Bring labelled rows from after the change: each tick tries challengers "
        "on them. "
        "When the fall is understood and accepted, acknowledge it."
    )
    command = "python deployment.py --acknowledge"
    return Status("incident", "act", headline, seen.now["reason"], do, command, "acknowledge")


def _degraded(seen: Seen) -> Status | None:
    if seen.now["verdict"] != "degraded" or _incident(seen) is not None:
        return None
    do = "Read the newest run: it says which challengers were tried and what the gate decided."
    return Status("degraded", "act", "The model has become worse.", seen.now["reason"], do, link="/runs")


def _paused(seen: Seen) -> Status | None:
    if not seen.paused:
        return None
    since = f"{seen.paused[:10]} {seen.paused[11:16]} UTC"
    reason = f"Scheduled ticks are paused since {since}: new files are neither read nor judged. {_last(seen)}"
    do = "Resume when the work is done that they were paused for."
    return Status(
        "paused",
        "watch",
        "Nobody looks after the model: ticks are paused.",
        reason,
        do,
        f"{TICK} --resume",
        "resume",
    )


def _overdue(seen: Seen) -> Status | None:
    if seen.tick_age is None or seen.tick_age <= seen.overdue:
        return None
    headline = f"No tick has looked for {_duration(seen.tick_age)}."
    reason = f"What stands here may be out of date. {_last(seen)}"
    do = "Start a tick, and see that the schedule runs: make cron, or python app.py --schedule."
    return Status("overdue", "watch", headline, reason, do, TICK, "run")


def _watch(seen: Seen) -> Status | None:
    if seen.now["verdict"] != "watch":
        return None
    do = "Nothing yet: the next labelled batches decide. See that they arrive, and look at the drift below."
    return Status("watch", "watch", "The model may be getting worse.", seen.now["reason"], do)


def _unscored(seen: Seen) -> Status | None:
    if seen.now["batch"] is not None:
        return None
    headline = "A new model is live and waits for its first labelled batch."
    do = "Let the next labelled file arrive. Predictions are answered meanwhile."
    return Status("unscored", "idle", headline, seen.promoted or seen.now["reason"], do)


def _insufficient(seen: Seen) -> Status | None:
    if seen.now["verdict"] != "insufficient data":
        return None
    do = "Let more labelled rows arrive, or send outcomes to POST /outcomes; predictions go on meanwhile."
    headline = "There is not enough labelled data to tell yet."
    return Status("insufficient-data", "idle", headline, seen.now["reason"], do)


def _mix_changed(seen: Seen) -> Status | None:
    moved = mix_moved(seen.held_out, seen.now["details"])
    if moved is None or moved[3] < MIX_MOVED:
        return None
    label, then, today, _ = moved
    headline = "The model is as good as before; the classes come in another mix."
    mix = f"Class {quoted(label)} is {today:.0%} of the newest rows, and was {then:.0%} of the held-out ones."
    do = "Nothing for the model. Ask whether the world has changed so, or only what is sent."
    return Status("mix-changed", "good", headline, f"{mix} {seen.now['reason']}", do)


def _steady(seen: Seen) -> Status:
    do = "Nothing. The next tick looks again."
    headline = "The model is fine: there is no sign that it has become worse."
    return Status("steady", "good", headline, seen.now["reason"], do)


_RULES: tuple[Callable[[Seen], Status | None], ...] = (
    _damaged,
    _empty,
    _no_skill,
    _broken_feed,
    _incident,
    _degraded,
    _paused,
    _overdue,
    _watch,
    _unscored,
    _insufficient,
    _mix_changed,
    _steady,
)


def mix_moved(
    held_out: Mapping[str, Any], batch: Mapping[str, Any]
) -> tuple[str, float, float, float] | None:
    """Return the class whose share moved most, both shares and the distance; None without classes.

    Both hold ``labels`` and ``confusion``, with one row for each true class.
    """
    then, today = _shares(held_out), _shares(batch)
    if not then or then.keys() != today.keys():
        return None
    label = max(then, key=lambda name: abs(today[name] - then[name]))
    return label, then[label], today[label], abs(today[label] - then[label])


def _shares(details: Mapping[str, Any]) -> dict[str, float]:
    rows = [sum(row) for row in details.get("confusion") or []]
    total = sum(rows)
    return (
        {str(n): row / total for n, row in zip(details.get("labels") or [], rows, strict=False)}
        if total
        else {}
    )


def _last(seen: Seen) -> str:
    """Say what was known last."""
    return (
        f"Last known: {seen.now['verdict']}. {seen.now['reason']}"
        if seen.now["batch"]
        else seen.now["reason"]
    )


def _counted(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


def _duration(seconds: float) -> str:
    """Write an age in its largest unit."""
    for unit, size in (("day", 86400), ("hour", 3600)):
        if seconds >= 1.5 * size:
            return _counted(round(seconds / size), unit, f"{unit}s")
    return _counted(round(seconds / 60), "minute", "minutes")
