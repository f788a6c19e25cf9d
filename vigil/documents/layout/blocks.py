"""The pieces that chapters are built from: paragraphs, tables, rows of figures in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportlab.lib.units import inch
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable, Paragraph, Table, TableStyle

from vigil.charts.style import WIDE
from vigil.documents.layout.typography import FAINT, PALE, markup, paragraph

#: The width of the text column in points.
COLUMN = WIDE * inch

#: Points that a column keeps free at its right, and a little for rounding.
GAP = 10.5


def text(value: Any, name: str = "body", most: int = 600) -> Paragraph:
    """Return a paragraph of anyone's text in one of the report's styles."""
    return Paragraph(markup(value, most), paragraph(name))


def chapter(title: str) -> Paragraph:
    """Return a chapter's heading; it enters the outline."""
    return text(title, "chapter")


def table(
    heads: Sequence[str], lines: Sequence[Sequence[Any]], widths: Sequence[float], numbers: str
) -> Table:
    """Return a quiet table.

    ``widths`` are shares of the text column, of which a column of numbers takes more where they need it:
    a number is never broken. ``numbers`` has one letter for each column, "l" for text and "r" for
    numbers, which stand right-aligned under each other.
    """
    top = [
        text(head, "numberhead" if side == "r" else "head") for head, side in zip(heads, numbers, strict=True)
    ]
    body = [[_cell(value, side) for value, side in zip(line, numbers, strict=True)] for line in lines]
    needed = [
        max(map(_width, [*head.split(), *column])) + GAP if side == "r" else 0.0
        for side, head, *column in zip(numbers, heads, *lines, strict=True)
    ]
    found = Table([top, *body], colWidths=_shared(widths, needed), repeatRows=1)
    found.setStyle(_RULES)
    found.hAlign = "LEFT"
    found.spaceBefore, found.spaceAfter = 3, 7
    return found


def more(shown: int, total: int, what: str) -> list[Flowable]:
    """Return a line that says how many are not shown; nothing when all are."""
    return [text(f"… {total - shown:,} more {what}.", "note")] if total > shown else []


def facts(pairs: Sequence[tuple[str, str]], columns: int = 3) -> Table:
    """Return names and numbers in several columns, read line by line."""
    cells = [cell for name, value in pairs for cell in (text(name, "head", 40), _cell(value, "r"))]
    cells += [""] * (-len(cells) % (2 * columns))
    lines = [cells[i : i + 2 * columns] for i in range(0, len(cells), 2 * columns)]
    unit = COLUMN / columns
    found = Table(lines, colWidths=[unit * 0.6, unit * 0.4] * columns)
    found.setStyle(_FACT_RULES)
    found.hAlign = "LEFT"
    found.spaceBefore, found.spaceAfter = 1, 6
    return found


def _width(value: Any) -> float:
    """Return the points that a number takes in a cell; 0 for what is a flowable already."""
    style = paragraph("number")
    return 0.0 if isinstance(value, Flowable) else stringWidth(str(value), style.fontName, style.fontSize)


def _shared(widths: Sequence[float], needed: Sequence[float]) -> list[float]:
    """Share the text column out by ``widths``; what some need above their share, the others give."""
    unit = COLUMN / sum(widths)
    held = {at: least for at, least in enumerate(needed) if least > unit * widths[at]}
    if not held or sum(held.values()) > COLUMN / 2:
        return [unit * width for width in widths]
    rest = (COLUMN - sum(held.values())) / sum(width for at, width in enumerate(widths) if at not in held)
    return [held.get(at, rest * width) for at, width in enumerate(widths)]


def _cell(value: Any, side: str) -> Flowable:
    """Return a table's cell; what is a flowable already stays as it is."""
    return value if isinstance(value, Flowable) else text(value, "number" if side == "r" else "cell", 240)


_RULES = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("VALIGN", (0, 1), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.6, FAINT),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, PALE),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 10),
        ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
)

_FACT_RULES = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 20),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, PALE),
    ]
)
