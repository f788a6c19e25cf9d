"""The first look as a PDF, in the type of the reports."""

from __future__ import annotations

from typing import Any

from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import HexColor
from reportlab.platypus import Flowable, KeepTogether

from vigil.charts import wording
from vigil.documents.layout.blocks import chapter, facts, more, table, text
from vigil.documents.layout.figures import Figures
from vigil.documents.layout.pages import print_pages
from vigil.documents.layout.typography import load_fonts
from vigil.exploring.page import odd

_STATISTICS = ("mean", "std", "minimum", "median", "maximum")
_MOST_ODD = 25


def paper(project: str, study: dict[str, Any]) -> bytes:
    """Return the PDF's bytes."""
    load_fonts()
    name = wording.drawable(project, 60)
    found = odd(study)
    amount = f"{wording.plural(study['rows'], 'row')}, {wording.plural(study['columns_in_all'], 'column')}"
    story: list[Flowable] = [
        text(f"{name}: a first look", "title"),
        text(f"{amount}; the target is {wording.shorten(study['target'], 40)}.", "subtitle"),
        chapter("Worth a look"),
        *([text(f"• {words}") for words in found[:_MOST_ODD]] or [text("Nothing odd was found.")]),
        *more(min(len(found), _MOST_ODD), len(found), "remarks are on the page"),
        chapter("Missing cells"),
        *_missing(study["missing"]),
        chapter("Columns"),
        *(_column(column, study) for column in study["columns"]),
        *_correlations(study["correlations"]),
    ]
    return print_pages(story, Figures(), f"{name}, a first look", f"{name} · a first look")


def _missing(patterns: list[dict[str, Any]]) -> list[Flowable]:
    """List which columns are missing together."""
    if not patterns:
        return [text("No cell is missing.")]
    lines = [
        [wording.count(one["rows"]), wording.shorten(", ".join(one["columns"]), 120)] for one in patterns
    ]
    return [table(("Rows", "lack"), lines, (12, 88), "rl")]


def _column(column: dict[str, Any], study: dict[str, Any]) -> Flowable:
    """Show one column: statistics, a strip of its distribution, and the target by its groups."""
    pairs = [("Cells", wording.count(column["count"])), ("Missing", wording.percent(column["missing_share"]))]
    pairs += [
        (name.capitalize(), wording.figure(column[name])) for name in _STATISTICS if column[name] is not None
    ]
    pairs.append(("Different", wording.count(column["distinct"])))
    role = "" if column["role"] == "feature" else f" ({column['role']})"
    parts: list[Flowable] = [
        text(f"{wording.shorten(column['name'], 60)}{role}", "section"),
        facts(pairs),
        _strip([count for _, count in column["bars"]]),
    ]
    if column["by_group"]:
        share = study["shown_rate"].startswith("share")
        lines = [
            [
                wording.shorten(one["group"], 50),
                wording.count(one["rows"]),
                wording.percent(one["rate"]) if share else wording.figure(one["rate"]),
            ]
            for one in column["by_group"]
        ]
        heads = ("Group", "Rows", wording.sentence(study["shown_rate"]))
        parts.append(table(heads, lines, (50, 20, 30), "lrr"))
    return KeepTogether(parts)


def _strip(counts: list[int]) -> Drawing:
    """Draw a distribution as a row of bars."""
    wide, high = 240.0, 34.0
    drawing = Drawing(wide, high + 4)
    most = max(counts, default=0) or 1
    step = wide / max(len(counts), 1)
    for place, count in enumerate(counts):
        bar = Rect(place * step, 2, max(step - 1, 0.5), high * count / most)
        bar.fillColor, bar.strokeColor = HexColor("#1f5f8b"), None
        drawing.add(bar)
    return drawing


def _correlations(found: dict[str, Any]) -> list[Flowable]:
    """List the pairs that go together most."""
    names, matrix = found["names"], found["matrix"]
    pairs = [
        (names[i], names[j], matrix[i][j])
        for i in range(len(names))
        for j in range(i)
        if matrix[i][j] is not None
    ]
    pairs.sort(key=lambda pair: -abs(pair[2]))
    if not pairs:
        return []
    lines = [[wording.shorten(a, 40), wording.shorten(b, 40), f"{r:+.2f}"] for a, b, r in pairs[:15]]
    return [
        chapter("Correlations of ranks"),
        table(("Column", "with", "Spearman"), lines, (42, 42, 16), "llr"),
        *more(min(len(pairs), 15), len(pairs), "pairs are on the page"),
    ]
