"""How long labels take: the share of rows that have theirs after so many days."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.charts.marks import WIDE, Drawing, line
from vigil.charts.plane import Plane
from vigil.charts.reading import at, number, rows

_HEIGHT = 190


def draw(returns: dict[str, Any]) -> Drawing | None:
    """Return the chart, or None when no label has come late enough to tell."""
    curve = _curve(returns)
    if len(curve) < 2 or curve[0][0] == curve[-1][0]:
        return None
    on = Plane(56.0, WIDE - 14.0, 26.0, _HEIGHT - 42.0, curve[0][0], curve[-1][0], 0.0, 1.0)
    half = line("guess", on.at(on.first, 0.5), on.at(on.last, 0.5))
    return Drawing(
        "Delay of labels",
        "",
        WIDE,
        _HEIGHT,
        (
            *(*on.heights(), *on.widths(), *on.axes("days", "share of rows with their label"), half),
            line("series", *(on.at(days, share) for days, share, _ in curve)),
        ),
        ("Days", "Labelled", "Rows"),
        tuple((wording.figure(d), wording.percent(share), wording.count(count)) for d, share, count in curve),
        "rrr",
        key=(("series", "labelled by then"), ("guess", "half")),
        spots=tuple((on.x(days), _said(days, share)) for days, share, _ in curve),
        span=(on.top, on.bottom),
    )


def describe(returns: dict[str, Any]) -> str:
    """Say how long half of the labels take, and how many rows wait."""
    curve, labels = _curve(returns), _labels(returns)
    if not curve and not rows(labels, "waiting"):
        return "Labels come with the rows; none are waited for."
    half = next((days for days, share, _ in curve if share >= 0.5), None)
    waiting = sum(
        (number(one.get("rows")) or 0) - (number(one.get("labelled")) or 0) for one in rows(labels, "waiting")
    )
    told = "Most labels are still out"
    if half is not None:
        told = f"Half of the rows have their label after {wording.figure(half)} days"
    return f"{told}; {wording.plural(waiting, 'row')} wait for theirs."


def _labels(returns: dict[str, Any]) -> Any:
    """Return what is known of labels: now, or as a report has it."""
    return at(returns, "scoring", "labels") or at(returns, "now", "labels")


def _curve(returns: dict[str, Any]) -> list[tuple[float, float, float]]:
    """Return (days, share, rows), in the order of days."""
    found = []
    for one in rows(_labels(returns), "delays"):
        days, share = number(one.get("days")), number(one.get("share"))
        if days is not None and share is not None:
            found.append((days, share, number(one.get("rows")) or 0.0))
    return sorted(found)


def _said(days: float, share: float) -> str:
    return f"after {wording.figure(days)} days: {wording.percent(share)}"
