"""The scored history as the charts draw it: one point per batch, or one per group when there are many."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median
from typing import Any

from vigil.charts.reading import number, rows

#: Verdicts from harmless to grave; a group of batches shows its gravest.
_GRAVITY = ("steady", "insufficient data", "watch", "degraded")


@dataclass(frozen=True, slots=True)
class Point:
    """One batch, or several that follow each other under one release.

    ``low`` and ``high`` are the interval of the batch's own score, or for several batches the
    smallest and largest of nine tenths of their scores.
    """

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
    batches: int


def points(returns: dict[str, Any], value: str = "score", most: int = 240) -> list[Point]:
    """Return the batches that have the value, oldest first; beyond ``most`` of them, groups."""
    usable = [row for row in rows(returns, "scoring", "history") if number(row.get(value)) is not None]
    usable.sort(key=lambda row: number(row.get("order")) or 0.0)
    size = -(-len(usable) // most)
    if size <= 1:
        return [_single(row) for row in usable]
    found = []
    for _, group in groupby(usable, key=lambda row: row.get("release")):
        members = [_single(row) for row in group]
        found += [_merged(members[i : i + size]) for i in range(0, len(members), size)]
    return found


def latest(returns: dict[str, Any], value: str = "score") -> Point | None:
    """Return the newest batch that has the value, never grouped."""
    usable = [row for row in rows(returns, "scoring", "history") if number(row.get(value)) is not None]
    return _single(max(usable, key=lambda row: number(row.get("order")) or 0.0)) if usable else None


def grouped(found: list[Point]) -> int:
    """Return how many batches the largest point stands for."""
    return max((point.batches for point in found), default=0)


def changes(found: list[Point]) -> list[Point]:
    """Return the first point of each release after the first release."""
    return [now for before, now in pairwise(found) if now.release != before.release]


def by_release(found: list[Point]) -> list[list[Point]]:
    """Return the points in runs of one release each."""
    return [list(group) for _, group in groupby(found, key=lambda point: point.release)]


def _single(row: dict[str, Any]) -> Point:
    """Return one batch as a point."""
    return Point(
        order=number(row.get("order")) or 0.0,
        name=str(row.get("name") or row.get("batch") or ""),
        release=str(row.get("release") or ""),
        score=_or_zero(row.get("score")),
        low=number(row.get("low")),
        high=number(row.get("high")),
        reference=number(row.get("reference")),
        level=number(row.get("level")),
        verdict=str(row.get("verdict") or ""),
        e_value=number(row.get("e_value")),
        alarm_at=number(row.get("alarm_at")),
        batches=1,
    )


def _merged(members: list[Point]) -> Point:
    """Return several batches of one release as one point: the median score, the gravest verdict."""
    scores = sorted(point.score for point in members)
    cut = len(scores) // 20
    evidence = [point.e_value for point in members if point.e_value is not None]
    last = members[-1]
    return Point(
        order=median(point.order for point in members),
        name=last.name,
        release=last.release,
        score=median(scores),
        low=scores[cut],
        high=scores[-1 - cut],
        reference=last.reference,
        level=last.level,
        verdict=max((point.verdict for point in members), key=_gravity),
        e_value=max(evidence, default=None),
        alarm_at=last.alarm_at,
        batches=len(members),
    )


def _gravity(verdict: str) -> int:
    """Return how grave a verdict is."""
    return _GRAVITY.index(verdict) if verdict in _GRAVITY else -1


def _or_zero(value: Any) -> float:
    """Return a number, or zero where the chart does not draw it."""
    return number(value) or 0.0
