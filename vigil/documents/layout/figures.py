"""Charts on paper: a reserved place in the text now, the drawing itself after the pages are set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reportlab.lib.units import inch
from reportlab.platypus import Flowable, Table

from vigil import charts
from vigil.charts import paper
from vigil.charts.style import HALF
from vigil.documents.layout.blocks import COLUMN, text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Place:
    """Where a drawing goes: the page (from 0), and its lower left corner in points."""

    page: int
    left: float
    bottom: float


class Figures:
    """The charts of one report, in order, and the places that the layout gave them."""

    def __init__(self) -> None:
        self.drawn: list[Figure] = []
        self.places: dict[int, Place] = {}

    def drawing(self, figure: Figure, sentence: str) -> list[Flowable]:
        """Return the place of a figure that is no chart of the room, with its sentence."""
        return [self._reserved(figure), text(sentence, "caption")]

    def charts(self, names: list[str], returns: dict[str, Any]) -> list[Flowable]:
        """Return charts with their sentences, narrow ones in pairs; without a drawing, the sentence."""
        found = [charts.placed(name, returns) for name in names]
        cells = [
            [self._reserved(paper.figure(drawing)), text(sentence, "caption")]
            for drawing, sentence in found
            if drawing is not None
        ]
        narrow = [cell for cell in cells if cell[0].width <= HALF * inch + 1]
        story: list[Flowable] = [part for cell in cells if cell not in narrow for part in cell]
        story += [_pair(narrow[i : i + 2]) for i in range(0, len(narrow), 2)]
        absent = [sentence for drawing, sentence in found if drawing is None]
        return story + [text(sentence, "caption") for sentence in absent]

    def _reserved(self, figure: Figure) -> _Reserved:
        """Keep a figure, and return its place in the text."""
        self.drawn.append(figure)
        width, height = figure.get_size_inches()
        return _Reserved(self.places, len(self.drawn) - 1, width * inch, height * inch)


class _Reserved(Flowable):  # type: ignore[misc]  # reportlab is untyped
    """An empty area that writes down where the layout put it; its sentence stays below it."""

    keepWithNext = 1  # noqa: N815 (reportlab's name)

    def __init__(self, places: dict[int, Place], index: int, width: float, height: float) -> None:
        super().__init__()
        self.places, self.index, self.width, self.height = places, index, width, height

    def draw(self) -> None:
        """Note the page and the corner."""
        left, bottom = self.canv.absolutePosition(0, 0)
        self.places[self.index] = Place(self.canv.getPageNumber() - 1, left, bottom)


def _pair(cells: list[list[Flowable]]) -> Table:
    """Return one or two narrow charts side by side."""
    cells = cells + [[]] * (2 - len(cells))
    found = Table([cells], colWidths=[COLUMN - HALF * inch, HALF * inch])
    found.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP")])
    found.setStyle([(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")])
    found.setStyle([("RIGHTPADDING", (0, 0), (0, -1), 13), ("BOTTOMPADDING", (0, 0), (-1, -1), 8)])
    return found
