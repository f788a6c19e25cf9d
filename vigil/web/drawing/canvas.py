"""A drawing's size, and from values to places on it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: The drawing's size in its own units, and the room around what is drawn.
WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 14, 26

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Canvas:
    """The range of values that the height stands for, and how many places the width has.

    With ``is_log``, ``low`` and ``high`` are powers of ten.
    """

    low: float
    high: float
    count: int
    is_log: bool = False

    @classmethod
    def around(cls, values: Sequence[float], count: int) -> Canvas:
        """Return a canvas with some room above and below values, of which there is at least one."""
        least, most = min(values), max(values)
        room = (most - least) * 0.08 or abs(most) * 0.05 or 0.05
        return cls(least - room, most + room, count)

    def x(self, index: float) -> float:
        """Spread the places evenly; a single one stands in the middle."""
        share = index / (self.count - 1) if self.count > 1 else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """Return a value's height; what is out of range stays at the edge."""
        given = math.log10(max(value, 1e-300)) if self.is_log else value
        share = min(1.0, max(0.0, (given - self.low) / (self.high - self.low)))
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Return three or four heights with their words."""
        if self.is_log:
            step = max(1, math.ceil((self.high - self.low) / 4))
            powers = range(math.ceil(self.low), math.floor(self.high) + 1, step)
            return tuple((self.y(10.0**power), _power(power)) for power in powers)
        digits = 2 if self.high - self.low < 10 else 0
        values = [self.low + (self.high - self.low) * share for share in (0.1, 0.5, 0.9)]
        return tuple((self.y(value), f"{value:,.{digits}f}") for value in values)


def points(places: Iterable[Place]) -> str:
    """Write places as SVG wants them."""
    return " ".join(f"{x:g},{y:g}" for x, y in places)


def slug(words: str) -> str:
    """Write words as one class name."""
    return words.replace(" ", "-")


def short(name: str) -> str:
    """Write a name so that a sentence has room for it, and is not turned round by it."""
    shown = name if len(name) <= 40 else f"{name[:39]}…"
    return shown if shown.isascii() else f"\u2068{shown}\u2069"


def _power(power: int) -> str:
    return f"{10**power:,}" if 0 <= power <= 6 else f"1e{power}"
