"""The share of missing cells per column, beside what it was before."""

from __future__ import annotations

from typing import Any

from vigil.charts import bars, wording
from vigil.charts.marks import Drawing
from vigil.charts.reading import number, rows

_MOST = 15


def draw(returns: dict[str, Any]) -> Drawing | None:
    """Return the chart, or None when no column has missing cells."""
    gaps = _gaps(returns)
    if not gaps:
        return None
    rest = (
        f"{wording.plural(len(gaps) - _MOST, 'more column has', 'more columns have')} fewer"
        if len(gaps) > _MOST
        else ""
    )
    heads = ("Column", "Missing", "Before")
    return bars.drawing(
        "Missing cells by column", rest, gaps[:_MOST], wording.percent, heads, ("now", "before")
    )


def describe(returns: dict[str, Any]) -> str:
    """Say which column misses most, and how many miss anything."""
    gaps = _gaps(returns)
    if not gaps:
        return "No column has missing cells."
    name, now, before = gaps[0]
    change = "" if before is None else f", {wording.percent(before)} before"
    others = "the only column with gaps" if len(gaps) == 1 else f"the most of {len(gaps)} columns with gaps"
    return f"{wording.shorten(name, 40)} misses {wording.percent(now)} of its cells{change}: {others}."


def _gaps(returns: dict[str, Any]) -> list[bars.Bar]:
    """Return (column, share now, share before) of columns with gaps, the largest first."""
    found: list[bars.Bar] = []
    for row in rows(returns, "diagnostics", "missing"):
        now, before = number(row.get("share")), number(row.get("share_before"))
        if now or before:
            found.append((str(row.get("column") or ""), now or 0.0, before))
    return sorted(found, key=lambda gap: (-gap[1], gap[0]))
