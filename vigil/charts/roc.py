"""The ROC curve of the latest scored batch: true positives found against false alarms paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vigil.charts import style, wording
from vigil.charts.reading import at, number, pairs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(returns: dict[str, Any]) -> Figure | None:
    """Return the chart, or None when the batch has no ROC curve."""
    curve = pairs(returns, "scoring", "details", "roc")
    if len(curve) < 2:
        return None
    with style.language():
        auc = number(at(returns, "scoring", "details", "auc"))
        area = "" if auc is None else f"AUC {auc:.3f}; "
        figure = style.sheet(style.HALF, 2.9, "ROC curve", f"{area}dashed: a model that guesses")
        axes = style.axes(figure, left=0.45, right=0.1, top=0.5, bottom=0.4)
        axes.plot([0, 1], [0, 1], color=style.MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
        false, true = zip(*curve, strict=True)
        axes.plot(false, true, color=style.BLUE, linewidth=1.5)
        axes.fill_between(false, true, color=style.SKY, alpha=0.25, linewidth=0)
        unit_square(axes, "false positive rate", "true positive rate")
    return figure


def describe(returns: dict[str, Any]) -> str:
    """Say how well the model ranks the rows."""
    auc = number(at(returns, "scoring", "details", "auc"))
    if len(pairs(returns, "scoring", "details", "roc")) < 2 or auc is None:
        return "There is no ROC curve: it needs two classes and labelled rows."
    return (
        f"A random positive row is ranked above a random negative one in {wording.percent(auc)} of cases "
        "(50 % is guessing)."
    )


def unit_square(axes: Axes, below: str, left: str) -> None:
    """Set both axes to run from 0 to 1, and name them."""
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.02)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    axes.set_xticks(ticks, ["0", "0.25", "0.5", "0.75", "1"])
    axes.set_yticks(ticks, ["0", "0.25", "0.5", "0.75", "1"])
    axes.set_xlabel(below)
    axes.set_ylabel(left)
