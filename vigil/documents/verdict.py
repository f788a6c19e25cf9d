"""The verdict in words: what happened, how sure that is, what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vigil.charts import wording
from vigil.charts.reading import at, higher_is_better, number, rows

#: Faults of a file that are told at once.
_MOST_FAULTS = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reader in a hurry must know. ``tone`` is the verdict's name, which gives the colour."""

    label: str
    headline: str
    tone: str
    what: str
    sure: str
    act: str


def verdict(returns: dict[str, Any]) -> Verdict:
    """Return the verdict of a run."""
    broken = _broken(returns)
    if broken:
        return _of_faults(returns, broken)
    label, headline, tone = _headline(returns)
    return Verdict(label, headline, tone, _what(returns), _sure(returns, label), _act(returns, label))


def _broken(returns: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the faults that hold a file of this run, the surest first: those of one file."""
    arrived = {row.get("name") for row in rows(returns, "run_detail", "batches")}
    found = [
        fault
        for fault in rows(returns, "diagnostics", "faults")
        if fault.get("holds") and fault.get("state") == "open" and fault.get("name") in arrived
    ]
    return [fault for fault in found if fault.get("name") == found[0].get("name")]


def _of_faults(returns: dict[str, Any], found: list[dict[str, Any]]) -> Verdict:
    """Return the verdict on a broken feed: what happened to it and to the score, and what to type."""
    name, shown = wording.shorten(found[0].get("name") or "", 40), found[:_MOST_FAULTS]
    what = [*map(_happened, shown)]
    if len(found) > len(shown):
        what.append(f"And {len(found) - len(shown)} more: see “Faults in the feed”.")
    sure = [
        _confidence(shown),
        f"{name} is kept out of training, so that no model learns from it; predictions go on.",
    ]
    return Verdict(
        label="broken feed",
        headline=f"The feed is broken: {name} cannot be trusted",
        tone="degraded",
        what=" ".join(part for part in (*what, _latest(returns)) if part),
        sure=" ".join(sure),
        act=" ".join(_typed(shown)),
    )


def _happened(fault: dict[str, Any]) -> str:
    """Say what happened, and since when."""
    since, name = fault.get("since") or "", fault.get("name")
    already = f" It began with {wording.shorten(since, 40)}." if since not in ("", name) else ""
    return wording.shorten(fault.get("what") or "", 420) + already


def _confidence(shown: list[dict[str, Any]]) -> str:
    """Say how sure the names of the faults are: as the least sure is."""
    least = min(float(fault.get("confidence") or 0) for fault in shown)
    share = "over 99 %" if least >= 0.99 else wording.percent(least)
    return f"That this happened is {share} sure." if len(shown) == 1 else f"Each of these is {share} sure."


def _typed(shown: list[dict[str, Any]]) -> list[str]:
    """Say what to do about each fault and what to type, and what a rehearsal is."""
    lines = [
        f"{f'({place}) ' if len(shown) > 1 else ''}{wording.shorten(fault.get('what_to_do') or '', 300)} "
        f"Type: {fault.get('command') or ''}"
        for place, fault in enumerate(shown, start=1)
    ]
    if any(" --fix " in str(fault.get("command")) for fault in shown):
        lines.append(
            "(It shows what would change; with --apply added it does it, and says what to type then.)"
        )
    return lines


def _headline(returns: dict[str, Any]) -> tuple[str, str, str]:
    """Return the label, the headline and the tone."""
    name = at(returns, "scoring", "verdict")
    if not at(returns, "scoring", "release"):
        return "nothing deployed", "No model is deployed", "insufficient data"
    if name == "degraded":
        return "degraded", "The model has become worse", "degraded"
    if name == "watch":
        return "watch", "Evidence against the model is gathering", "watch"
    change = _change(returns)
    if change is not None:
        return change
    if name == "steady":
        return "steady", "No sign that the model has become worse", "steady"
    return "insufficient data", "There is not enough data for a verdict", "insufficient data"


def _change(returns: dict[str, Any]) -> tuple[str, str, str] | None:
    """Return the headline of a release that this run switched to, or None when it switched nothing."""
    decisions = rows(returns, "run_detail", "decisions")
    first = any(decision.get("outcome") == "train-first" for decision in decisions)
    for decision in reversed(decisions):
        kind, outcome = decision.get("kind"), decision.get("outcome")
        if kind == "rollback":
            return "rolled back", "The model was rolled back to an earlier release", "watch"
        if first and outcome == "promote":
            return "deployed", "A first model is deployed", "steady"
        if outcome == "promote":
            return "replaced", "The model was replaced by a better one", "steady"
    return None


def _what(returns: dict[str, Any]) -> str:
    """Say what happened in plain words: the change of this run, the latest score, why it moved."""
    told = number(at(returns, "scoring", "score")) is not None
    judged = at(returns, "scoring", "verdict") in ("steady", "watch", "degraded")
    reason = "" if told and judged else wording.shorten(at(returns, "scoring", "reason") or "", 320)
    parts = [_change_reason(returns), reason, _latest(returns), _cause(returns)]
    return " ".join(part for part in parts if part) or "The service gave no answer about the model."


def _change_reason(returns: dict[str, Any]) -> str:
    """Say why this run switched to a release: the old one's fall, the scores of both; or nothing."""
    if _change(returns) is None or not at(returns, "scoring", "release"):
        return ""
    switched = [
        decision
        for decision in rows(returns, "run_detail", "decisions")
        if decision.get("outcome") == "promote" or decision.get("kind") == "rollback"
    ]
    evidence = switched[-1].get("evidence")
    new, old = (number(at(evidence, "scores", name)) for name in ("challenger", "champion"))
    if new is None or old is None:
        return wording.shorten(switched[-1].get("reason") or "", 320)
    metric = wording.metric(at(returns, "scoring", "metric"))
    seen = f"On {wording.plural(at(evidence, 'rows'), 'row')} that neither had seen, "
    compared = f"the new release's {metric} is {wording.score(new)}, the old one's {wording.score(old)}."
    return " ".join(part for part in (_fall(returns), seen + compared) if part)


def _fall(returns: dict[str, Any]) -> str:
    """Say which batch of this run raised the alarm, and how the release did on it."""
    fallen = [row for row in rows(returns, "run_detail", "scores") if row.get("verdict") == "degraded"]
    if not fallen:
        return ""
    row, metric = fallen[-1], wording.metric(at(returns, "scoring", "metric"))
    batch = wording.shorten(row.get("name") or "a batch", 40)
    was, now = wording.score(row.get("reference")), wording.score(row.get("score"))
    return f"With {batch} the old release's {metric} came to {now} from {was}: an alarm."


def _cause(returns: dict[str, Any]) -> str:
    """Return what the split of a moved score says of the cause, without its numbers."""
    words = str(at(returns, "diagnostics", "moved", "words") or "")
    _, _, cause = words.partition(". ")
    return wording.shorten(cause, 240)


def _latest(returns: dict[str, Any]) -> str:
    """Say the latest score beside the reference."""
    scoring = returns.get("scoring")
    if number(at(scoring, "score")) is None:
        return ""
    metric = wording.sentence(wording.metric(at(scoring, "metric")))
    batch = wording.shorten(at(scoring, "batch", "name") or "the latest batch", 40)
    bounds = wording.interval(at(scoring, "interval"))
    sure = f" ({wording.level(at(scoring, 'confidence'))} interval {bounds})" if bounds else ""
    reference = number(at(scoring, "reference", "score"))
    before = "" if reference is None else f"; at deployment it was {wording.score(reference)}"
    return f"{metric} on {batch} is {wording.score(at(scoring, 'score'))}{sure}{before}."


def _sure(returns: dict[str, Any], label: str) -> str:
    """Say how far the verdict can be trusted."""
    if label == "nothing deployed":
        return "Nothing is served, so nothing can go wrong unnoticed; every new batch is looked at again."
    if label in _SWITCHED:
        return _switched(returns)
    parts = [_evidence(returns, label), _power(returns)]
    return " ".join(part for part in parts if part) or "There is no evidence yet, for or against the model."


def _switched(returns: dict[str, Any]) -> str:
    """Say how sure it is that the new release is the better one, and what is not known of it yet."""
    tested = [d["evidence"] for d in rows(returns, "run_detail", "decisions") if at(d, "evidence", "p_value")]
    chance = number(at(tested[-1], "p_value")) if tested else None
    said = []
    if chance is not None:
        said.append(
            f"If the new release were no better, so clear a difference would have a probability of "
            f"{wording.level(chance)}."
        )
    if not at(returns, "scoring", "evidence", "batches"):
        said.append("It has not met new rows with labels yet; the next ones give its first score.")
    return " ".join(said) or "The numbers stand under Decisions."


def _evidence(returns: dict[str, Any], label: str) -> str:
    """Say where the evidence stands, and how often a false alarm comes."""
    evidence = at(returns, "scoring", "evidence")
    value, alarm = number(at(evidence, "e_value")), number(at(evidence, "alarm_at"))
    if value is None or alarm is None:
        return ""
    stands = f"The evidence stands at {wording.evidence(value)}; an alarm needs {wording.figure(alarm)}."
    bound = number(at(evidence, "false_alarm"))
    if bound is None:
        return stands
    if label == "degraded":
        odds = f"with a probability of {wording.level(bound)} or less"
        return f"{stands} A release that has not become worse ever gets this far {odds}."
    odds = f"is at most {wording.level(bound)}"
    return f"{stands} The probability of ever raising a false alarm in a release's life {odds}."


def _power(returns: dict[str, Any]) -> str:
    """Say the smallest change that would have been noticed."""
    smallest = number(at(returns, "scoring", "detectable"))
    direction = "drop" if higher_is_better(returns) else "rise"
    if smallest is None:
        return f"The data so far is too little to notice any {direction} with certainty."
    metric = wording.metric(at(returns, "scoring", "metric"))
    amount = f"{direction} in {metric} of {wording.score(smallest)} or more"
    return f"A {amount} would have been found by now (80 % power)."


_SWITCHED = {"deployed", "replaced", "rolled back"}

_ACTS = {
    "nothing deployed": "Send more data, or better columns; the next batch is tried by itself.",
    "degraded": "Look at what changed in the data; challengers are tried by themselves as labels arrive.",
    "watch": "Nothing must be done yet; look at the next batches and at what changed in the data.",
    "steady": "Nothing.",
    "deployed": "Nothing; the next labelled batch gives the first score.",
    "replaced": "Nothing; the old release is kept and can be brought back.",
    "rolled back": "Look at why the newer release failed before it is lifted from hold.",
    "insufficient data": "Send more labelled rows; until then trust the model only as far as its reference.",
}


def _act(returns: dict[str, Any], label: str) -> str:
    """Say what to do next: what the diagnosis asks for, else what the verdict implies."""
    asked = [row for row in rows(returns, "diagnostics", "advice") if row.get("severity") == "act"]
    if not asked:
        return f"{_ACTS[label]}{_soon(returns)}"
    first = (
        f"{wording.shorten(asked[0].get('what') or '', 240)} {wording.shorten(asked[0].get('do') or '', 400)}"
    )
    more = f" {wording.plural(len(asked) - 1, 'more point')} under To do." if len(asked) > 1 else ""
    return f"{first.strip()}{more}"


def _soon(returns: dict[str, Any]) -> str:
    """Count what is not urgent and still to be done."""
    waiting = sum(row.get("severity") == "warn" for row in rows(returns, "diagnostics", "advice"))
    return f" Soon: {wording.plural(waiting, 'point')} under To do." if waiting else ""
