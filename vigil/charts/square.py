"""What the curves on the unit square have in common: half a column wide, both axes from 0 to 1."""

from __future__ import annotations

from collections.abc import Iterable

from vigil.charts import wording
from vigil.charts.marks import HALF, Mark, Place, line, text
from vigil.charts.plane import Plane

#: The sheet's height.
HEIGHT = 270

#: How the columns of a curve's table stand.
SIDES = "rr"

#: Lines of the table behind a curve, spread evenly over it.
_LINES = 11


def plane() -> Plane:
    """Return the square."""
    return Plane(40.0, HALF - 12.0, 26.0, HEIGHT - 42.0, 0.0, 1.0, 0.0, 1.0)


def frame(on: Plane, below: str, beside: str) -> list[Mark]:
    """Return the square's lines, numbers and names."""
    ticks = [
        text("tick", (on.x(share), on.bottom + 16), f"{share:g}", "middle")
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    return [*on.heights(), *ticks, *on.axes(below, beside)]


def diagonal(on: Plane) -> Mark:
    """Return the line on which both axes agree."""
    return line("guess", on.at(0, 0), on.at(1, 1))


def numbers(points: Iterable[Place]) -> tuple[tuple[str, ...], ...]:
    """Return some of a curve's points as lines of a table, both ends among them."""
    found = list(points)
    step = max(1, -(-len(found) // _LINES))
    kept = found[::step] + ([found[-1]] if found and (len(found) - 1) % step else [])
    return tuple((wording.score(x), wording.score(y)) for x, y in kept)
