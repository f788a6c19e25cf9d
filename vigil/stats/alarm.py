"""Has the deployed model become worse? What a step asks of the alarm, in numbers and in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vigil import figures
from vigil.records import VerdictName
from vigil.stats.betting import restart_weight
from vigil.stats.metrics import Level, Metric, Tally

#: An e-value within this factor of the alarm is worth watching.
_WATCH = 0.1


@dataclass(frozen=True, slots=True)
class Budget:
    """How the probability of ever raising a false alarm in a release's life is split.

    ``alpha_a`` for the alarm against a level, ``delta_a`` for that level being wrong, ``alpha_b`` for
    the alarm that compares with the past. They sum to ``false_alarm``.
    """

    alpha_a: float
    delta_a: float
    alpha_b: float

    @property
    def alarm_at(self) -> float:
        """The e-value at which the alarm is raised."""
        return round(1 / self.alpha_a, 6)


def budget(false_alarm: float) -> Budget:
    """Split ``false_alarm`` as 0.1, 0.4 and 0.5."""
    return Budget(0.1 * false_alarm, 0.4 * false_alarm, 0.5 * false_alarm)


def smallest_drop(
    metric: Metric, level: Level | None, since: Tally, reference: Tally, *, alpha: float, begun: int = 1
) -> float | None:
    """Return the smallest worsening that would have been found by now with 80 % power, or None.

    ``since`` is the tally of all batches from number ``begun`` (of the release's life, from 1) on; in
    metric units.
    """
    value = metric.value(reference)
    if level is None or value is None:
        return None
    weight = math.log(restart_weight(begun))
    return metric.detectable(level, since, value, log_threshold=-math.log(alpha), log_weight=weight)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a verdict rests on, after a batch.

    ``batch`` is the batch's tally, ``rows`` its labelled rows, ``even`` its score at the holdout's class
    mix (None where that is the same thing); ``reference`` the tally of the holdout that gave ``level``.
    ``log_e`` is the log of the evidence, the batch included, on the scale on which the alarm is at 1/α.
    ``detectable`` is from ``smallest_drop``, ``recent`` a number of batches and the same for a change
    that began so long ago; ``notes`` are sentences about what else was seen.
    """

    metric: Metric
    level: Level | None
    log_e: float
    batch: Tally
    rows: int
    reference: Tally
    detectable: float | None
    even: float | None = None
    recent: tuple[int, float | None] | None = None
    notes: tuple[str, ...] = ()


def verdict(seen: Seen, *, alpha: float, max_drop: float) -> tuple[VerdictName, str]:
    """Return the verdict after a batch, and the reason in words.

    ``max_drop`` is in metric units, or for a relative metric a share of the reference.
    """
    metric, log_e = seen.metric, seen.log_e
    reason = " ".join([_reason(seen, alpha), *seen.notes])
    if log_e >= -math.log(alpha):
        return "degraded", reason
    if seen.level is None:
        return "insufficient data", reason
    if log_e >= math.log(_WATCH) - math.log(alpha):
        return "watch", reason
    largest = max_drop * (metric.value(seen.reference) or 0.0) if metric.relative else max_drop
    if seen.detectable is None or seen.detectable > largest:
        return "insufficient data", f"{reason} It should be {figures.score(largest)} at most (max_drop)."
    return "steady", reason


def _reason(seen: Seen, alpha: float) -> str:
    """Say what was seen, against what, and what would have been found."""
    metric = seen.metric
    score = f"{metric.title} {figures.score(metric.value(seen.batch))} on {seen.rows:,} rows"
    if seen.even is not None and figures.score(seen.even) != figures.score(metric.value(seen.batch)):
        score += f", {figures.score(seen.even)} at the holdout's class mix"
    start = f"reference {figures.score(metric.value(seen.reference))}"
    weight = f"evidence {_weight(seen.log_e)} of {1 / alpha:,.0f}"
    if seen.level is None:
        return f"{score}; {start}; too few held-out rows to set an alarm level; {weight}."
    side, change = ("below", "drop") if metric.higher_is_better else ("above", "rise")
    alarm = f"{start}, alarm {side} {figures.score(seen.level['value'])}"
    power = f"no {change} would have been found yet."
    if seen.detectable is not None:
        power = f"a {change} of {figures.score(seen.detectable)} or more would have been found."
    if seen.recent is not None and seen.detectable is not None:
        since, least = seen.recent
        late = "none yet" if least is None else f"one of {figures.score(least)} or more"
        power = f"{power[:-1]}, {late} had it begun {since} batches ago."
    return f"{score}; {alarm}; {weight}; {power}"


def _weight(log_e: float) -> str:
    """Write an e-value, which may be too large for a float."""
    return figures.evidence(math.exp(min(log_e, 700.0)))
