"""The alarm's evidence over time: the e-value on a logarithmic scale against the alarm's threshold."""

from __future__ import annotations

import math
from typing import Any

from vigil.charts import wording
from vigil.charts.history import (
    HEADS,
    HEIGHT,
    SIDES,
    History,
    backdrop,
    by_release,
    dots,
    history,
    plane,
    table,
)
from vigil.charts.marks import WIDE, Drawing, Mark, line
from vigil.charts.plane import Plane
from vigil.charts.reading import at
from vigil.charts.scores import key_of_events

#: Evidence beyond these says no more; it is drawn at the edge.
_FLOOR, _CEILING = 1e-3, 1e9


def draw(returns: dict[str, Any]) -> Drawing | None:
    """Return the chart, or None when no batch has evidence."""
    drawn = history(returns, "e_value")
    if drawn is None:
        return None
    heights, alarm = [_bounded(point.e_value) for point in drawn.points], drawn.newest.alarm_at
    on = plane(drawn, _bounds(heights, alarm), is_log=True)
    marks = [*backdrop(drawn, on), *_levels(alarm, on), *_curve(drawn, on)]
    return Drawing(
        "Evidence that the model has become worse",
        "1 is no evidence; each release starts anew; the scale is logarithmic",
        WIDE,
        HEIGHT,
        (*marks, *dots(drawn, on, heights)),
        HEADS,
        table(drawn),
        SIDES,
        key=(*_key(drawn), *key_of_events(drawn)),
        spots=tuple((on.x(point.place), _said(point.name, point.e_value)) for point in drawn.points),
        span=(on.top, on.bottom),
    )


def describe(returns: dict[str, Any]) -> str:
    """Say how far the evidence is from the alarm, how far it was, and how often a false one may come."""
    drawn = history(returns, "e_value")
    if drawn is None:
        return "No batch has been judged yet, so there is no evidence for or against the model."
    last = drawn.newest
    against = "" if last.alarm_at is None else f"; an alarm is raised at {wording.figure(last.alarm_at)}"
    sure = at(returns, "scoring", "evidence", "false_alarm")
    bound = f", a false one ever with a probability of at most {wording.level(sure)}" if sure else ""
    most = max(drawn.points, key=lambda point: point.e_value or 0.0)
    peak = f" The most was {wording.evidence(most.e_value)}, at {wording.quoted(most.name)}."
    told = f"The evidence stands at {wording.evidence(last.e_value)}{against}{bound}."
    return told + (peak if drawn.batches > 1 else "")


def _curve(drawn: History, on: Plane) -> list[Mark]:
    """Return the evidence, broken where the release changes; a batch by itself as a short line."""
    marks = []
    for run in by_release(drawn.points):
        places = [on.at(point.place, _bounded(point.e_value)) for point in run]
        if len(places) == 1:
            places.append((places[0][0] + 3, places[0][1]))
        marks.append(line("series", *places))
    return marks


def _levels(alarm: float | None, on: Plane) -> list[Mark]:
    """Return the lines of the alarm, and of a tenth of it, from which on a batch says "watch"."""
    if alarm is None or alarm <= 0:
        return []
    return [
        line(tone, (on.left, on.y(height)), (on.right, on.y(height)))
        for tone, height in (("level", alarm), ("nearly", alarm / 10))
    ]


def _bounds(heights: list[float], alarm: float | None) -> tuple[float, float]:
    """Return powers of ten around the evidence and its alarm."""
    found = [math.log10(height) for height in heights]
    found += [math.log10(_bounded(alarm))] if alarm is not None and alarm > 0 else []
    return min(-1.0, math.floor(min(found))), max(1.0, math.ceil(max(found) + 0.3))


def _key(drawn: History) -> tuple[tuple[str, str], ...]:
    """Return what the lines mean, with their values."""
    last = drawn.newest
    found = [("series", f"now {wording.evidence(last.e_value)}")]
    if last.alarm_at is not None and last.alarm_at > 0:
        found.append(("level", f"alarm at {wording.figure(last.alarm_at)}"))
        found.append(("nearly", "watch from here"))
    return tuple(found)


def _said(name: str, e_value: float | None) -> str:
    return f"{wording.quoted(name)}: {wording.evidence(e_value)}"


def _bounded(value: float | None) -> float:
    """Return evidence inside the drawn range."""
    return min(max(value or 0.0, _FLOOR), _CEILING)
