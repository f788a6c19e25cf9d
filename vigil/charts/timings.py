"""How long each step took this time, beside its usual time."""

from __future__ import annotations

from typing import Any

from vigil.charts import bars, wording
from vigil.charts.marks import Drawing
from vigil.charts.reading import number, rows

_MOST = 12


def draw(returns: dict[str, Any]) -> Drawing | None:
    """Return the chart, or None when nothing was timed."""
    steps = _steps(returns)
    if not steps:
        return None
    heads = ("Step", "Last", "Median")
    return bars.drawing("Time of each step", "", steps, wording.seconds, heads, ("last", "its median so far"))


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


def _steps(returns: dict[str, Any]) -> list[bars.Bar]:
    """Return (step, last seconds, median seconds) in the order of the answers."""
    found: list[bars.Bar] = []
    for row in rows(returns, "diagnostics", "timings"):
        last = number(row.get("last"))
        if last is not None:
            found.append((str(row.get("step") or ""), last, number(row.get("median"))))
    return found[:_MOST]
