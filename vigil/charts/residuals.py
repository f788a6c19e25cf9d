"""The errors of a regression: how large they are, and where along the scale they fall."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.charts.marks import WIDE, Drawing, Mark, dot, line
from vigil.charts.plane import Plane
from vigil.charts.reading import at, number, numbers, pairs

_HEIGHT = 250


def draw(returns: dict[str, Any]) -> Drawing | None:
    """Return the chart, or None when the batch has no residuals."""
    bars = _bars(returns)
    points = pairs(returns, "scoring", "details", "predicted")
    if bars is None and not points:
        return None
    left = _histogram(*bars) if bars is not None else []
    right = _scatter(points) if points else []
    return Drawing(
        "Residuals, and predicted against actual values",
        wording.shorten(at(returns, "scoring", "batch", "name") or "latest batch", 40),
        WIDE,
        _HEIGHT,
        (*left, *right),
        ("Residual from", "to", "Rows"),
        _lines(*bars) if bars is not None else (),
        "rrr",
        key=(("guess", "predicted = actual"),) if points else (),
    )


def describe(returns: dict[str, Any]) -> str:
    """Say how large the errors are and whether they lean to one side."""
    errors = at(returns, "scoring", "details", "errors")
    mae, bias = number(at(errors, "mae")), number(at(errors, "bias"))
    if mae is None:
        return "There are no residuals: they need a regression and labelled rows."
    sentence = f"Predictions miss by {wording.figure(mae)} on average"
    if bias is None or abs(bias) < 0.05 * mae:
        return f"{sentence}, to neither side more than to the other."
    return f"{sentence}; they lie {wording.figure(abs(bias))} too {'high' if bias > 0 else 'low'} on average."


def _bars(returns: dict[str, Any]) -> tuple[list[float], list[float]] | None:
    """Return the histogram's edges (n + 1) and counts (n), or None."""
    edges = numbers(returns, "scoring", "details", "residuals", "edges")
    counts = numbers(returns, "scoring", "details", "residuals", "counts")
    return (edges, counts) if counts and len(edges) == len(counts) + 1 else None


def _histogram(edges: list[float], counts: list[float]) -> list[Mark]:
    """Return how often each error occurs, with a line at none."""
    on = Plane(56.0, 336.0, 26.0, _HEIGHT - 42.0, min(edges), max(edges), 0.0, max([*counts, 1.0]) * 1.05)
    outline = [(on.x(edges[0]), on.bottom)]
    for place, count in enumerate(counts):
        outline += [on.at(edges[place], count), on.at(edges[place + 1], count)]
    outline.append((on.x(edges[-1]), on.bottom))
    marks = [*on.heights(), *on.widths(), *on.axes("residual (predicted − actual)", "rows")]
    marks += [Mark("area", "bar", tuple(outline)), Mark("line", "thin", tuple(outline))]
    if on.first < 0 < on.last:
        marks.append(line("before", (on.x(0), on.top), (on.x(0), on.bottom)))
    return marks


def _scatter(points: list[tuple[float, float]]) -> list[Mark]:
    """Return predictions against what came true."""
    low, high = min(min(point) for point in points), max(max(point) for point in points)
    pad = 0.04 * (high - low) or 1.0
    low, high = low - pad, high + pad
    on = Plane(430.0, WIDE - 12.0, 26.0, _HEIGHT - 42.0, low, high, low, high)
    same = line("guess", on.at(low, low), on.at(high, high))
    dots = [dot("pale", on.at(*point), 2.6) for point in points]
    return [*on.heights(), *on.widths(), *on.axes("predicted", "actual"), same, *dots]


def _lines(edges: list[float], counts: list[float]) -> tuple[tuple[str, ...], ...]:
    """Return the histogram's numbers."""
    return tuple(
        (wording.figure(edges[place]), wording.figure(edges[place + 1]), wording.count(count))
        for place, count in enumerate(counts)
    )
