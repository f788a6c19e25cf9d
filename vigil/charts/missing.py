"""The share of missing cells per column, beside what it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vigil.charts import style, wording
from vigil.charts.reading import number, rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 15


def draw(returns: dict[str, Any]) -> Figure | None:
    """Return the chart, or None when no column has missing cells."""
    gaps = _gaps(returns)
    if not gaps:
        return None
    shown = gaps[:_MOST]
    with style.language():
        rest = f"; {len(gaps) - _MOST} more columns have fewer" if len(gaps) > _MOST else ""
        figure = style.sheet(
            style.WIDE, 0.75 + 0.2 * len(shown), "Missing cells by column", f"line: before{rest}"
        )
        axes = style.axes(figure, left=2.1, right=0.6, top=0.48, bottom=0.22)
        axes.grid(axis="y", visible=False)
        axes.barh(range(len(shown)), [now for _, now, _ in shown], height=0.62, color=style.SKY)
        for i, (_, now, before) in enumerate(shown):
            if before is not None:
                axes.vlines(before, i - 0.4, i + 0.4, color=style.INK, linewidth=1.2)
            place = max(now, before or 0.0)
            axes.annotate(wording.percent(now), (place, i), (4, 0), textcoords="offset points", va="center")
        axes.set_yticks(range(len(shown)), [wording.drawable(name, 30) for name, _, _ in shown])
        axes.tick_params(axis="y", labelcolor=style.INK)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlim(0, max(max(now, before or 0.0) for _, now, before in shown) * 1.02)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
    return figure


def describe(returns: dict[str, Any]) -> str:
    """Say which column misses most, and how many miss anything."""
    gaps = _gaps(returns)
    if not gaps:
        return "No column has missing cells."
    name, now, before = gaps[0]
    change = "" if before is None else f", {wording.percent(before)} before"
    others = "the only column with gaps" if len(gaps) == 1 else f"the most of {len(gaps)} columns with gaps"
    return f"{wording.shorten(name, 40)} misses {wording.percent(now)} of its cells{change}: {others}."


def _gaps(returns: dict[str, Any]) -> list[tuple[str, float, float | None]]:
    """Return (column, share now, share before) of columns with gaps, the largest first."""
    found = []
    for row in rows(returns, "diagnostics", "missing"):
        now, before = number(row.get("share")), number(row.get("share_before"))
        if now or before:
            found.append((str(row.get("column") or ""), now or 0.0, before))
    return sorted(found, key=lambda gap: (-gap[1], gap[0]))
