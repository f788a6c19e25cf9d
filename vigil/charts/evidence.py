"""The alarm's evidence over time: the e-value on a logarithmic scale against the alarm's threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vigil.charts import style, wording
from vigil.charts.history import Point, by_release, latest, points
from vigil.charts.reading import at
from vigil.charts.scores import mark_releases, mark_verdicts, name_batches

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Evidence beyond these says no more; it is drawn at the edge.
_FLOOR, _CEILING = 1e-2, 1e5


def draw(returns: dict[str, Any]) -> Figure | None:
    """Return the chart, or None when no batch has evidence."""
    found = points(returns, "e_value")
    if not found:
        return None
    with style.language():
        subtitle = "1 is no evidence; each release starts anew; the scale is logarithmic"
        figure = style.sheet(style.WIDE, 2.3, "Evidence that the model has become worse", subtitle)
        axes = style.axes(figure, left=0.42, right=1.28, top=0.55, bottom=0.42)
        axes.set_yscale("log")
        heights = [_bounded(point.e_value) for point in found]
        _curve(axes, found)
        _scale(axes, found, heights, latest(returns, "e_value") or found[-1])
        mark_releases(axes, found)
        mark_verdicts(axes, found, heights)
        name_batches(axes, found)
    return figure


def describe(returns: dict[str, Any]) -> str:
    """Say how far the evidence is from the alarm, and how often a false one may come."""
    last = latest(returns, "e_value")
    if last is None:
        return "No batch has been judged yet, so there is no evidence for or against the model."
    alarm = last.alarm_at
    against = f"; an alarm is raised at {wording.figure(alarm)}" if alarm is not None else ""
    sure = at(returns, "scoring", "evidence", "false_alarm")
    bound = f", a false one ever with a probability of at most {wording.level(sure)}" if sure else ""
    return f"The evidence stands at {wording.evidence(last.e_value)}{against}{bound}."


def _curve(axes: Axes, found: list[Point]) -> None:
    """Draw the evidence, broken where the release changes."""
    for run in by_release(found):
        heights = [_bounded(point.e_value) for point in run]
        dots = "o" if len(found) <= 60 or len(run) == 1 else ""
        orders = [point.order for point in run]
        axes.plot(orders, heights, color=style.BLUE, linewidth=1.1, marker=dots, markersize=3, zorder=4)


def _scale(axes: Axes, found: list[Point], heights: list[float], now: Point) -> None:
    """Set the scale so that the alarm is always in the picture, and draw its lines."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    alarm = found[-1].alarm_at
    top = max([10.0, *heights, alarm or 0.0]) * 3
    bottom = min(0.3, *heights) / 1.5
    axes.set_ylim(bottom, top)
    axes.yaxis.set_major_locator(LogLocator(base=10, numticks=7))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    if alarm is None or alarm <= 0:
        return
    axes.axhline(alarm, color=style.RED, linewidth=0.9, linestyle=(0, (4, 2)), zorder=3)
    axes.axhline(alarm / 10, color=style.AMBER, linewidth=0.9, linestyle=(0, (1, 1.5)), zorder=3)
    axes.axhspan(alarm, top, color=style.RED, alpha=0.06, linewidth=0)
    for height, text, colour in _apart(axes, alarm, now):
        axes.annotate(
            text, (1, height), (5, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            va="center", color=colour, fontsize=7.5, annotation_clip=False,
        )  # fmt: skip


def _apart(axes: Axes, alarm: float, now: Point) -> list[tuple[float, str, str]]:
    """Return the labels on the right at heights that do not collide on the logarithmic scale."""
    import math

    low, high = (math.log10(limit) for limit in axes.get_ylim())
    gap = 9.5 * (high - low) / (axes.get_window_extent().height * 72 / axes.figure.dpi)
    labels = [
        (alarm, f"alarm at {wording.figure(alarm)}", style.RED),
        (alarm / 10, "watch from here", "#9a6700"),
        (_bounded(now.e_value), f"now {wording.evidence(now.e_value)}", style.BLUE),
    ]
    heights = style.spread([math.log10(height) for height, _, _ in labels], gap)
    return [(10**height, label, tone) for height, (_, label, tone) in zip(heights, labels, strict=True)]


def _bounded(value: float | None) -> float:
    """Return evidence inside the drawn range."""
    return min(max(value or 0.0, _FLOOR), _CEILING)
