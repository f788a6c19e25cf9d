"""The score over time, with its interval, the alarm's level, releases and incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vigil.web.drawing.canvas import Canvas, points, short, slug

#: Dots that are drawn; beyond, only those of verdicts that ask for a look.
DOTS = 120
#: Marks of one sort, the newest.
MARKS = 40


@dataclass(frozen=True, slots=True)
class Dot:
    """One batch: its place, its verdict, and what a pointer reads."""

    x: float
    y: float
    verdict: str
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment: another release, or an incident."""

    x: float
    title: str


#: What a script shows at a place of the drawing: the place, and the words.
Spot = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Curve:
    """What is drawn; ``line``, ``band`` and ``levels`` are lists of SVG points, ``rows`` what they stand for.

    ``count`` is the number of batches, of which ``rows`` are the ones that are drawn.
    """

    dots: tuple[Dot, ...]
    line: str
    band: str
    levels: tuple[str, ...]
    switches: tuple[Mark, ...]
    incidents: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    rows: tuple[dict[str, Any], ...]
    spots: tuple[Spot, ...]
    count: int


def curve(
    rows: Sequence[dict[str, Any]],
    kept: Sequence[int],
    names: Mapping[str, str],
    opened: Mapping[int, str],
    live: str | None = None,
) -> Curve:
    """Place scores, oldest first, of which those at ``kept`` are drawn; there is at least one.

    ``names`` has batches' names by id, as far as they are known; ``opened`` the incidents by the order of
    the batch that opened them. A ``live`` release that has met no batch yet is marked at the end.
    """
    shown = [rows[at] | {"name": names.get(rows[at]["batch"], rows[at]["batch"])} for at in kept]
    keys = ("value", "low", "high", "level")
    canvas = Canvas.around([row[key] for row in shown for key in keys if row[key] is not None], len(rows))
    places = [(canvas.x(at), row) for at, row in zip(kept, shown, strict=True)]
    upper = [(x, canvas.y(row["high"])) for x, row in places if row["high"] is not None]
    lower = [(x, canvas.y(row["low"])) for x, row in places if row["low"] is not None]
    return Curve(
        dots=_dots(places, canvas),
        line=points((x, canvas.y(row["value"])) for x, row in places),
        band=points([*upper, *reversed(lower)]),
        levels=tuple(_levels(rows, canvas)),
        switches=tuple(_switches(rows, canvas, live)[-MARKS:]),
        incidents=tuple(_incidents(rows, canvas, opened)[-MARKS:]),
        ticks=canvas.ticks(),
        rows=tuple(shown),
        spots=tuple((x, _said(row)) for x, row in places),
        count=len(rows),
    )


def _dots(places: Sequence[tuple[float, dict[str, Any]]], canvas: Canvas) -> tuple[Dot, ...]:
    """Return a dot for each batch, or for those to look at when there are many; the newest always."""
    if len(places) > DOTS:
        asking = [(x, row) for x, row in places[:-1] if row["verdict"] in ("watch", "degraded")]
        places = [*asking[-DOTS:], places[-1]]
    return tuple(Dot(x, canvas.y(row["value"]), slug(row["verdict"]), _said(row)) for x, row in places)


def _said(row: Mapping[str, Any]) -> str:
    return f"{short(row['name'])}: {row['value']:.4g}, {row['verdict']}"


def _stretches(rows: Sequence[dict[str, Any]]) -> list[tuple[int, int]]:
    """Return the first and the last index of each stretch of batches that one release met."""
    starts = [at for at, row in enumerate(rows) if at == 0 or row["release"] != rows[at - 1]["release"]]
    return list(zip(starts, [start - 1 for start in starts[1:]] + [len(rows) - 1], strict=True))


def _levels(rows: Sequence[dict[str, Any]], canvas: Canvas) -> list[str]:
    """Return one line of the alarm's level for each stretch, a little beyond its batches."""
    lines = []
    for first, last in _stretches(rows)[-3 * MARKS :]:
        known = [row["level"] for row in (rows[first], rows[last])]
        if None not in known:
            ends = (canvas.x(first) - 4, canvas.x(last) + 4)
            lines.append(points(zip(ends, map(canvas.y, known), strict=True)))
    return lines


def _switches(rows: Sequence[dict[str, Any]], canvas: Canvas, live: str | None) -> list[Mark]:
    """Return where another release took over."""
    found = [
        Mark(canvas.x(first - 0.5), f"release {rows[first]['release']} takes over")
        for first, _ in _stretches(rows)[1:]
    ]
    if live is not None and rows[-1]["release"] != live:
        found.append(Mark(canvas.x(len(rows) - 1) + 8, f"release {live} takes over"))
    return found


def _incidents(rows: Sequence[dict[str, Any]], canvas: Canvas, opened: Mapping[int, str]) -> list[Mark]:
    """Return where an alarm opened an incident."""
    return [
        Mark(canvas.x(at), f"incident {opened[row['order']]} opened")
        for at, row in enumerate(rows)
        if row["order"] in opened and opened[row["order"]].startswith(row["release"])
    ]
