"""From values to places on a sheet, and the lines and numbers along its edges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vigil.charts.marks import Mark, Place, line, text

#: How far from round numbers a value may be to count as one.
_NEAR = 1e-9

#: Values along an edge, at most.
_MOST = 5


@dataclass(frozen=True, slots=True)
class Plane:
    """The part of a sheet that values are drawn in: its edges in units, and the values at them.

    With ``is_log``, ``low`` and ``high`` are powers of ten.
    """

    left: float
    right: float
    top: float
    bottom: float
    first: float
    last: float
    low: float
    high: float
    is_log: bool = False

    def x(self, value: float) -> float:
        """Return a value's place along the width; a single value stands in the middle."""
        reach = self.last - self.first
        share = (value - self.first) / reach if reach else 0.5
        return round(self.left + share * (self.right - self.left), 1)

    def y(self, value: float) -> float:
        """Return a value's height; what is out of range stays at the edge."""
        given = math.log10(max(value, 1e-300)) if self.is_log else value
        share = min(1.0, max(0.0, (given - self.low) / ((self.high - self.low) or 1.0)))
        return round(self.bottom - share * (self.bottom - self.top), 1)

    def at(self, x: float, y: float) -> Place:
        """Return the place of two values."""
        return self.x(x), self.y(y)

    def heights(self) -> list[Mark]:
        """Return lines across at round heights, with their numbers at the left."""
        values = powers(self.low, self.high) if self.is_log else steps(self.low, self.high)
        found: list[Mark] = []
        for value, words in values:
            height = self.y(value)
            found.append(line("grid", (self.left, height), (self.right, height)))
            found.append(text("tick", (self.left - 6, height + 4), words, "end"))
        return found

    def widths(self) -> list[Mark]:
        """Return round numbers below."""
        return [
            text("tick", (self.x(value), self.bottom + 16), words, "middle")
            for value, words in steps(self.first, self.last)
        ]

    def axes(self, below: str, beside: str) -> list[Mark]:
        """Name both axes: the lower one below its middle, the upright one above its top."""
        middle = (self.left + self.right) / 2
        return [
            line("axis", (self.left, self.bottom), (self.right, self.bottom)),
            text("tick", (middle, self.bottom + 34), below, "middle"),
            text("tick", (max(2.0, self.left - 54), self.top - 11), beside),
        ]


def around(values: Sequence[float]) -> tuple[float, float]:
    """Return bounds with some room below and above values, of which there is at least one."""
    least, most = min(values), max(values)
    room = (most - least) * 0.08 or abs(most) * 0.05 or 0.05
    return least - room, most + room


def steps(low: float, high: float) -> list[tuple[float, str]]:
    """Return at most five round values between two bounds, with their words.

    Round are 1, 2 and 5 and their tenfolds: Heckbert, Nice numbers for graph labels (1990).
    """
    reach = high - low
    if not math.isfinite(reach) or reach <= 0:
        return []
    power = 10.0 ** math.floor(math.log10(reach / _MOST))
    size = next(power * part for part in (1, 2, 5, 10, 20) if reach / (power * part) <= _MOST)
    first, last = math.ceil(low / size - _NEAR), math.floor(high / size + _NEAR)
    digits = max(0, -math.floor(math.log10(size) + _NEAR))
    return [(place * size, _number(place * size, digits)) for place in range(first, min(last, first + 9) + 1)]


def powers(low: float, high: float) -> list[tuple[float, str]]:
    """Return some powers of ten between two powers, with their words."""
    step = max(1, math.ceil((high - low) / 4))
    return [(10.0**power, _power(power)) for power in range(math.ceil(low), math.floor(high) + 1, step)]


def _number(value: float, digits: int) -> str:
    """Write a value along an edge."""
    if abs(value) >= 1e6 or digits > 5:
        return f"{value:.3g}".replace("-", "−")
    return f"{value + 0.0:,.{digits}f}".replace("-", "−")


def _power(power: int) -> str:
    """Write a power of ten."""
    if -2 <= power <= 3:
        return f"{10.0**power:,g}"
    return "10" + str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
