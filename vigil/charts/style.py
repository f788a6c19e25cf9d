"""The one visual language of all charts: quiet axes, few colours, labels beside what they name.

Colours are those of Okabe and Ito (2008), told apart by people with any kind of colour vision; no
meaning rests on colour alone. Sizes are inches on paper, so that text has its true size in print.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1f2933"
MUTED = "#616e7c"
FAINT = "#cbd2d9"
PALE = "#eef1f4"
PAPER = "#ffffff"

BLUE = "#0072b2"
SKY = "#a6cee6"
GREEN = "#008a66"
AMBER = "#e69f00"
RED = "#d55e00"

#: The colour and the mark of each verdict.
VERDICTS = {
    "steady": (GREEN, "o"),
    "watch": (AMBER, "^"),
    "degraded": (RED, "D"),
    "insufficient data": (MUTED, "o"),
}

#: The two widths a chart may have: the whole text column, or half of it beside another.
WIDE = 6.69
HALF = 3.25

_SETTINGS: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 7.5,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 7.5,
    "axes.linewidth": 0.6,
    "axes.unicode_minus": True,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.size": 2.5,
    "ytick.major.size": 0,
    "xtick.major.width": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "legend.labelcolor": MUTED,
    "pdf.fonttype": 42,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "path.simplify": True,
}


@contextmanager
def language() -> Iterator[None]:
    """Draw in our style while the block lasts, whatever the machine's own settings are."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(cast("Any", _SETTINGS))
        yield


def sheet(width: float, height: float, title: str, subtitle: str = "") -> Figure:
    """Return an empty figure with its heading; width and height in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    figure.text(0, 1 - 0.02 / height, title, fontsize=9, fontweight="bold", va="top")
    if subtitle:
        figure.text(0, 1 - 0.20 / height, subtitle, fontsize=7, color=MUTED, va="top")
    return figure


def axes(figure: Figure, left: float, right: float, top: float, bottom: float) -> Axes:
    """Return quiet axes inside the figure, that far (inches) from its edges."""
    width, height = figure.get_size_inches()
    area = (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height)
    found = figure.add_axes(area)
    found.spines[["top", "right", "left"]].set_visible(False)
    found.grid(axis="y", color=PALE, linewidth=0.8)
    found.set_axisbelow(True)
    return found
