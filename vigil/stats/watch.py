"""All that watches one release: the alarm against its level, the same at the holdout's class mix, the past.

Each process is moved once by each batch and judged against its own part of the budget; they are never
averaged. The one that may call for retraining is the alarm at the holdout's class mix where a metric has
one, else the plain alarm, and beside it the comparison with the past.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np

from vigil import figures
from vigil.stats import alarm as alarms
from vigil.stats import betting, outset, past, standardised
from vigil.stats.alarm import Budget
from vigil.stats.betting import Evidence, Floats
from vigil.stats.metrics import Level, Metric, Tally
from vigil.stats.metrics._cells import CellMetric
from vigil.stats.outset import Outset
from vigil.stats.spread import Spread

#: A factor of evidence from which on it is told.
_TOLD = 1.05


@dataclass(frozen=True, slots=True)
class Start:
    """What a release starts from: its level, its holdout's tally, and how many candidates that chose among.

    ``even`` is the level at the holdout's class mix, None where the metric has none; ``slices`` are the
    levels of slices of the rows, by name.
    """

    metric: Metric
    classes: int
    level: Level | None
    tally: Tally
    even: Level | None = None
    choices: int = 1
    slices: dict[str, Level] = field(default_factory=dict)

    @classmethod
    def of(cls, metric: Metric, classes: int, level: Level | None, reference: dict[str, Any]) -> Start:
        """Read what was written down at deployment."""
        more = {"even": reference.get("even"), "choices": reference.get("choices", 1)}
        more["slices"] = reference.get("slices") or {}
        return cls(metric, classes, level, reference["tally"], **more)

    @property
    def driver(self) -> Level | None:
        """The level of the alarm that may call for retraining."""
        return self.even or self.level

    def at_own_mix(self, tally: Tally) -> float | None:
        """Return a batch's score at the holdout's class mix; None where there is no such thing."""
        if self.even is None or not isinstance(self.metric, CellMetric):
            return None
        # The level's own mix is that of fewer rows where held-out ones hang together.
        return standardised.value(self.metric, tally, standardised.mix(self.tally))


@dataclass(frozen=True, slots=True)
class Watch:
    """What a release's batches say so far; ``since`` is the tally of those that counted.

    ``past`` compares each batch with all before it, ``outset`` all of them with the holdout. ``spread``
    says by how much they vary more than independent rows do.
    """

    plain: Evidence
    even: Evidence | None
    past: Evidence | None
    since: Tally | None = None
    spread: Spread = field(default_factory=Spread)
    slices: dict[str, Evidence] = field(default_factory=dict)
    outset: Outset = field(default_factory=Outset.fresh)

    @property
    def batches(self) -> int:
        """How many batches the oldest of its processes has met."""
        return max(part.batches for part in (self.plain, self.even, self.past) if part is not None)

    @classmethod
    def fresh(cls, start: Start, streams: tuple[int, ...] = ()) -> Watch:
        """Return the watch before the first batch; ``streams`` are leading dimensions."""
        own = Evidence.fresh(start.metric.processes(start.classes), streams)
        watched = past.watched(start.metric, start.tally)
        return cls(
            plain=own,
            even=own if start.even else None,
            past=Evidence.fresh(len(past.parts(len(watched))), streams) if watched else None,
            slices=dict.fromkeys(start.slices, own),
            outset=Outset.fresh(streams),
        )

    @classmethod
    def resumed(cls, start: Start, stored: dict[str, Any] | None) -> Watch:
        """Return what ``as_json`` wrote; a part that it lacks, or that has other processes, starts afresh."""
        begun, found = cls.fresh(start), stored or {}

        def part(name: str, new: Evidence) -> Evidence:
            kept = found.get(name)
            same = kept is not None and len(kept["log_wealth"]) == len(new.log_wealth)
            return Evidence.from_json(kept) if kept and same else new

        kept = found.get("slices", {})
        return cls(
            plain=part("process", begun.plain),
            even=part("even", begun.even) if begun.even else None,
            past=part("past", begun.past) if begun.past else None,
            since=found.get("since"),
            spread=Spread(**found.get("spread", {})),
            slices={
                name: Evidence.from_json(kept[name]) if name in kept else new
                for name, new in begun.slices.items()
            },
            outset=Outset.from_json(found["outset"]) if "outset" in found else begun.outset,
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        parts = {"process": self.plain, "even": self.even, "past": self.past}
        return {
            **{name: part.as_json() for name, part in parts.items() if part is not None},
            "since": self.since,
            "spread": self.spread.as_json(),
            "slices": {name: part.as_json() for name, part in self.slices.items()},
            "outset": self.outset.as_json(),
        }


def known(watch: Watch, start: Start, tally: Tally) -> Tally:
    """Return the tally of all rows so far: the holdout, the batches that counted, and one more."""
    return start.metric.add(_before(watch, start), tally)


def _before(watch: Watch, start: Start) -> Tally:
    """Return the tally of the holdout and the batches that counted."""
    return start.tally if watch.since is None else start.metric.add(start.tally, watch.since)


def after(
    watch: Watch,
    start: Start,
    tally: Tally,
    growth: Floats | None,
    *,
    batch: str,
    spread: Spread | None = None,
    slices: Mapping[str, Tally] | None = None,
) -> Watch:
    """Return the watch after one more batch: its tally, and its ``log_l`` against the plain level.

    ``batch`` is the batch's id, ``slices`` the tallies of those of its rows that are in a slice. All
    evidence is divided by the factor of ``spread``.
    """
    places = past.places_of(batch, len(past.watched(start.metric, tally)))
    return moved(watch, start, tally, growth, places=places, spread=spread, slices=slices)


def moved(
    watch: Watch,
    start: Start,
    tally: Tally,
    growth: Floats | None,
    *,
    places: Floats,
    spread: Spread | None = None,
    slices: Mapping[str, Tally] | None = None,
) -> Watch:
    """Return the watch after one more batch with its own numbers in (0, 1), ``places`` (…, K).

    Where the start and the tally hold arrays of counts, it is moved for many streams at once.
    """
    spread = spread or watch.spread
    metric, even, factor = start.metric, watch.even, np.asarray(spread.factor)[..., None, None]
    plain = watch.plain if growth is None else betting.update(watch.plain, growth / factor)
    if even is not None and start.even is not None and isinstance(metric, CellMetric):
        grown = standardised.log_growth(metric, tally["confusion"], start.even)
        even = betting.update(even, grown / factor)
    compared, from_start = _compared(watch, start, tally, places, factor[..., 0])
    since = tally if watch.since is None else metric.add(watch.since, tally)
    parts = {
        name: betting.update(part, _grown(start, (slices or {})[name], start.slices[name]) / factor)
        for name, part in watch.slices.items()
        if name in (slices or {})
    }
    return Watch(plain, even, compared, since, spread, {**watch.slices, **parts}, from_start)


def _compared(
    watch: Watch, start: Start, tally: Tally, places: Floats, factor: Floats
) -> tuple[Evidence | None, Outset]:
    """Return the comparisons with the past and with the holdout after one more batch."""
    if watch.past is None:
        return None, watch.outset
    watched = past.watched(start.metric, tally)
    counts, before = past.counted(tally, watched), past.counted(_before(watch, start), watched)
    z = past.ranked(counts, before, places, spread=factor)
    rows, old, held = counts[1], before[1], past.counted(start.tally, watched)[1]
    grown = past.log_growth(z, rows, old, spread=factor)
    return betting.update(watch.past, grown), outset.update(watch.outset, z, rows, old, held=held)


def levels_of_slices(
    metric: Metric, tallies: Mapping[str, Tally], *, delta: float, tolerance: float, choices: int
) -> dict[str, Level]:
    """Return the levels of slices, which share ``delta``; those without one are left out.

    Like the whole, a slice is judged at the class mix of its own held-out rows where a metric has one.
    """
    options = {"delta": delta / max(len(tallies), 1), "tolerance": tolerance}
    found = {}
    for name, tally in tallies.items():
        even = isinstance(metric, CellMetric) and standardised.fits(metric, tally)
        level = (
            standardised.level(metric, tally, **options, choices=choices)
            if even and isinstance(metric, CellMetric)
            else metric.level(tally, **options, choices=choices)
        )
        if level is not None:
            found[name] = level
    return found


def _grown(start: Start, tally: Tally, level: Level) -> Floats:
    """Return the log growth of the bets against a slice's level."""
    if "mix" in level and isinstance(start.metric, CellMetric):
        return standardised.log_growth(start.metric, tally["confusion"], level)
    return start.metric.log_l_of(tally, level)


