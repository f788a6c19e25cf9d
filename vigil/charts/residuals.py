"""The errors of a regression: how large they are, and where along the scale they fall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vigil.charts import style, wording
from vigil.charts.reading import at, number, numbers, pairs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(returns: dict[str, Any]) -> Figure | None:
    """Return the chart, or None when the batch has no residuals."""
    bars = _bars(returns)
    points = pairs(returns, "scoring", "details", "predicted")
    if bars is None and not points:
        return None
    with style.language():
        name = wording.drawable(at(returns, "scoring", "batch", "name") or "latest batch", 40)
        figure = style.sheet(style.WIDE, 2.9, "Residuals, and predicted against actual values", name)
        if bars is not None:
            left = style.axes(figure, left=0.5, right=style.WIDE - 3.15, top=0.55, bottom=0.42)
            _histogram(left, *bars)
        if points:
            _scatter(style.axes(figure, left=3.95, right=0.1, top=0.55, bottom=0.42), points)
    return figure


def describe(returns: dict[str, Any]) -> str:
    """Say how large the errors are and whether they lean to one side."""
    errors = at(returns, "scoring", "details", "errors")
    mae, bias = number(at(errors, "mae")), number(at(errors, "bias"))
    if mae is None:
        return "There are no residuals: they need a regression and labelled rows."
    sentence = f"Predictions miss by {wording.figure(mae)} on average"
    if bias is None or abs(bias) < 0.05 * mae:
        return f"{sentence}, to neither side more than to the other."
    return f"{sentence}; they lie {wording.figure(abs(bias))} too {'high' if bias > 0 else 'low'} on average."


def _bars(returns: dict[str, Any]) -> tuple[list[float], list[float]] | None:
    """Return the histogram's edges (n + 1) and counts (n), or None."""
    edges = numbers(returns, "scoring", "details", "residuals", "edges")
    counts = numbers(returns, "scoring", "details", "residuals", "counts")
    return (edges, counts) if counts and len(edges) == len(counts) + 1 else None


def _histogram(axes: Axes, edges: list[float], counts: list[float]) -> None:
    """Draw how often each error occurs."""
    axes.stairs(counts, edges, fill=True, color=style.SKY)
    axes.stairs(counts, edges, color=style.BLUE, linewidth=0.8)
    axes.axvline(0, color=style.INK, linewidth=0.8)
    axes.set_xlabel("residual (predicted − actual)")
    axes.set_ylabel("rows")
    _compact(axes)


def _scatter(axes: Axes, points: list[tuple[float, float]]) -> None:
    """Draw predictions against what came true."""
    low = min(min(point) for point in points)
    high = max(max(point) for point in points)
    pad = 0.04 * (high - low) or 1.0
    axes.plot([low, high], [low, high], color=style.MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
    predicted, actual = zip(*points, strict=True)
    axes.scatter(predicted, actual, s=9, color=style.BLUE, alpha=0.55, linewidth=0)
    axes.set_xlim(low - pad, high + pad)
    axes.set_ylim(low - pad, high + pad)
    axes.set_xlabel("predicted")
    axes.set_ylabel("actual")
    _compact(axes)


def _compact(axes: Axes) -> None:
    """Write few ticks, with large numbers kept short."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=5))
        axis.set_major_formatter(FuncFormatter(_tick))


def _tick(value: float, _: int | None) -> str:
    """Write a tick's number."""
    if abs(value) >= 1e6 or 0 < abs(value) < 1e-3:
        return f"{value:.3g}"
    return f"{value:,g}".replace("-", "−")
