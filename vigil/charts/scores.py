"""The score over time: each batch with its interval, the reference, the alarm level, the releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vigil.charts import style, wording
from vigil.charts.history import Point, by_release, changes, grouped, latest, points
from vigil.charts.reading import at, higher_is_better

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FEW = 12


def draw(returns: dict[str, Any]) -> Figure | None:
    """Return the chart, or None when no batch has a score."""
    found = points(returns)
    if not found:
        return None
    metric = wording.metric(at(returns, "scoring", "metric"))
    with style.language():
        figure = style.sheet(
            style.WIDE,
            2.75,
            f"{wording.sentence(metric)} of the live model, batch by batch",
            _subtitle(found),
        )
        axes = style.axes(figure, left=0.42, right=1.28, top=0.55, bottom=0.42)
        _scores(axes, found)
        _lines(axes, found)
        _limits(axes, found)
        mark_releases(axes, found)
        mark_verdicts(axes, found, [point.score for point in found])
        name_batches(axes, found)
        style.label_right(axes, _labels(returns, latest(returns) or found[-1], metric))
    return figure


def describe(returns: dict[str, Any]) -> str:
    """Say where the score stands against its reference and its alarm level."""
    last = latest(returns)
    if last is None:
        return "No batch has been scored yet, so there is no score over time."
    metric = wording.metric(at(returns, "scoring", "metric"))
    side = "below" if higher_is_better(returns) else "above"
    parts = [f"The latest {metric} is {wording.score(last.score)}"]
    if last.reference is not None:
        parts.append(f"the reference of its release is {wording.score(last.reference)}")
    if last.level is not None:
        parts.append(f"the alarm looks for a lasting score {side} {wording.score(last.level)}")
    return "; ".join(parts) + "."


def mark_releases(axes: Axes, found: list[Point]) -> None:
    """Mark where another release went live, and name it where there is room."""
    starts = changes(found)[-60:]
    width = (found[-1].order - found[0].order) or 1.0
    nexts = [*(start.order for start in starts[1:]), found[-1].order + width]
    for start, following in zip(starts, nexts, strict=False):
        place = start.order - 0.5
        axes.axvline(place, color=style.MUTED, linewidth=0.6, linestyle=(0, (2, 2)), zorder=1)
        if (following - start.order) / width > 0.13:
            axes.annotate(
                wording.drawable(start.release[:8], 8), (place, 1), (2, -1), textcoords="offset points",
                xycoords=("data", "axes fraction"), va="top", fontsize=6.5, color=style.MUTED,
            )  # fmt: skip


def mark_verdicts(axes: Axes, found: list[Point], heights: list[float]) -> None:
    """Mark the points that are not steady, each verdict by a shape, and explain the shapes."""
    for verdict in ("insufficient data", "watch", "degraded"):
        colour, shape = style.VERDICTS[verdict]
        chosen = [i for i, point in enumerate(found) if point.verdict == verdict]
        if not chosen:
            continue
        hollow = verdict == "insufficient data"
        axes.scatter(
            [found[i].order for i in chosen], [heights[i] for i in chosen], marker=shape, label=verdict,
            s=18 if hollow else 26, linewidth=0.9 if hollow else 0.5, zorder=5,
            color=style.PAPER if hollow else colour, edgecolor=colour if hollow else style.PAPER,
        )  # fmt: skip
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, handletextpad=0.1, columnspacing=1.2,
            borderaxespad=0.1,
        )  # fmt: skip


def name_batches(axes: Axes, found: list[Point]) -> None:
    """Write the batches' names below when they are few, else their numbers."""
    first, last = found[0].order, found[-1].order
    room = max(0.5, 0.015 * (last - first))
    axes.set_xlim(first - room, last + room)
    if len(found) <= 6 and grouped(found) == 1:
        axes.set_xticks([point.order for point in found], [wording.drawable(p.name, 16) for p in found])
        return
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel("batch, in order of decision")


def _subtitle(found: list[Point]) -> str:
    """Say what a point and its band are."""
    batches = sum(point.batches for point in found)
    if grouped(found) > 1:
        return (
            f"{wording.plural(batches, 'batch', 'batches')}; each point is the median of up to "
            f"{grouped(found)}, the band holds nine tenths of their scores"
        )
    bars = "bar" if len(found) <= _FEW else "band"
    return (
        f"{wording.plural(batches, 'batch', 'batches')}; the {bars} is the interval of the batch's own score"
    )


def _scores(axes: Axes, found: list[Point]) -> None:
    """Draw the scores and their intervals, broken where the release changes."""
    for run in by_release(found):
        orders = [point.order for point in run]
        lows = [point.score if point.low is None else point.low for point in run]
        highs = [point.score if point.high is None else point.high for point in run]
        if len(found) <= _FEW:
            axes.vlines(orders, lows, highs, color=style.SKY, linewidth=4, zorder=2, capstyle="round")
        else:
            axes.fill_between(orders, lows, highs, color=style.SKY, alpha=0.55, linewidth=0, zorder=2)
        dots = "o" if len(found) <= 60 or len(run) == 1 else ""
        axes.plot(
            orders,
            [p.score for p in run],
            color=style.BLUE,
            linewidth=1.1,
            marker=dots,
            markersize=3,
            zorder=4,
        )


def _lines(axes: Axes, found: list[Point]) -> None:
    """Draw the reference and the alarm level of each release as steps."""
    for run in by_release(found):
        edges = [run[0].order - 0.5, run[-1].order + 0.5]
        if run[-1].reference is not None:
            axes.plot(edges, [run[-1].reference] * 2, color=style.MUTED, linewidth=0.9, zorder=3)
        if run[-1].level is not None:
            axes.plot(
                edges, [run[-1].level] * 2, color=style.RED, linewidth=0.9, linestyle=(0, (4, 2)), zorder=3
            )


def _limits(axes: Axes, found: list[Point]) -> None:
    """Set the heights shown: every score and line; a very long interval may leave the picture."""
    core = [point.score for point in found]
    core += [line for point in found for line in (point.reference, point.level) if line is not None]
    low, high = min(core), max(core)
    room = (high - low) or abs(high) * 0.1 or 0.1
    ends = [end for point in found for end in (point.low, point.high) if end is not None]
    low = min([low, *(max(end, low - room) for end in ends)])
    high = max([high, *(min(end, high + room) for end in ends)])
    pad = 0.08 * ((high - low) or room)
    axes.set_ylim(low - pad, high + pad)


def _labels(returns: dict[str, Any], last: Point, metric: str) -> list[tuple[float, str, str]]:
    """Return what is written to the right: the latest score and its lines."""
    labels = [(last.score, f"{metric} {wording.score(last.score)}", style.BLUE)]
    if last.reference is not None:
        labels.append((last.reference, f"reference {wording.score(last.reference)}", style.MUTED))
    if last.level is not None:
        side = "below" if higher_is_better(returns) else "above"
        labels.append((last.level, f"alarm {side} {wording.score(last.level)}", style.RED))
    return labels
