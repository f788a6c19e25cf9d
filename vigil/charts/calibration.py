"""The calibration curve: how often what was predicted with probability p came true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vigil.charts import style, wording
from vigil.charts.reading import number, rows
from vigil.charts.roc import unit_square

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(returns: dict[str, Any]) -> Figure | None:
    """Return the chart, or None when the batch has no calibration table."""
    bins = _bins(returns)
    if not bins:
        return None
    with style.language():
        figure = style.sheet(style.HALF, 2.9, "Calibration", "larger dots: more rows; dashed: exact")
        axes = style.axes(figure, left=0.45, right=0.1, top=0.5, bottom=0.4)
        axes.plot([0, 1], [0, 1], color=style.MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
        most = max(weight for _, _, weight in bins) or 1.0
        predicted, observed, weights = zip(*bins, strict=True)
        sizes = [12 + 60 * weight / most for weight in weights]
        axes.plot(predicted, observed, color=style.BLUE, linewidth=1.0)
        axes.scatter(
            predicted, observed, s=sizes, color=style.BLUE, edgecolor=style.PAPER, linewidth=0.6, zorder=4
        )
        unit_square(axes, "predicted probability", "observed share of positives")
    return figure


def describe(returns: dict[str, Any]) -> str:
    """Say how far the predicted probabilities are from what was observed, on average."""
    bins = _bins(returns)
    total = sum(weight for _, _, weight in bins)
    if not total:
        return "There is no calibration curve: it needs predicted probabilities and labelled rows."
    gap = sum(abs(predicted - observed) * weight for predicted, observed, weight in bins) / total
    return f"Predicted probabilities differ from the observed shares by {wording.percent(gap)} on average."


def _bins(returns: dict[str, Any]) -> list[tuple[float, float, float]]:
    """Return (predicted, observed, rows) of every bin that holds rows."""
    found = []
    for row in rows(returns, "scoring", "details", "calibration"):
        predicted, observed, weight = (number(row.get(key)) for key in ("predicted", "observed", "rows"))
        if predicted is not None and observed is not None and weight:
            found.append((predicted, observed, weight))
    return found
