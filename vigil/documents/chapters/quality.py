"""The data itself: what is missing, and what each column holds."""

from __future__ import annotations

from typing import Any

from reportlab.platypus import Flowable

from vigil.charts import wording
from vigil.charts.reading import at, number, rows
from vigil.documents.layout.blocks import chapter, more, table, text
from vigil.documents.layout.figures import Figures

_MOST = 40


def story(returns: dict[str, Any], figures: Figures) -> list[Flowable]:
    """Return the chart of missing cells and the summary statistics."""
    columns = rows(returns, "summarystats", "columns")
    if not columns:
        return [chapter("Data quality"), text("There are no rows to summarise yet.")]
    shown = columns[:_MOST]
    measured = [column for column in shown if number(column.get("mean")) is not None]
    named = [column for column in shown if number(column.get("mean")) is None]
    return [
        chapter("Data quality"),
        text(_scope(returns, len(columns)), "lead"),
        *figures.chart("missing", returns),
        *_measured(measured),
        *_named(named),
        *more(len(shown), len(columns), "columns; the service's /summarystats lists them all"),
    ]


def _scope(returns: dict[str, Any], columns: int) -> str:
    """Say which rows are summarised."""
    what = "one batch" if at(returns, "summarystats", "scope") == "batch" else "the whole table"
    amount = wording.plural(at(returns, "summarystats", "rows"), "row")
    return f"Summary of {what}: {amount} in {wording.plural(columns, 'column')}."


def _measured(columns: list[dict[str, Any]]) -> list[Flowable]:
    """Return the table of the columns that hold numbers."""
    keys = ("mean", "std", "minimum", "median", "maximum")
    lines = [[*_common(column), *(wording.figure(column.get(key)) for key in keys)] for column in columns]
    heads = ("Column", "Cells", "Missing", "Mean", "Std", "Min", "Median", "Max")
    found = table(heads, lines, (26, 10, 10, 13, 13, 13, 13, 14), "lrrrrrrr")
    return [text("Numbers", "section"), found] if lines else []


def _named(columns: list[dict[str, Any]]) -> list[Flowable]:
    """Return the table of the columns that hold words or dates."""
    lines = [
        [*_common(column), wording.count(column.get("distinct")), _frequent(column)] for column in columns
    ]
    heads = ("Column", "Cells", "Missing", "Distinct", "Most frequent")
    found = table(heads, lines, (26, 10, 10, 10, 52), "lrrrl")
    return [text("Categories, texts and dates", "section"), found] if lines else []


def _common(column: dict[str, Any]) -> list[str]:
    """Return what every column has: its name, its cells, its missing share."""
    name = wording.shorten(column.get("name") or "", 40) or "(no name)"
    role = column.get("role")
    name += f" ({role})" if role in {"target", "key", "time"} else ""
    return [name, wording.count(column.get("count")), wording.percent(column.get("missing_share"))]


def _frequent(column: dict[str, Any]) -> str:
    """Return the most frequent levels with their counts."""
    found = column.get("most_frequent")
    pairs = (
        [pair for pair in found if isinstance(pair, list) and len(pair) == 2]
        if isinstance(found, list)
        else []
    )
    written = ", ".join(
        f"{wording.shorten(level, 22)} ({wording.count(times)})" for level, times in pairs[:3]
    )
    return written or wording.NOTHING
