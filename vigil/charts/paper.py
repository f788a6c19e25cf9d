"""Writes a drawing for paper and for pictures: a matplotlib figure, a heading above it and its key below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vigil.charts import style, wording
from vigil.charts.marks import WIDE, Drawing, Mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches of one unit, and the points of one.
_INCH = style.WIDE / WIDE
_POINT = 72 * _INCH

#: Inches for the heading, and for each line of the key.
_HEAD, _SUBHEAD, _KEY = 0.24, 0.16, 0.19

#: Units that a letter of the key takes about, and what a sample and the gap after it take.
_LETTER, _SAMPLE = 5.0, 40.0

_SHAPES = {"watch": "^", "bad": "D"}


@dataclass(frozen=True, slots=True)
class Look:
    """How a tone looks: its colour, and of a line its width in points and its dashes."""

    colour: str
    width: float = 0.9
    dashes: tuple[float, ...] = ()
    alpha: float = 1.0
    hollow: bool = False


LOOKS = {
    "grid": Look(style.PALE, 0.7),
    "axis": Look(style.FAINT, 0.7),
    "tick": Look(style.MUTED),
    "ink": Look(style.INK),
    "faint": Look("#8793a0"),
    "over": Look(style.PAPER),
    "series": Look(style.BLUE, 1.2),
    "thin": Look(style.BLUE, 0.7),
    "band": Look(style.SKY, alpha=0.55),
    "reference": Look(style.MUTED, 0.9),
    "level": Look(style.RED, 1.0, (4, 2)),
    "nearly": Look(style.AMBER, 1.0, (1, 1.5)),
    "switch": Look(style.MUTED, 0.7, (1, 2)),
    "incident": Look(style.RED, 1.3),
    "guess": Look(style.MUTED, 0.8, (3, 2)),
    "before": Look(style.INK, 1.2),
    "bar": Look(style.SKY),
    "value": Look(style.BLUE),
    "pale": Look(style.BLUE, alpha=0.5),
    "good": Look(style.GREEN),
    "watch": Look(style.AMBER),
    "bad": Look(style.RED),
    "idle": Look(style.MUTED, hollow=True),
    "right": Look(style.BLUE),
    "wrong": Look(style.RED),
    "heat0": Look("#d3d5d6"),
    "heat1": Look("#f2c58f"),
    "heat2": Look("#dd7f4a"),
    "heat3": Look("#a3301f"),
}

#: Tones whose sample in a key is a square, and a mark.
_FILLED = {"band", "bar", "right", "wrong", "heat0", "heat1", "heat2", "heat3"}
_DOTTED = {"good", "watch", "bad", "idle", "value", "pale"}


def figure(drawing: Drawing) -> Figure:
    """Return the drawing as a figure, in the widths of the paper's column."""
    lines = _key_lines(drawing)
    head = _HEAD + (_SUBHEAD if drawing.subtitle else 0.0)
    width, middle = drawing.width * _INCH, drawing.height * _INCH
    height = head + middle + _KEY * len(lines)
    with style.language():
        found = style.sheet(width, height, drawing.title, _drawable(drawing.subtitle, 110))
        axes = found.add_axes((0, (_KEY * len(lines)) / height, 1, middle / height))
        axes.set_axis_off()
        axes.set_xlim(0, drawing.width)
        axes.set_ylim(drawing.height, 0)
        for level, mark in enumerate(drawing.marks):
            _PAINTERS[mark.kind](axes, mark, 1.0 + level / 1e4)
        for place, line in enumerate(lines):
            _write_key(found, line, (len(lines) - place - 0.6) * _KEY)
    return found


def _line(axes: Axes, mark: Mark, level: float) -> None:
    look = LOOKS[mark.tone]
    across, down = zip(*mark.at, strict=True)
    stroke: Any = (0, look.dashes) if look.dashes else "solid"
    axes.plot(
        across, down, color=look.colour, linewidth=look.width, linestyle=stroke, zorder=level,
        clip_on=False, solid_joinstyle="round",
    )  # fmt: skip


def _area(axes: Axes, mark: Mark, level: float) -> None:
    look = LOOKS[mark.tone]
    axes.fill(
        *zip(*mark.at, strict=True),
        color=look.colour,
        alpha=look.alpha * mark.weight,
        linewidth=0,
        zorder=level,
    )


def _box(axes: Axes, mark: Mark, level: float) -> None:
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    (x, y), (right, foot) = mark.at
    face = tuple(1 - mark.weight + mark.weight * part for part in to_rgb(LOOKS[mark.tone].colour))
    axes.add_patch(Rectangle((x, y), right - x, foot - y, facecolor=face, linewidth=0, zorder=level))


def _dot(axes: Axes, mark: Mark, level: float) -> None:
    look, size = LOOKS[mark.tone], 2 * mark.size * _POINT
    face, edge = (style.PAPER, look.colour) if look.hollow else (look.colour, style.PAPER)
    axes.plot(
        *mark.at[0], _SHAPES.get(mark.tone, "o"), markersize=size, color=face, alpha=look.alpha,
        markeredgecolor=edge, markeredgewidth=0.8 if look.hollow else 0.4, zorder=level, clip_on=False,
    )  # fmt: skip


def _text(axes: Axes, mark: Mark, level: float) -> None:
    side: Any = {"start": "left", "middle": "center", "end": "right"}[mark.side]
    axes.text(
        *mark.at[0], _drawable(mark.words, 80), ha=side, va="baseline", fontsize=mark.size * _POINT,
        color=LOOKS[mark.tone].colour, rotation=mark.turn, rotation_mode="anchor", zorder=level,
    )  # fmt: skip


_PAINTERS: dict[str, Callable[[Axes, Mark, float], None]] = {
    "line": _line,
    "area": _area,
    "box": _box,
    "dot": _dot,
    "text": _text,
}


def _drawable(words: str, most: int) -> str:
    """Return words in letters that the font has; nothing for none."""
    return wording.drawable(words, most) if words else ""


def _key_lines(drawing: Drawing) -> list[list[tuple[float, str, str]]]:
    """Return the key as lines of (place, tone, words) that fit the width."""
    lines: list[list[tuple[float, str, str]]] = []
    place = float(drawing.width)
    for tone, words in drawing.key:
        takes = _SAMPLE + _LETTER * len(words)
        if place + takes > drawing.width + 20:
            lines.append([])
            place = 0.0
        lines[-1].append((place, tone, words))
        place += takes
    return lines


def _write_key(found: Figure, line: list[tuple[float, str, str]], height: float) -> None:
    """Write one line of the key, its foot so many inches above the figure's."""
    from matplotlib.lines import Line2D

    width, whole = found.get_size_inches()
    for place, tone, words in line:
        look, start, foot = LOOKS[tone], place * _INCH / width, (height + 0.035) / whole
        ends = (start, start + 16 * _INCH / width)
        sample: dict[str, Any] = {"color": look.colour, "linewidth": look.width, "alpha": look.alpha}
        if tone in _FILLED:
            sample |= {"linewidth": 6, "solid_capstyle": "butt"}
        elif tone in _DOTTED:
            ends = (start + 8 * _INCH / width,) * 2
            face = style.PAPER if look.hollow else look.colour
            sample |= {"marker": _SHAPES.get(tone, "o"), "markersize": 4, "markerfacecolor": face}
        elif look.dashes:
            sample["linestyle"] = (0, look.dashes)
        found.add_artist(Line2D(ends, (foot, foot), transform=found.transFigure, **sample))
        at = start + 22 * _INCH / width
        found.text(at, height / whole, _drawable(words, 60), fontsize=7, color=style.MUTED)
