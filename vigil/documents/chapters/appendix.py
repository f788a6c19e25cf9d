"""The raw numbers behind the charts, bounded: the latest batches of the history."""

from __future__ import annotations

from typing import Any

from reportlab.platypus import Flowable

from vigil.charts import wording
from vigil.charts.reading import number, rows
from vigil.documents.layout.blocks import chapter, more, table, text
from vigil.documents.layout.figures import Figures

_MOST = 30


def story(returns: dict[str, Any], _: Figures) -> list[Flowable]:
    """Return the table of the latest scores."""
    history = rows(returns, "scoring", "history")
    history.sort(key=lambda row: number(row.get("order")) or 0.0)
    if not history:
        return []
    shown = history[-_MOST:]
    heads = (
        "No.",
        "Batch",
        "Release",
        "Score",
        "Interval",
        "Reference",
        "Alarm level",
        "Evidence",
        "Verdict",
    )
    return [
        chapter("Appendix: the latest scores in numbers"),
        text("All of them are in apireturns.json beside this report.", "lead"),
        table(heads, [_line(row) for row in reversed(shown)], (6, 18, 11, 8, 16, 10, 11, 9, 13), "rllrrrrrl"),
        *more(len(shown), len(history), "earlier batches"),
    ]


def _line(row: dict[str, Any]) -> list[str]:
    """Return one batch's line."""
    return [
        wording.count(row.get("order")),
        wording.shorten(row.get("name") or row.get("batch") or "", 26),
        wording.release(row.get("release")),
        wording.score(row.get("score")),
        wording.interval([row.get("low"), row.get("high")]) or wording.NOTHING,
        wording.score(row.get("reference")),
        wording.score(row.get("level")),
        wording.figure(row.get("e_value")),
        wording.shorten(row.get("verdict") or "", 20),
    ]
