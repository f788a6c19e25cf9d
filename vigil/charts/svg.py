"""Writes a drawing for pages: classes instead of colours, so that the page's style says how a tone looks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from html import escape

from vigil.charts import wording
from vigil.charts.marks import HALF, Drawing, Mark, Place

#: Dots that are no circles, by tone: corners around the middle, in radii.
CORNERS: dict[str, tuple[Place, ...]] = {
    "watch": ((0.0, -1.3), (1.2, 0.9), (-1.2, 0.9)),
    "bad": ((0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)),
}


def svg(drawing: Drawing, name: str) -> str:
    """Return the drawing of a chart as an element of a page, the same bytes for the same drawing.

    It holds no style and no script; ``look.css`` says how its tones look, in the page's colours.
    ``data-spots`` has what a page's own script shows along the width.
    """
    size = "half" if drawing.width <= HALF else "wide"
    spots = ""
    if drawing.spots:
        told = json.dumps(drawing.spots, ensure_ascii=False, separators=(",", ":"))
        spots = f' data-spots="{escape(told)}" data-span="{drawing.span[0]:g} {drawing.span[1]:g}"'
    label = escape(f"{drawing.title}. {drawing.summary}".strip())
    marks = "\n".join(_WRITERS[mark.kind](mark) for mark in drawing.marks)
    view = f"0 0 {drawing.width} {drawing.height}"
    head = f'class="chart {size} {name}" viewBox="{view}" role="img" aria-label="{label}"{spots}'
    return f"<svg {head}>\n{marks}\n</svg>"


def key(drawing: Drawing) -> str:
    """Return what the tones mean as one line of a page; empty without any."""
    told = " ".join(f'<span class="{tone}">{escape(words)}</span>' for tone, words in drawing.key)
    return f'<p class="key">{told}</p>' if told else ""


def _line(mark: Mark) -> str:
    return f'<polyline class="{mark.tone}" points="{_points(mark.at)}"/>'


def _area(mark: Mark) -> str:
    return f'<polygon class="{mark.tone}" points="{_points(mark.at)}"{_weight(mark)}/>'


def _box(mark: Mark) -> str:
    (x, y), (right, foot) = mark.at
    size = f'width="{_short(right - x)}" height="{_short(foot - y)}"'
    return _titled("rect", f'class="{mark.tone}" x="{x:g}" y="{y:g}" {size}{_weight(mark)}', mark.words)


def _dot(mark: Mark) -> str:
    (x, y), corners = mark.at[0], CORNERS.get(mark.tone)
    if corners is None:
        return _titled("circle", f'class="{mark.tone}" cx="{x:g}" cy="{y:g}" r="{mark.size:g}"', mark.words)
    around = _points((x + across * mark.size, y + down * mark.size) for across, down in corners)
    return _titled("polygon", f'class="{mark.tone}" points="{around}"', mark.words)


def _text(mark: Mark) -> str:
    x, y = mark.at[0]
    place = f'x="{_short(x)}" y="{_short(y)}"'
    place += f' text-anchor="{mark.side}"' if mark.side != "start" else ""
    place += f' font-size="{mark.size:g}"'
    place += f' transform="rotate({-mark.turn:g} {_short(x)} {_short(y)})"' if mark.turn else ""
    return f'<text class="{mark.tone}" {place}>{escape(wording.plain(mark.words))}</text>'


def _titled(tag: str, attributes: str, words: str) -> str:
    """Return an element with what a pointer reads on it."""
    return (
        f"<{tag} {attributes}><title>{escape(words)}</title></{tag}>" if words else f"<{tag} {attributes}/>"
    )


def _weight(mark: Mark) -> str:
    return "" if mark.weight == 1.0 else f' fill-opacity="{mark.weight:g}"'


def _points(places: Iterable[Place]) -> str:
    return " ".join(f"{_short(x)},{_short(y)}" for x, y in places)


def _short(value: float) -> str:
    return f"{round(value, 1):g}"


_WRITERS: dict[str, Callable[[Mark], str]] = {
    "line": _line,
    "area": _area,
    "box": _box,
    "dot": _dot,
    "text": _text,
}
