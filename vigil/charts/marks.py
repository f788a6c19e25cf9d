"""What a chart is before anything writes it: marks on a sheet, its sentence, and the table behind it.

A chart is computed once and written twice: ``svg`` writes it for pages, ``paper`` for PDF and PNG. Places
are units from the upper left corner; 720 of them are the width of a page's column and of the paper's.
A tone says what a mark stands for; how a tone looks is each writer's own, so that a page has a dark one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

#: The two widths that a chart may have: the whole column, or half of it beside another.
WIDE, HALF = 720, 350

Place = tuple[float, float]
Kind = Literal["line", "area", "box", "dot", "text"]
Side = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: a line or an area through places, a box between two, a dot or words at one.

    ``words`` are what a text says, or what a pointer reads on a dot or a box. ``size`` is a dot's radius or
    the height of letters; ``side`` is the end of the text that stands at its place; ``weight`` is the
    strength of a filling, from 0 to 1; ``turn`` turns a text, in degrees against the clock.
    """

    kind: Kind
    tone: str
    at: tuple[Place, ...]
    words: str = ""
    size: float = 0.0
    side: Side = "start"
    weight: float = 1.0
    turn: float = 0.0


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart: its heading, its marks, what its tones mean, a sentence, and the table behind it.

    ``sides`` has "l" or "r" for each column of the table. ``spots`` say what stands at a place along the
    width, in its order; ``span`` is the height from where to where they hold.
    """

    title: str
    subtitle: str
    width: int
    height: int
    marks: tuple[Mark, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sides: str
    key: tuple[tuple[str, str], ...] = ()
    spots: tuple[tuple[float, str], ...] = ()
    span: Place = (0.0, 0.0)
    summary: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values; what is as usual in a mark is left out."""
        whole = asdict(self)
        usual = {one.name: one.default for one in fields(Mark)}
        whole["marks"] = [
            {name: value for name, value in asdict(mark).items() if value != usual[name]}
            for mark in self.marks
        ]
        return whole

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Drawing:
        """Return the drawing that ``as_json`` wrote. Raises KeyError and TypeError for anything else."""
        given = {name: kept[name] for name in (one.name for one in fields(cls))}
        marks = tuple(Mark(**{**mark, "at": _places(mark["at"])}) for mark in kept["marks"])
        lists = {name: tuple(tuple(row) for row in kept[name]) for name in ("rows", "key", "spots")}
        edges = (kept["span"][0], kept["span"][1])
        return cls(**{**given, **lists, "marks": marks, "heads": tuple(kept["heads"]), "span": edges})


def line(tone: str, *places: Place) -> Mark:
    """Return a line through places."""
    return Mark("line", tone, places)


def text(
    tone: str, place: Place, words: str, side: Side = "start", *, size: float = 11.0, turn: float = 0.0
) -> Mark:
    """Return words at a place, which is their foot."""
    return Mark("text", tone, (place,), words, size=size, side=side, turn=turn)


def box(tone: str, corner: Place, opposite: Place, words: str = "", *, weight: float = 1.0) -> Mark:
    """Return a filled box between two corners."""
    return Mark("box", tone, (corner, opposite), words, weight=weight)


def dot(tone: str, place: Place, size: float, words: str = "") -> Mark:
    """Return a dot; its shape is that of its tone."""
    return Mark("dot", tone, (place,), words, size=size)


def _places(given: Sequence[Sequence[float]]) -> tuple[Place, ...]:
    """Return places as they were before they were JSON."""
    return tuple((place[0], place[1]) for place in given)
