"""Writes figures as bytes, the same bytes for the same figure: no dates, no random names."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from vigil.charts.style import language

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def to_pdf(figures: list[Figure]) -> bytes:
    """Return a PDF with one page per figure; the fonts are embedded once, and the text is text."""
    from matplotlib.backends.backend_pdf import PdfPages

    target = io.BytesIO()
    with language(), PdfPages(target, metadata={"CreationDate": None, "Creator": None}) as book:
        for figure in figures:
            book.savefig(figure)
    return target.getvalue()


def to_png(figure: Figure, dots: int = 160) -> bytes:
    """Return a PNG picture, ``dots`` to the inch."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    target = io.BytesIO()
    with language():
        FigureCanvasAgg(figure).print_figure(target, format="png", dpi=dots, metadata={"Software": None})
    return target.getvalue()
