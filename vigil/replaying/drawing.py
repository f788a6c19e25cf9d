"""The pictures of a replay: each policy's scores over time, and score against the number of fits."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from vigil import figures
from vigil.charts import style, wording
from vigil.replaying.outcome import Outcome, front

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Left, low, right and high edge of a piece of writing, in points of print.
Box = tuple[float, float, float, float]

#: Batches over which the strong line averages.
_SPAN = 9

#: Inches: height of one policy's strip, of heading and foot, and of the picture of score against fits.
_STRIP, _MARGIN, _SQUARE = 0.85, 0.95, 3.4

#: Inches that all strips together may take, so that they fit on one page.
_STRIPS = 8.4

#: Letters of names on one line beside a point; points of print that a line is high and a letter wide.
_LETTERS = 26
_LINE, _LETTER = 9.5, 4.4


def over_time(outcomes: Sequence[Outcome]) -> Figure:
    """Draw one strip for each policy: score by batch, its moving mean, a mark at each retraining."""
    with style.language():
        each = min(_STRIP, _STRIPS / len(outcomes))
        height = _MARGIN + each * len(outcomes)
        title = f"{outcomes[0].title} of each batch, by the release live before it"
        lines = f"pale: each batch; strong: mean of {_SPAN} batches; " if _is_long(outcomes) else ""
        note = f"{lines}marks below: a model was fitted"
        figure = style.sheet(style.WIDE, height, title, note)
        values = [value for one in outcomes for _, value in one.scores] or [0.0, 1.0]
        low, high = min(values), max(values)
        room = 0.12 * (high - low or 1.0)
        for place, one in enumerate(outcomes):
            above = 0.5 + place * each
            strip = style.axes(figure, 0.45, 1.35, above, height - above - each + 0.12)
            strip.set_ylim(low - room, high + 0.3 * room)
            _draw_life(strip, one, low - 0.6 * room, is_long=_is_long(outcomes))
            strip.tick_params(labelbottom=place == len(outcomes) - 1)
            strip.locator_params(axis="x", integer=True)
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
        places = _places(outcomes)
        for (fits, pooled), names in places.items():
            where.plot(fits, pooled, "o", color=_colour(names, best), markersize=4)
        where.set_xlabel("fits (logarithmic)")
        ticks = _ticks([one.fits for one in outcomes])
        where.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        where.set_xticks([], minor=True)
        _name(where, places, best)
    return figure


def _colour(names: Sequence[str], best: Sequence[Outcome]) -> str:
    """Return the colour of a point: that of the line, or a quiet one."""
    return style.BLUE if any(one.policy in names for one in best) else style.MUTED


def _ticks(fits: Sequence[int]) -> list[int]:
    """Return the round numbers 1, 2, 5 and their tenfolds from the fewest fits to the most, one at least."""
    least, most = min(fits), max(fits)
    steps = [part * 10**power for power in range(len(str(most)) + 1) for part in (1, 2, 5)]
    found = [step for step in steps if least <= step <= most] or [least]
    return found if len(found) <= 8 else [step for step in found if str(step)[0] == "1"]


def _name(where: Axes, places: Mapping[tuple[int, float], list[str]], best: Sequence[Outcome]) -> None:
    """Write the policies' names beside their points, each above or below what stands there already."""
    taken: list[Box] = []
    scale = 72 / where.get_figure(root=True).dpi  # type: ignore[union-attr]
    where.autoscale_view()
    for place, names in sorted(places.items()):
        x, y = (float(part) * scale for part in where.transData.transform(place))
        words = textwrap.wrap(", ".join(names), _LETTERS)
        width, height = max(map(len, words)) * _LETTER, len(words) * _LINE
        up = _free((x + 5, y + 2, x + 5 + width, y + 2 + height), taken)
        where.annotate(
            "\n".join(words), place, (5, 2 + up), textcoords="offset points", va="bottom",
            color=_colour(names, best), annotation_clip=False,
        )  # fmt: skip


def _free(box: Box, taken: list[Box]) -> float:
    """Return how many points a box must move up (down when negative) to lie on no other; it is taken then."""
    left, low, right, high = box
    for step in sorted(range(-8, 24), key=lambda step: (abs(step), step < 0)):
        up = step * _LINE / 2
        lies_on = (
            left < other[2] and other[0] < right and low + up < other[3] and other[1] < high + up
            for other in taken
        )
        if not any(lies_on):
            break
    taken.append((left, low + up, right, high + up))
    return up


def _is_long(outcomes: Sequence[Outcome]) -> bool:
    """Say whether there are batches enough for a moving mean to say more than they do."""
    return max(len(one.scores) for one in outcomes) >= 2 * _SPAN


def _draw_life(strip: Axes, one: Outcome, foot: float, *, is_long: bool) -> None:
    """Draw one policy's scores, their moving mean and its retrainings."""
    orders, values = [order for order, _ in one.scores], [value for _, value in one.scores]
    strip.plot(orders, values, color=style.SKY, linewidth=0.7)
    strong = _moving(values) if is_long else values
    strip.plot(orders, strong, color=style.BLUE, linewidth=1.3)
    strip.plot(one.fitted[1:], [foot] * len(one.fitted[1:]), "|", color=style.RED, markersize=5)
    label = f"{one.policy}\n{wording.score(one.pooled)}, {figures.counted(one.fits, 'fit')}"
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
