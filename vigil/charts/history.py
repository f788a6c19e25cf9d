"""The scored history as the charts draw it: the batches themselves, and of many those that tell most."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from vigil.charts import wording
from vigil.charts.marks import Mark, Place, dot, line, text
from vigil.charts.plane import Plane
from vigil.charts.reading import at, number, rows
from vigil.charts.thinning import thinned

#: Batches that are drawn at most; of a longer history, its lows, its highs and its gravest verdicts.
DRAWN = 480
#: Dots of batches at most; beyond, only those of verdicts that ask for a look.
DOTS = 120
#: Changes of release, and incidents, that are marked: the newest.
MARKS = 40

#: The sheet's height, and the edges of what is drawn on it.
HEIGHT = 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 706.0, 14.0, 194.0

#: How a verdict is marked.
TONES = {"steady": "good", "watch": "watch", "degraded": "bad"}


@dataclass(frozen=True, slots=True)
class Point:
    """One batch: its place in the history, what it scored, and what was made of it."""

    place: int
    order: float
    name: str
    release: str
    score: float
    low: float | None
    high: float | None
    reference: float | None
    level: float | None
    verdict: str
    e_value: float | None
    alarm_at: float | None


@dataclass(frozen=True, slots=True)
class History:
    """The points that are drawn, of how many batches, and what happened to the releases among them."""

    points: tuple[Point, ...]
    batches: int
    live: str
    incidents: tuple[tuple[float, str], ...]

    @property
    def newest(self) -> Point:
        """The newest batch; there is at least one."""
        return self.points[-1]


def history(returns: dict[str, Any], value: str = "score") -> History | None:
    """Return the batches that have the value, oldest first; None without any.

    ``trend`` in the answers is a history that was thinned already: its rows have their ``place`` among
    ``batches``; else the history of ``/scoring`` is taken, and thinned.
    """
    given = rows(returns, "trend", "rows") or rows(returns, "scoring", "history")
    usable = [row for row in given if number(row.get(value)) is not None]
    if not usable:
        return None
    usable.sort(key=lambda row: number(row.get("order")) or 0.0)
    total = number(at(returns, "trend", "batches")) if at(returns, "trend", "rows") else None
    found = [_point(row, place) for place, row in enumerate(usable)]
    if len(found) > DRAWN:
        scores, verdicts = [one.score for one in found], [one.verdict for one in found]
        found = [found[place] for place in thinned(scores, verdicts, DRAWN)]
    incidents = [
        (number(row.get("order")) or 0.0, str(row.get("id"))) for row in rows(returns, "trend", "incidents")
    ]
    return History(
        tuple(found),
        max(int(total or len(usable)), found[-1].place + 1),
        str(at(returns, "trend", "live") or at(returns, "scoring", "release") or ""),
        tuple(incidents),
    )


def by_release(points: tuple[Point, ...]) -> list[list[Point]]:
    """Return the points in runs of one release each."""
    return [list(group) for _, group in groupby(points, key=lambda point: point.release)]


def plane(drawn: History, bounds: Place, *, is_log: bool = False) -> Plane:
    """Return the plane of a history: its batches along the width, the bounds from foot to top."""
    return Plane(_LEFT, _RIGHT, _TOP, _BOTTOM, 0, drawn.batches - 1, *bounds, is_log=is_log)


def switches(drawn: History) -> list[tuple[float, str]]:
    """Return where another release took over, and which; a live one without a batch stands at the end."""
    found = [
        (now.place - 0.5, now.release)
        for before, now in pairwise(drawn.points)
        if now.release != before.release
    ]
    if drawn.live and drawn.live != drawn.newest.release:
        found.append((drawn.batches - 1.0, drawn.live))
    return found[-MARKS:]


def opened(drawn: History) -> list[tuple[int, str]]:
    """Return where an incident was opened among the drawn batches, and which."""
    named = dict(drawn.incidents)
    found = [
        (point.place, named[point.order])
        for point in drawn.points
        if point.order in named and named[point.order].startswith(point.release)
    ]
    return found[-MARKS:]


def backdrop(drawn: History, on: Plane) -> list[Mark]:
    """Return what both histories have behind their line: heights, releases, incidents, names at the ends."""
    marks = on.heights()
    places = switches(drawn)
    nexts = [*(place for place, _ in places[1:]), on.last + (on.last - on.first) * 0.05]
    for (place, release), following in zip(places, nexts, strict=False):
        x = on.x(place) + (8 if place == on.last else 0)
        marks.append(line("switch", (x, on.top), (x, on.bottom)))
        if (following - place) / ((on.last - on.first) or 1) > 0.13:
            marks.append(text("faint", (x + 3, on.top + 8), wording.release(release), size=9.5))
    marks += [line("incident", (on.x(place), on.top), (on.x(place), on.bottom)) for place, _ in opened(drawn)]
    marks.append(text("tick", (on.left, on.bottom + 20), wording.shorten(drawn.points[0].name, 28)))
    if drawn.batches > 1:
        marks.append(text("tick", (on.right, on.bottom + 20), wording.shorten(drawn.newest.name, 28), "end"))
    return marks


def dots(drawn: History, on: Plane, heights: list[float]) -> list[Mark]:
    """Return a dot for each batch, or for those to look at when there are many; the newest always."""
    pairs = list(zip(drawn.points, heights, strict=True))
    if len(pairs) > DOTS:
        asking = [pair for pair in pairs[:-1] if pair[0].verdict in ("watch", "degraded")]
        pairs = [*asking[-DOTS:], pairs[-1]]
    size = 4.5 if drawn.batches <= 60 else 3.5
    return [
        dot(TONES.get(point.verdict, "idle"), on.at(point.place, height), size, said(point))
        for point, height in pairs
    ]


def said(point: Point) -> str:
    """Say a batch in a few words."""
    return f"{wording.quoted(point.name)}: {wording.score(point.score)}, {point.verdict}"


HEADS = ("Batch", "Score", "Interval", "Level", "Evidence", "Alarm at", "Verdict", "Release")
SIDES = "lrrrrrll"


def table(drawn: History) -> tuple[tuple[str, ...], ...]:
    """Return the numbers behind a history, newest first."""
    return tuple(
        (
            wording.plain(point.name),
            wording.score(point.score),
            wording.interval([point.low, point.high]) or wording.NOTHING,
            wording.score(point.level),
            wording.evidence(point.e_value),
            wording.figure(point.alarm_at),
            point.verdict,
            wording.plain(point.release),
        )
        for point in reversed(drawn.points)
    )


def _point(row: dict[str, Any], place: int) -> Point:
    """Return one batch as a point."""
    given = number(row.get("place"))
    return Point(
        place=place if given is None else int(given),
        order=number(row.get("order")) or 0.0,
        name=str(row.get("name") or row.get("batch") or ""),
        release=str(row.get("release") or ""),
        score=number(row.get("score")) or 0.0,
        low=number(row.get("low")),
        high=number(row.get("high")),
        reference=number(row.get("reference")),
        level=number(row.get("level")),
        verdict=str(row.get("verdict") or ""),
        e_value=number(row.get("e_value")),
        alarm_at=number(row.get("alarm_at")),
    )
