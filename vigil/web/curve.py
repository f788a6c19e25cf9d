"""The score over time as points of a small drawing, for the first page."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: The drawing's size in its own units, and the room around the curve.
WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 48, 14, 14, 26

#: Batches that are drawn; older ones are left to the report.
SHOWN = 40


@dataclass(frozen=True, slots=True)
class Dot:
    """One batch: its place, its verdict, and what a pointer reads."""

    x: float
    y: float
    verdict: str
    title: str


@dataclass(frozen=True, slots=True)
class Curve:
    """What is drawn; ``line``, ``band`` and ``levels`` are lists of SVG points."""

    dots: tuple[Dot, ...]
    line: str
    band: str
    levels: tuple[str, ...]
    switches: tuple[float, ...]
    ticks: tuple[tuple[float, str], ...]
    first: str
    last: str


def curve(history: Sequence[dict[str, Any]]) -> Curve | None:
    """Place the newest scores of a history, oldest first; None when there is no score to draw."""
    rows = [row for row in history if row["score"] is not None][-SHOWN:]
    if not rows:
        return None
    scale = _Scale.of(rows)
    xs = [_x(place, len(rows)) for place in range(len(rows))]
    places = list(zip(xs, rows, strict=True))
    dots = tuple(Dot(x, scale.y(row["score"]), _slug(row["verdict"]), _title(row)) for x, row in places)
    upper = [(x, scale.y(row["high"])) for x, row in places if row["high"] is not None]
    lower = [(x, scale.y(row["low"])) for x, row in places if row["low"] is not None]
    return Curve(
        dots=dots,
        line=_points((dot.x, dot.y) for dot in dots),
        band=_points([*upper, *reversed(lower)]),
        levels=tuple(_levels(places, scale)),
        switches=tuple(_switches(places)),
        ticks=tuple((scale.y(value), f"{value:.{scale.digits}f}") for value in scale.ticks()),
        first=str(rows[0]["name"]),
        last=str(rows[-1]["name"]) if len(rows) > 1 else "",
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """From scores to the drawing's height."""

    low: float
    high: float

    @classmethod
    def of(cls, rows: Sequence[dict[str, Any]]) -> _Scale:
        keys = ("score", "low", "high", "level")
        values = [row[key] for row in rows for key in keys if row[key] is not None]
        room = (max(values) - min(values)) * 0.08 or abs(max(values)) * 0.05 or 0.05
        return cls(min(values) - room, max(values) + room)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    def ticks(self) -> list[float]:
        return [self.low + (self.high - self.low) * share for share in (0.1, 0.5, 0.9)]

    @property
    def digits(self) -> int:
        return 2 if self.high - self.low < 10 else 0


def _x(place: int, count: int) -> float:
    """Spread the batches evenly; a single one stands in the middle."""
    share = place / (count - 1) if count > 1 else 0.5
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _levels(places: Sequence[tuple[float, dict[str, Any]]], scale: _Scale) -> list[str]:
    """Return one line of the alarm's level for each release, a little beyond its batches."""
    lines = []
    for release in dict.fromkeys(row["release"] for _, row in places):
        known = [(x, row["level"]) for x, row in places if row["release"] == release]
        drawn = [(x, scale.y(level)) for x, level in known if level is not None]
        if drawn:
            lines.append(_points([(drawn[0][0] - 8, drawn[0][1]), *drawn, (drawn[-1][0] + 8, drawn[-1][1])]))
    return lines


def _switches(places: Sequence[tuple[float, dict[str, Any]]]) -> list[float]:
    """Return where another release took over."""
    pairs = itertools.pairwise(places)
    return [round((a + b) / 2, 1) for (a, one), (b, other) in pairs if one["release"] != other["release"]]


def _points(places: Any) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)


def _slug(verdict: str) -> str:
    return verdict.replace(" ", "-")


def _title(row: dict[str, Any]) -> str:
    return f"{row['name']}: {row['score']:.3f}, {row['verdict']}"
