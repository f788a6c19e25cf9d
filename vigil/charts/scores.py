"""The score over time: each batch with its interval, the reference, the alarm level, the releases."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.charts.history import (
    HEADS,
    HEIGHT,
    SIDES,
    TONES,
    History,
    Point,
    backdrop,
    by_release,
    dots,
    history,
    opened,
    plane,
    said,
    switches,
    table,
)
from vigil.charts.marks import WIDE, Drawing, Mark, line
from vigil.charts.plane import Plane, around
from vigil.charts.reading import at, higher_is_better


def draw(returns: dict[str, Any]) -> Drawing | None:
    """Return the chart, or None when no batch has a score."""
    drawn = history(returns)
    if drawn is None:
        return None
    metric = wording.metric(at(returns, "scoring", "metric"))
    on = plane(drawn, _bounds(drawn))
    marks = [*backdrop(drawn, on), *_intervals(drawn, on), *_lines(drawn, on)]
    runs = by_release(drawn.points)
    marks += [line("series", *(on.at(point.place, point.score) for point in run)) for run in runs]
    return Drawing(
        f"{wording.sentence(metric)} of the live model, batch by batch",
        _amount(drawn),
        WIDE,
        HEIGHT,
        (*marks, *dots(drawn, on, [point.score for point in drawn.points])),
        HEADS,
        table(drawn),
        SIDES,
        key=(*_key(returns, drawn, metric), *key_of_events(drawn)),
        spots=tuple((on.x(point.place), said(point)) for point in drawn.points),
        span=(on.top, on.bottom),
    )


def describe(returns: dict[str, Any]) -> str:
    """Say where the score stands against its reference and its alarm level, and how it went."""
    drawn = history(returns)
    if drawn is None:
        return "No batch has been scored yet, so there is no score over time."
    metric, last = wording.metric(at(returns, "scoring", "metric")), drawn.newest
    side = "below" if higher_is_better(returns) else "above"
    parts = [f"The latest {metric} is {wording.score(last.score)}"]
    if last.reference is not None:
        parts.append(f"the reference of its release is {wording.score(last.reference)}")
    if last.level is not None:
        parts.append(f"the alarm looks for a lasting score {side} {wording.score(last.level)}")
    return f"{'; '.join(parts)}. {_course(drawn)}".strip()


def key_of_events(drawn: History) -> tuple[tuple[str, str], ...]:
    """Return what marks of releases, incidents and verdicts mean, as far as there are any."""
    found = {point.verdict for point in drawn.points}
    verdicts = [(TONES.get(name, "idle"), name) for name in ("insufficient data", "watch", "degraded")]
    events = (("switch", "another release", switches(drawn)), ("incident", "incident opened", opened(drawn)))
    return (
        *((tone, words) for tone, words, marks in events if marks),
        *((tone, name) for tone, name in verdicts if name in found),
    )


def _course(drawn: History) -> str:
    """Say how the score went over the batches, and what happened on the way."""
    if drawn.batches == 1:
        return ""
    values = [point.score for point in drawn.points]
    low, high = wording.score(min(values)), wording.score(max(values))
    told = f"It lay between {low} and {high} over {drawn.batches:,} batches"
    told += _times(len(switches(drawn)), "another release took over")
    told += _times(len(opened(drawn)), "an incident was opened")
    fewer = len(drawn.points) < drawn.batches
    rest = f" {len(drawn.points):,} of them are drawn, every low among them." if fewer else ""
    return f"{told}.{rest}"


def _times(count: int, what: str) -> str:
    """Say how often something happened; nothing for never."""
    return "" if not count else f"; once {what}" if count == 1 else f"; {count} times {what}"


def _amount(drawn: History) -> str:
    """Say what the drawing holds."""
    told = wording.plural(drawn.batches, "batch", "batches")
    return f"{told}, {len(drawn.points):,} of them drawn" if len(drawn.points) < drawn.batches else told


def _intervals(drawn: History, on: Plane) -> list[Mark]:
    """Return the band of the intervals, broken where the release changes; a bar for a batch by itself."""
    marks = []
    for run in by_release(drawn.points):
        known = [point for point in run if point.low is not None and point.high is not None]
        if len(known) == 1:
            marks.append(_bar(known[0], on))
        elif known:
            above = [on.at(point.place, point.high or 0.0) for point in known]
            below = [on.at(point.place, point.low or 0.0) for point in reversed(known)]
            marks.append(Mark("area", "band", (*above, *below)))
    return marks


def _bar(point: Point, on: Plane) -> Mark:
    """Return the interval of one batch as an upright bar."""
    x, low, high = on.x(point.place), on.y(point.low or 0.0), on.y(point.high or 0.0)
    return Mark("area", "band", ((x - 3, high), (x + 3, high), (x + 3, low), (x - 3, low)))


def _lines(drawn: History, on: Plane) -> list[Mark]:
    """Return the reference and the alarm level of each release, a little beyond its batches."""
    marks = []
    for run in by_release(drawn.points)[-120:]:
        ends, last = (on.x(run[0].place) - 4, on.x(run[-1].place) + 4), run[-1]
        for tone, value in (("reference", last.reference), ("level", last.level)):
            if value is not None:
                marks.append(line(tone, *((x, on.y(value)) for x in ends)))
    return marks


def _bounds(drawn: History) -> tuple[float, float]:
    """Return the heights shown: every score and line; a very long interval may leave the picture."""
    core = [point.score for point in drawn.points]
    core += [value for point in drawn.points for value in (point.reference, point.level) if value is not None]
    low, high = min(core), max(core)
    room = (high - low) or abs(high) * 0.1 or 0.1
    ends = [value for point in drawn.points for value in (point.low, point.high) if value is not None]
    return around([low, high, *(min(max(value, low - room), high + room) for value in ends)])


def _key(returns: dict[str, Any], drawn: History, metric: str) -> tuple[tuple[str, str], ...]:
    """Return what the lines mean, with the newest values of each."""
    last = drawn.newest
    side = "below" if higher_is_better(returns) else "above"
    found = [("series", f"{metric} {wording.score(last.score)}")]
    if any(point.low is not None for point in drawn.points):
        found.append(("band", "its interval"))
    if last.reference is not None:
        found.append(("reference", f"reference {wording.score(last.reference)}"))
    if last.level is not None:
        found.append(("level", f"alarm {side} {wording.score(last.level)}"))
    return tuple(found)
