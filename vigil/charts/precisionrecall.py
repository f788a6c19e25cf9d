"""The precision–recall curve of the latest scored batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vigil.charts import style, wording
from vigil.charts.reading import at, number, pairs
from vigil.charts.roc import unit_square

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(returns: dict[str, Any]) -> Figure | None:
    """Return the chart, or None when the batch has no precision–recall curve."""
    curve = pairs(returns, "scoring", "details", "pr")
    if len(curve) < 2:
        return None
    with style.language():
        share = _positive_share(returns)
        subtitle = "" if share is None else f"dashed: a model that guesses ({share:.2f})"
        figure = style.sheet(style.HALF, 2.9, "Precision and recall", subtitle)
        axes = style.axes(figure, left=0.45, right=0.1, top=0.5, bottom=0.4)
        if share is not None:
            axes.axhline(share, color=style.MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
        axes.plot(*zip(*curve, strict=True), color=style.BLUE, linewidth=1.5)
        unit_square(axes, "recall: share of positives found", "precision: share of finds that are right")
    return figure


def describe(returns: dict[str, Any]) -> str:
    """Say what precision costs at half of the positives found."""
    curve = pairs(returns, "scoring", "details", "pr")
    if len(curve) < 2:
        return "There is no precision–recall curve: it needs two classes and labelled rows."
    recall, precision = min(curve, key=lambda point: abs(point[0] - 0.5))
    found, right = wording.percent(recall), wording.percent(precision)
    return f"When {found} of the positives are found, {right} of the finds are right."


def _positive_share(returns: dict[str, Any]) -> float | None:
    """Return the share of positives in the batch: the precision of a guess."""
    confusion = at(returns, "scoring", "details", "confusion")
    if not isinstance(confusion, list) or len(confusion) != 2:
        return None
    sums = [sum(number(cell) or 0.0 for cell in row) for row in confusion]
    return sums[1] / sum(sums) if sum(sums) else None
