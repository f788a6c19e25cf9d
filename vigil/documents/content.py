"""What a report is made of, whatever it is printed on: text, tables, facts, charts by name.

Chapters make these pieces from the service's answers; ``layout`` sets them on paper, ``onscreen`` makes a
page of them, ``plain`` writes them as Markdown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: Letters of a paragraph and of a cell that are shown.
MOST, MOST_IN_CELL = 600, 240


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph of anyone's words; ``style`` is one of the report's own, such as "chapter" or "note"."""

    words: str
    style: str = "body"
    most: int = MOST


@dataclass(frozen=True, slots=True)
class Table:
    """Lines of cells. ``widths`` are shares of the column; ``sides`` has "l" or "r" for each."""

    heads: Sequence[str]
    lines: Sequence[Sequence[str]]
    widths: Sequence[float]
    sides: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values, set in several columns and read line by line."""

    pairs: Sequence[tuple[str, str]]
    columns: int = 3


@dataclass(frozen=True, slots=True)
class Charts:
    """Charts of the room ``vigil.charts`` by name, each with its sentence; narrow ones in pairs."""

    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Numbers:
    """The tables behind charts, on paper, where they have no other place; a screen has them below each."""

    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Panel:
    """The verdict: a label in the tone of its name, a headline, and words under small labels."""

    label: str
    tone: str
    headline: str
    lines: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Tiles:
    """Key figures side by side: name, value, note."""

    tiles: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer of the service as it came, cut to so many lines: what was asked, and the lines."""

    asked: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Together:
    """Pieces that stay on one page."""

    parts: Sequence[Block]


Block = Text | Table | Facts | Charts | Numbers | Panel | Tiles | Raw | Together


def text(words: Any, style: str = "body", most: int = MOST) -> Text:
    """Return a paragraph."""
    return Text(str(words), style, most)


def chapter(title: str) -> Text:
    """Return a chapter's heading; it enters the outline."""
    return Text(title, "chapter")


def section(title: str) -> Text:
    """Return a heading inside a chapter."""
    return Text(title, "section")


def charts(*names: str) -> Charts:
    """Return charts by name."""
    return Charts(names)


def more(shown: int, total: int, what: str) -> list[Block]:
    """Return a line that says how many are not shown; nothing when all are."""
    return [Text(f"… {total - shown:,} more {what}.", "note")] if total > shown else []
