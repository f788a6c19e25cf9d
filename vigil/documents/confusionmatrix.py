"""The picture of the model's mistakes: a confusion matrix, or residuals for a regression."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, cast

from vigil import charts
from vigil.charts import paper, style, wording
from vigil.charts.reading import at
from vigil.charts.saving import to_png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "confusionmatrix.png"


def build(returns: dict[str, Any]) -> bytes:
    """Return the picture as PNG bytes; without a matrix it says in words why there is none."""
    if at(returns, "scoring", "task") == "regression":
        found, words = charts.placed("residuals", returns)
        words = f"A regression has no confusion matrix. {words}"
    else:
        found, words = charts.placed("confusion", returns)
    return to_png(_framed(paper.figure(found) if found else _empty(), returns, words))


def _empty() -> Figure:
    """Return a picture without a chart."""
    with style.language():
        return style.sheet(style.WIDE, 0.4, "No confusion matrix")


def _framed(figure: Figure, returns: dict[str, Any], words: str) -> Figure:
    """Add a margin, what the picture says, and where it comes from."""
    width, height = figure.get_size_inches()
    margin, foot = 0.2, 0.75
    full_width, full_height = max(width, 4.4) + 2 * margin, height + foot + 2 * margin
    for axes in figure.axes:
        area = axes.get_position()
        left, bottom = area.x0 * width + margin, area.y0 * height + foot + margin
        axes.set_position(
            (
                left / full_width,
                bottom / full_height,
                area.width * width / full_width,
                area.height * height / full_height,
            )
        )
    for text in figure.texts:
        x, y = text.get_position()
        text.set_position(((x * width + margin) / full_width, (y * height + foot + margin) / full_height))
    for line in figure.lines:
        across, down = cast("list[float]", line.get_xdata()), cast("list[float]", line.get_ydata())
        line.set_xdata([(x * width + margin) / full_width for x in across])
        line.set_ydata([(y * height + foot + margin) / full_height for y in down])
    figure.set_size_inches(full_width, full_height)
    with style.language():
        _footer(figure, returns, words, margin)
    return figure


def _footer(figure: Figure, returns: dict[str, Any], words: str, margin: float) -> None:
    """Write the sentence and the source below the chart."""
    width, height = figure.get_size_inches()
    lines = textwrap.wrap(wording.drawable(words, 220), int((width - 2 * margin) * 16.5))[:3]
    figure.text(margin / width, 0.78 / height, "\n".join(lines), fontsize=7.5, va="top", linespacing=1.35)
    source = (
        f"{wording.drawable(returns.get('project') or 'Vigil', 40)}, run {wording.count(returns.get('run'))}"
    )
    source += f", {wording.moment(returns.get('generated'))}"
    figure.text(margin / width, 0.16 / height, source, fontsize=6.5, color=style.MUTED)