@dataclass(frozen=True, slots=True)
class Reading:
    """The evidence in logs, on one scale: 0 at rest, and each alarm at ``alarm``.

    ``plain`` is that of the score as it is, which informs; ``level`` of the alarm that may call for
    retraining; ``past`` of the comparison with the past.
    """

    plain: float
    level: float
    past: float
    alarm: float

    @property
    def alarms(self) -> bool:
        """Whether one of the two that may call for retraining has reached its alarm."""
        return max(self.level, self.past) >= self.alarm

    @property
    def class_mix_alone(self) -> bool:
        """Whether the score as it is has reached an alarm that nothing else has reached."""
        return self.plain >= self.alarm > max(self.level, self.past)


def read(watch: Watch, start: Start, budget: Budget) -> Reading:
    """Return where the evidence of one stream stands."""
    plain, level, compared = map(float, logs(watch, start, budget))
    return Reading(plain, level, compared, -math.log(budget.alpha_a))


def logs(watch: Watch, start: Start, budget: Budget) -> tuple[Floats, Floats, Floats]:
    """Return the evidence as in ``Reading``: plain, level and past, each with the streams' dimensions.

    A holdout that chose the release flatters the past: that comparison's level is divided by the number
    of candidates (a union bound over the candidates' own streams).
    """
    plain = betting.log_e_value(watch.plain)
    level = plain if watch.even is None else betting.log_e_value(watch.even)
    if watch.slices:
        # Half of the capital is laid on the whole, half on the slices together: an average of fair games.
        parts = [betting.log_e_value(part) for part in watch.slices.values()]
        together = np.logaddexp.reduce(parts, axis=0) - math.log(len(parts))
        level = np.logaddexp(level, together) - math.log(2)
    if watch.past is None:
        return plain, level, np.full_like(plain, -np.inf)
    alpha = budget.alpha_b / start.choices
    classes = len(past.watched(start.metric, start.tally))
    log_e = betting.log_e_value(watch.past, past.parts(classes))
    scale = math.log(budget.alpha_a) / math.log(alpha)
    return plain, level, outset.together(log_e, watch.outset, alpha) * scale


