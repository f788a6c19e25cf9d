"""Models side by side as pictures: ROC curves, reports by class, importances; and one CSV of scores."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vigil import figures
from vigil.charts import saving, style, wording
from vigil.comparing.measure import Compared

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colours of the first models; every curve is named beside its end too.
COLOURS = (style.BLUE, style.RED, style.GREEN, style.AMBER, style.MUTED, style.INK)
#: Columns shown of a model's importances.
MOST = 15


def files(found: Sequence[Compared]) -> dict[str, bytes]:
    """Return every file of a comparison by its name; curves and reports only where there are classes."""
    made = {"comparison.csv": table(found)}
    curves = roc(found)
    if curves is not None:
        made["roc.png"] = saving.to_png(curves)
    for one in found:
        made[f"importances-{one.release}.png"] = saving.to_png(importances(one))
        if one.report:
            made[f"report-{one.release}.png"] = saving.to_png(report(one))
    return made


def table(found: Sequence[Compared]) -> bytes:
    """Return the scores as CSV."""
    return as_csv(
        ["release", "model", "metric", "value", "low", "high", "auc", "rows"],
        [
            [one.release, one.title, one.metric, one.value, *(one.interval or ("", "")),
             one.details.get("auc", ""), one.rows]
            for one in found
        ],
    )  # fmt: skip


def as_csv(header: list[str], lines: list[list[Any]]) -> bytes:
    """Return a table as a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *lines])
    return text.getvalue().encode()


def roc(found: Sequence[Compared]) -> Figure | None:
    """Draw the ROC curves of all models over one another; None where no model has one."""
    drawn = [one for one in found if one.details.get("roc")]
    if not drawn:
        return None
    with style.language():
        figure = style.sheet(
            style.WIDE, 3.6, "ROC curves", f"on the same {drawn[0].rows:,} held-out rows; dashed: guessing"
        )
        axes = style.axes(figure, left=0.45, right=2.6, top=0.5, bottom=0.4)
        axes.plot([0, 1], [0, 1], color=style.MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
        for place, one in enumerate(drawn):
            false, true = zip(*one.details["roc"], strict=True)
            colour = COLOURS[place % len(COLOURS)]
            axes.plot(false, true, color=colour, linewidth=1.4)
            words = f"{wording.shorten(one.title, 28)}: AUC {wording.score(one.details['auc'])}"
            figure.text(1 - 2.5 / style.WIDE, 0.8 - 0.07 * place, words, color=colour, fontsize=7.5)
        _unit_square(axes)
    return figure


def report(one: Compared) -> Figure:
    """Draw precision, recall, F1 and rows of each class as a table."""
    with style.language():
        height = 0.75 + 0.22 * (len(one.report) + 1)
        figure = style.sheet(
            style.WIDE, height, "By class", f"{wording.shorten(one.title, 60)} on {one.rows:,} held-out rows"
        )
        places = [0, 0.4, 0.55, 0.7, 0.85]
        lines = [["class", "precision", "recall", "F1", "rows"]]
        lines += [
            [
                wording.drawable(row.label, 34),
                *map(_share, (row.precision, row.recall, row.f1)),
                f"{row.rows:,}",
            ]
            for row in one.report
        ]
        for number, line in enumerate(lines):
            for place, text in zip(places, line, strict=True):
                colour = style.MUTED if number == 0 else style.INK
                figure.text(place, 1 - (0.55 + 0.22 * number) / height, text, color=colour, va="top")
    return figure


def importances(one: Compared) -> Figure:
    """Draw what the most valuable columns are worth, with intervals."""
    shown = one.importances[:MOST][::-1]
    with style.language():
        figure = style.sheet(
            style.WIDE,
            1.1 + 0.2 * len(shown),
            "What each column is worth",
            f"{wording.shorten(one.title, 48)}: loss of {one.metric} when it is shuffled; 95 % intervals",
        )
        axes = style.axes(figure, left=1.9, right=0.15, top=0.5, bottom=0.45)
        axes.axvline(0, color=style.FAINT, linewidth=0.8)
        for height, row in enumerate(shown):
            axes.plot([row.low, row.high], [height, height], color=style.SKY, linewidth=3)
            axes.plot(row.loss, height, "o", color=style.BLUE, markersize=3.5)
        axes.set_yticks(range(len(shown)), [wording.drawable(row.column, 28) for row in shown])
        axes.set_ylim(-0.6, max(len(shown) - 0.4, 0.6))
        axes.set_xlabel(f"loss of {one.metric}")
    return figure


def _unit_square(axes: Axes) -> None:
    """Set both axes to run from 0 to 1, and name them."""
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.02)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    axes.set_xticks(ticks, ["0", "0.25", "0.5", "0.75", "1"])
    axes.set_yticks(ticks, ["0", "0.25", "0.5", "0.75", "1"])
    axes.set_xlabel("false positive rate")
    axes.set_ylabel("true positive rate")


def _share(value: float | None) -> str:
    return figures.score(value, "–")
