"""What a batch adds to the evidence against a release, and the verdict after it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from vigil.config import Config
from vigil.ledger.ledger import Ledger
from vigil.ledger.shelf import Row
from vigil.records import Batch, VerdictName
from vigil.stats import alarm, past, spread, watch
from vigil.stats.metrics import Tally
from vigil.trials.judged import Judged

#: The power is also told for a change that began so many batches ago.
RECENT = 10


@dataclass(frozen=True, slots=True)
class Parts:
    """How a batch's labelled rows hang together: the number of whom each is about, None without a key.

    ``slices`` are the tallies of the slices that the release has a level for.
    """

    entity: npt.NDArray[np.int64] | None = None
    slices: dict[str, Tally] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weighed:
    """The verdict in words and numbers; ``evidence`` is None where the batch does not count.

    ``parts`` is what the verdict was made of, in numbers: see ``_parts``.
    """

    verdict: VerdictName
    reason: str
    level: float | None
    e_value: float
    alarm_at: float
    detectable: float | None
    evidence: Row | None
    parts: Row = field(default_factory=dict)


def weigh(
    ledger: Ledger, config: Config, batch: Batch, release: Row, judged: Judged, parts: Parts, *, counts: bool
) -> Weighed:
    """Move the evidence by one batch, if it ``counts``, and judge.

    Evidence begins after the batch at which a release went live, came back or was acknowledged.
    """
    metric, tally = judged.metric, judged.tally()
    start = watch.Start.of(metric, len(judged.classes), release["level"], release["reference"])
    budget, begins = alarm.budget(config.false_alarm), release["facts"].get("evidence_after", 0)
    last = ledger.scores.last_counted(release["id"], after=begins, before=batch.order)
    now = watch.Watch.resumed(start, last["evidence"] if last else None)
    if counts:
        now = _moved(now, start, batch, judged, parts, config)
    reading = watch.read(now, start, budget)
    met = _met(ledger, batch, release, begins, all_of_them=reading.alarms)
    met += [(batch.order, tally)] if counts else []
    change = past.change(metric, [one for _, one in met], start.tally) if reading.alarms and met else None
    log_e, notes = watch.weighed(now, start, reading, change, tolerance=config.tolerance)
    names = [] if change is None else [ledger.batches.all(after=order - 1)[0].name for order, _ in met]
    if change is not None and log_e >= reading.alarm:
        notes = (*notes, change.words(names))
    worst = watch.worst_class(now, start, reading)
    notes = notes if worst is None else (*notes, f"It is worse for the class {judged.classes[worst]!r}.")
    level, alpha = start.driver, budget.alpha_a
    detectable = alarm.smallest_drop(metric, level, now.since or tally, start.tally, alpha=alpha)
    late = watch.recent(start, now, [one for _, one in met], RECENT, alpha)
    seen = alarm.Seen(
        metric,
        level,
        log_e,
        batch=tally,
        rows=batch.labelled,
        reference=start.tally,
        detectable=detectable,
        even=start.at_own_mix(tally),
        recent=late,
        notes=notes,
    )
    verdict, reason = alarm.verdict(seen, alpha=alpha, max_drop=config.max_drop)
    return Weighed(
        verdict,
        reason,
        level["value"] if level else None,
        _e(log_e),
        budget.alarm_at,
        detectable,
        now.as_json() if counts else None,
        _parts(now, reading, change, names, late),
    )


def _parts(
    now: watch.Watch,
    reading: watch.Reading,
    change: past.Change | None,
    names: Sequence[str],
    late: tuple[int, float | None] | None,
) -> Row:
    """Return the e-value of each alarm on one scale, where an alarm saw the change, and the recent power.

    None stands for an alarm that a metric does not have, and for a change or a power not asked for.
    """
    found: Row = {
        "plain": _e(reading.plain),
        "at_holdout_mix": None if now.even is None else _e(reading.level),
        "past": None if now.past is None else _e(reading.past),
        "change": None,
        "recent": None if late is None else {"batches": late[0], "detectable": late[1]},
    }
    if change is not None:
        likely = [names[index] for index in change.likely]
        sides = {"before": change.before, "after": change.after}
        found["change"] = {"batch": names[change.index], "likely": likely, **sides}
    return found


def _e(log_e: float) -> float:
    """Return an e-value from its log, as large as a float can be."""
    return math.exp(min(log_e, 690.0))


def _moved(
    now: watch.Watch, start: watch.Start, batch: Batch, judged: Judged, parts: Parts, config: Config
) -> watch.Watch:
    """Return the watch after a batch that counts."""
    tally = judged.tally()
    classes = past.watched(judged.metric, tally)
    counted = past.counted(tally, classes) if classes else None
    rows = spread.grouped(judged.moved(watch.known(now, start, tally)), parts.entity)
    wider = spread.after(now.spread, rows, counted, rule=config.recurring)
    growth = judged.log_l(start.level) if start.level else None
    return watch.after(now, start, tally, growth, batch=batch.id, spread=wider, slices=parts.slices)


def _met(
    ledger: Ledger, batch: Batch, release: Row, begins: int, *, all_of_them: bool
) -> list[tuple[int, Tally]]:
    """Return order and tally of the newest batches that moved the evidence, or of all, oldest first."""
    after = begins if all_of_them else max(begins, batch.order - 2 * RECENT)
    rows = ledger.scores.of_release(release["id"], after=after, through=batch.order - 1)
    return [(row["order"], row["tally"]) for row in rows if row["evidence"] is not None]
