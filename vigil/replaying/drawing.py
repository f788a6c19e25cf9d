"""The pictures of a replay: each policy's scores over time, and score against the number of fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vigil.charts import style, wording
from vigil.replaying.outcome import Outcome, front

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Batches over which the strong line averages.
_SPAN = 9

#: Inches: height of one policy's strip, of heading and foot, and of the picture of score against fits.
_STRIP, _MARGIN, _SQUARE = 0.85, 0.95, 3.4

#: Inches that all strips together may take, so that they fit on one page.
_STRIPS = 8.4


def over_time(outcomes: Sequence[Outcome]) -> Figure:
    """Draw one strip for each policy: score by batch, its moving mean, a mark at each retraining."""
    with style.language():
        each = min(_STRIP, _STRIPS / len(outcomes))
        height = _MARGIN + each * len(outcomes)
        title = f"{outcomes[0].title} of each batch, by the release live before it"
        note = f"pale: each batch; strong: mean of {_SPAN} batches; marks below: a model was fitted"
        figure = style.sheet(style.WIDE, height, title, note)
        values = [value for one in outcomes for _, value in one.scores] or [0.0, 1.0]
        low, high = min(values), max(values)
        room = 0.12 * (high - low or 1.0)
        for place, one in enumerate(outcomes):
            above = 0.5 + place * each
            strip = style.axes(figure, 0.45, 1.35, above, height - above - each + 0.12)
            strip.set_ylim(low - room, high + 0.3 * room)
            _draw_life(strip, one, low - 0.6 * room)
            strip.tick_params(labelbottom=place == len(outcomes) - 1)
        strip.set_xlabel("batch")
    return figure


def against_fits(outcomes: Sequence[Outcome]) -> Figure:
    """Draw pooled score against fits; the line joins those that no other policy beats in both."""
    with style.language():
        best = front(outcomes)
        title = f"What a fit buys: pooled {outcomes[0].title} against the number of fits"
        figure = style.sheet(
            style.WIDE, _SQUARE, title, "on the line: better and cheaper at once does not exist"
        )
        where = style.axes(figure, 0.5, 1.35, 0.55, 0.45)
        where.set_xscale("log")
        where.plot(
            [one.fits for one in best], [one.pooled or 0.0 for one in best],
            color=style.SKY, linewidth=1.2, drawstyle="steps-post", zorder=1,
        )  # fmt: skip
        for (fits, pooled), names in _places(outcomes).items():
            colour = style.BLUE if any(one.policy in names for one in best) else style.MUTED
            where.plot(fits, pooled, "o", color=colour, markersize=4)
            where.annotate(
                ", ".join(names), (fits, pooled), (5, 2), textcoords="offset points", color=colour,
                annotation_clip=False,
            )  # fmt: skip
        where.set_xlabel("fits (logarithmic)")
        where.xaxis.set_major_formatter(lambda value, _place: f"{value:,.0f}")
    return figure


def _draw_life(strip: Axes, one: Outcome, foot: float) -> None:
    """Draw one policy's scores, their moving mean and its retrainings."""
    orders, values = [order for order, _ in one.scores], [value for _, value in one.scores]
    strip.plot(orders, values, color=style.SKY, linewidth=0.7)
    strip.plot(orders, _moving(values), color=style.BLUE, linewidth=1.3)
    strip.plot(one.fitted[1:], [foot] * len(one.fitted[1:]), "|", color=style.RED, markersize=5)
    label = f"{one.policy}\n{wording.score(one.pooled)}, {one.fits} fit{'s' * (one.fits != 1)}"
    strip.annotate(
        label, (1, 0.5), (6, 0), xycoords="axes fraction", textcoords="offset points", va="center",
        fontsize=7, annotation_clip=False,
    )  # fmt: skip


def _places(outcomes: Sequence[Outcome]) -> dict[tuple[int, float], list[str]]:
    """Return the policies at each place of the picture: two that do the same lie on one point."""
    places: dict[tuple[int, float], list[str]] = {}
    for one in outcomes:
        if one.pooled is not None:
            places.setdefault((one.fits, one.pooled), []).append(one.policy)
    return places


def _moving(values: Sequence[float]) -> list[float]:
    """Return the mean of each value and its neighbours, fewer of them at both ends."""
    half = _SPAN // 2
    spans = [values[max(0, place - half) : place + half + 1] for place in range(len(values))]
    return [sum(span) / len(span) for span in spans]
