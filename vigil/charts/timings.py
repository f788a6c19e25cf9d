"""How long each step took this time, beside its usual time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vigil.charts import style, wording
from vigil.charts.reading import number, rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 12


def draw(returns: dict[str, Any]) -> Figure | None:
    """Return the chart, or None when nothing was timed."""
    steps = _steps(returns)
    if not steps:
        return None
    with style.language():
        figure = style.sheet(
            style.WIDE, 0.75 + 0.2 * len(steps), "Time of each step", "line: its median so far"
        )
        axes = style.axes(figure, left=1.2, right=0.8, top=0.48, bottom=0.22)
        axes.grid(axis="y", visible=False)
        axes.barh(range(len(steps)), [last for _, last, _ in steps], height=0.62, color=style.SKY)
        for i, (_, last, median) in enumerate(steps):
            if median is not None:
                axes.vlines(median, i - 0.4, i + 0.4, color=style.INK, linewidth=1.2)
            place = max(last, median or 0.0)
            axes.annotate(wording.seconds(last), (place, i), (4, 0), textcoords="offset points", va="center")
        axes.set_yticks(range(len(steps)), [wording.drawable(name, 18) for name, _, _ in steps])
        axes.tick_params(axis="y", labelcolor=style.INK)
        axes.set_ylim(len(steps) - 0.4, -0.6)
        axes.set_xlim(0, max(max(last, median or 0.0) for _, last, median in steps) * 1.02 or 1.0)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
    return figure


def describe(returns: dict[str, Any]) -> str:
    """Say how long the run took, and which step most of it."""
    steps = _steps(returns)
    if not steps:
        return "No step has been timed yet."
    total = sum(last for _, last, _ in steps)
    name, longest, _ = max(steps, key=lambda step: step[1])
    return (
        f"The steps took {wording.seconds(total)} together, {name} the longest ({wording.seconds(longest)})."
    )


def _steps(returns: dict[str, Any]) -> list[tuple[str, float, float | None]]:
    """Return (step, last seconds, median seconds) in the order of the answers."""
    found = []
    for row in rows(returns, "diagnostics", "timings"):
        last = number(row.get("last"))
        if last is not None:
            found.append((str(row.get("step") or ""), last, number(row.get("median"))))
    return found[:_MOST]