def weighed(
    watch: Watch, start: Start, reading: Reading, change: past.Change | None, *, tolerance: float
) -> tuple[float, tuple[str, ...]]:
    """Return the log of the evidence that may call for retraining, and what else is to be said.

    A ``change`` against the past counts when the score since is also worse by the tolerance. What moves
    with the class mix alone is said, and calls for nothing.
    """
    log_e, notes = max(reading.level, reading.past), []
    if reading.past < reading.alarm:
        change = None
    if change is not None and change.worse_by(start.metric) >= tolerance:
        words = f"{figures.score(change.before)} before, {figures.score(change.after)} since"
        notes.append(f"Against its own past the score has changed: {words}.")
    elif change is not None:
        log_e = reading.level
        notes.append("Answers have changed, and the score is not worse by the tolerance.")
    elif reading.class_mix_alone and watch.since is not None:
        plain = f"{start.metric.title} as it is has reached its alarm, the model's own has not"
        notes.append(f"The class mix changed: {plain}; {_moved_most(watch.since, start.tally)}.")
    if watch.slices and reading.level >= reading.alarm:
        worst = max(watch.slices, key=lambda name: float(betting.log_e_value(watch.slices[name])))
        if float(betting.log_e_value(watch.slices[worst])) >= reading.alarm:
            notes.append(f"It is worse where {worst}.")
    if watch.spread.factor >= _TOLD:
        by = f"Evidence divided by {watch.spread.factor:.1f}"
        notes.append(f"{by}, as rows are not independent: the guarantee is approximate.")
    return log_e, tuple(notes)


def _moved_most(since: Tally, held_out: Tally) -> str:
    """Say how the class mix has changed, by the class whose share did so most."""
    now, then = (np.array(standardised.mix(tally)) for tally in (since, held_out))
    most = 1 if len(now) == 2 else int(np.argmax(np.abs(now - then)))
    which = "positives are" if len(now) == 2 else "one class is"
    return f"{which} {now[most]:.1%} of the rows, {then[most]:.1%} in the holdout"


def worst_class(watch: Watch, start: Start, reading: Reading) -> int | None:
    """Return the class whose own process weighs most, if that alone has reached the alarm.

    None where a metric does not watch its classes one by one, as macro F1 does.
    """
    judged = watch.even or watch.plain
    wealth = judged.log_wealth
    if len(wealth) != start.classes + 1 or reading.level < reading.alarm:
        return None
    each = betting.log_e_value(replace(judged, log_wealth=wealth[: start.classes, None]))
    worst = int(np.argmax(each))
    return worst if each[worst] >= reading.alarm else None


def recent(
    start: Start, watch: Watch, tallies: Sequence[Tally], count: int, alpha: float
) -> tuple[int, float | None] | None:
    """Return the smallest drop found by now if it began ``count`` batches ago; None in a younger life.

    ``tallies`` end with the newest batch.
    """
    if watch.batches <= count or len(tallies) < count:
        return None
    since = reduce(start.metric.add, tallies[-count:])
    begun = watch.batches - count + 1
    return count, alarms.smallest_drop(
        start.metric, start.driver, since, start.tally, alpha=alpha, begun=begun
    )
