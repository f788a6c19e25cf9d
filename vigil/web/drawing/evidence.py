"""The alarm's evidence over time, on a scale of powers of ten."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vigil.web.drawing.canvas import Canvas, points, short
from vigil.web.drawing.curve import Curve, Spot

#: Powers of ten beyond which nothing is told apart.
LEAST, MOST = -3, 9


@dataclass(frozen=True, slots=True)
class Evidence:
    """``lines`` are SVG points, one line for each release; ``alarm`` is the height of the alarm."""

    lines: tuple[str, ...]
    alarm: float
    ticks: tuple[tuple[float, str], ...]
    spots: tuple[Spot, ...]


def evidence(curve: Curve) -> Evidence:
    """Draw the evidence of the batches that a curve shows, at the same places."""
    alarm = curve.rows[-1]["alarm_at"]
    powers = [math.log10(min(max(row["e_value"], 1e-3), 1e9)) for row in curve.rows]
    low = max(LEAST, math.floor(min([*powers, -1])))
    high = min(MOST, math.ceil(max([*powers, math.log10(alarm)]) + 0.3))
    canvas = Canvas(low, high, curve.count, is_log=True)
    xs = [x for x, _ in curve.spots]
    spots = tuple(
        (x, f"{short(row['name'])}: {row['e_value']:.3g}") for x, row in zip(xs, curve.rows, strict=True)
    )
    return Evidence(tuple(_lines(curve.rows, xs, canvas)), canvas.y(alarm), canvas.ticks(), spots)


def _lines(rows: Sequence[dict[str, Any]], xs: Sequence[float], canvas: Canvas) -> list[str]:
    """Return one line for each stretch of one release: each begins anew."""
    lines: list[list[tuple[float, float]]] = []
    before = None
    for x, row in zip(xs, rows, strict=True):
        if row["release"] != before:
            lines.append([])
        lines[-1].append((x, canvas.y(row["e_value"])))
        before = row["release"]
    return [points(line if len(line) > 1 else [line[0], (line[0][0] + 3, line[0][1])]) for line in lines]
