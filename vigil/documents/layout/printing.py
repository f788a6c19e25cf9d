"""Sets a report's pieces on paper: each kind of piece as reportlab's flowables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.platypus import CondPageBreak, Flowable, KeepTogether, Paragraph, Spacer, Table

from vigil import charts
from vigil.charts import style
from vigil.documents import content
from vigil.documents.layout import blocks
from vigil.documents.layout.blocks import COLUMN, text
from vigil.documents.layout.figures import Figures
from vigil.documents.layout.typography import FAINT, markup, paragraph

#: Points that a chapter needs at least: its heading, a sentence, a table's head and two lines of it.
CHAPTER = 108

#: Lines of the table behind a chart.
_LINES = 12


def printed(story: Sequence[content.Block], returns: dict[str, Any], figures: Figures) -> list[Flowable]:
    """Return the flowables of a story; charts are drawn from the answers."""
    found: list[Flowable] = []
    for block in story:
        if isinstance(block, content.Charts):
            found += figures.charts(list(block.names), returns)
        elif isinstance(block, content.Numbers):
            found += [part for name in block.names for part in _numbers(name, returns)]
        elif isinstance(block, content.Together):
            found.append(KeepTogether(printed(block.parts, returns, figures)))
        else:
            found += _PRINTERS[type(block)](block)
    return found


def _numbers(name: str, returns: dict[str, Any]) -> list[Flowable]:
    """Return the first lines of the table behind a chart; nothing for a chart that is not drawn."""
    drawing, _ = charts.placed(name, returns)
    if drawing is None or not drawing.rows:
        return []
    lines = [list(row) for row in drawing.rows[:_LINES]]
    longest = [max(len(line[at]) for line in [drawing.heads, *lines]) for at in range(len(drawing.heads))]
    widths = [min(max(length, 8), 48) for length in longest]
    told = blocks.table(drawing.heads, lines, widths, drawing.sides)
    rest = blocks.more(len(lines), len(drawing.rows), "lines; the page beside this report has more")
    return [text(drawing.title, "section"), told, *rest]


def _text(block: content.Text) -> list[Flowable]:
    """Return a paragraph; a chapter does not begin where only its first lines have room."""
    room: list[Flowable] = [CondPageBreak(CHAPTER)] if block.style == "chapter" else []
    return [*room, text(block.words, block.style, block.most)]


def _table(block: content.Table) -> list[Flowable]:
    return [blocks.table(block.heads, block.lines, block.widths, block.sides)]


def _facts(block: content.Facts) -> list[Flowable]:
    return [blocks.facts(block.pairs, block.columns)]


def _panel(block: content.Panel) -> list[Flowable]:
    """Return the verdict: a coloured edge, the headline, and lines of words."""
    tone = HexColor(style.VERDICTS[block.tone][0])
    dark = HexColor(_LABEL_TONES[block.tone])
    chip = Paragraph(markup(block.label.upper()), paragraph("chip").clone("chip", textColor=dark))
    rows = [[chip, ""], [text(block.headline, "headline"), ""]]
    rows += [[text(label, "label"), text(words, "body", 900)] for label, words in block.lines]
    panel = Table(rows, colWidths=[92, COLUMN - 92])
    panel.setStyle(
        [
            ("SPAN", (0, 0), (1, 0)),
            ("SPAN", (0, 1), (1, 1)),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("BACKGROUND", (0, 0), (-1, -1), HexColor("#f7f9fa")),
            ("LINEBEFORE", (0, 0), (0, -1), 4, tone, "butt"),
            ("LEFTPADDING", (0, 0), (0, -1), 14),
            ("LEFTPADDING", (1, 0), (1, -1), 4),
            ("RIGHTPADDING", (0, 0), (-1, -1), 12),
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            ("TOPPADDING", (0, 0), (-1, 0), 10),
            ("BOTTOMPADDING", (0, 1), (-1, 1), 7),
            ("BOTTOMPADDING", (0, -1), (-1, -1), 8),
        ]
    )
    return [panel, Spacer(0, 10)]


def _tiles(block: content.Tiles) -> list[Flowable]:
    """Return key figures side by side."""
    columns = [
        [text(name, "label"), text(value, "tile"), text(note, "note")] for name, value, note in block.tiles
    ]
    row = Table([columns], colWidths=[COLUMN / len(columns)] * len(columns))
    row.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 14),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ("LINEBEFORE", (1, 0), (-1, -1), 0.6, FAINT),
        ]
    )
    return [row, Spacer(0, 6)]


def _raw(block: content.Raw) -> list[Flowable]:
    """Return an answer as it came, in small type."""
    return [text(block.asked, "section"), *(text(line, "raw") for line in block.lines)]


_PRINTERS: dict[type, Callable[[Any], list[Flowable]]] = {
    content.Text: _text,
    content.Table: _table,
    content.Facts: _facts,
    content.Panel: _panel,
    content.Tiles: _tiles,
    content.Raw: _raw,
}

#: Amber is too light for small letters; the others are the verdicts' own colours.
_LABEL_TONES = {name: "#8a5a00" if name == "watch" else tone for name, (tone, _) in style.VERDICTS.items()}
