"""The confusion matrix of the latest scored batch: truth in rows, prediction in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vigil.charts import style, wording
from vigil.charts.reading import at, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: More classes than this are gathered: the most frequent ones stay, the others become one.
_MOST = 16

#: So many letters of a class's name have room beside a large matrix.
_LETTERS = 18


def draw(returns: dict[str, Any]) -> Figure | None:
    """Return the chart, or None when the batch has no confusion matrix (regression, no labels)."""
    found = _matrix(returns)
    if found is None:
        return None
    labels, counts = found
    size = len(labels)
    with style.language():
        total = sum(map(sum, counts))
        held_out = at(returns, "scoring", "details_of") == "holdout"
        batch = at(returns, "scoring", "batch", "name") or "latest batch"
        name = "held out" if held_out else wording.drawable(batch, 22)
        subtitle = f"{name}, {wording.plural(round(total), 'labelled row')}"
        if size <= 4:
            figure = style.sheet(style.HALF, 2.9, "Confusion matrix", subtitle)
            axes = style.axes(figure, left=0.85, right=0.05, top=0.72, bottom=0.05)
        else:
            letters = [min(len(label), _LETTERS) for label in labels]
            top, right = 0.62 + 0.036 * max(letters), max(0.1, 0.05 * letters[-1] - 0.05)
            figure = style.sheet(style.WIDE, top + 0.1 + 0.25 * size, "Confusion matrix", subtitle)
            axes = style.axes(figure, left=1.45, right=right, top=top, bottom=0.05)
        _cells(axes, counts)
        _names(axes, labels, 11 if size <= 4 else _LETTERS)
    return figure


def describe(returns: dict[str, Any]) -> str:
    """Say how many rows were predicted right, and which mistake is the most frequent."""
    found = _matrix(returns)
    if found is None:
        return _absent(returns)
    labels, counts = found
    total = sum(map(sum, counts))
    right = sum(counts[i][i] for i in range(len(labels)))
    sentence = f"{wording.count(right)} of {wording.plural(total, 'row')} were predicted right"
    wrong = [(counts[i][j], i, j) for i in range(len(labels)) for j in range(len(labels)) if i != j]
    most, truth, said = max(wrong)
    if not most:
        return f"{sentence}; there was no mistake."
    mistake = f"{wording.shorten(labels[truth], 24)} taken for {wording.shorten(labels[said], 24)}"
    return f"{sentence}; the most frequent mistake is {mistake} ({wording.count(most)})."


def _absent(returns: dict[str, Any]) -> str:
    """Say why there is no confusion matrix."""
    if at(returns, "scoring", "task") == "regression":
        return "A regression has no confusion matrix; its residuals are shown instead."
    if not at(returns, "scoring", "release"):
        return "No model is deployed, so there is no confusion matrix."
    return "The live model has no labelled batch yet, so there is no confusion matrix."


def _matrix(returns: dict[str, Any]) -> tuple[list[str], list[list[float]]] | None:
    """Return the labels and the square of counts, gathered when there are many classes."""
    raw = at(returns, "scoring", "details", "confusion")
    if not isinstance(raw, list) or len(raw) < 2:
        return None
    counts = [[number(cell) or 0.0 for cell in row] if isinstance(row, list) else [] for row in raw]
    if any(len(row) != len(counts) for row in counts):
        return None
    given = at(returns, "scoring", "details", "labels")
    labels = [str(label) for label in given] if isinstance(given, list) else []
    labels += [str(i) for i in range(len(labels), len(counts))]
    return _gathered(labels[: len(counts)], counts)


def _gathered(labels: list[str], counts: list[list[float]]) -> tuple[list[str], list[list[float]]]:
    """Keep the most frequent classes, and make one of the others."""
    size = len(labels)
    if size <= _MOST:
        return labels, counts
    weight = [sum(counts[i]) + sum(row[i] for row in counts) for i in range(size)]
    kept = sorted(sorted(range(size), key=lambda i: -weight[i])[: _MOST - 1])
    rest = sorted(set(range(size)) - set(kept))
    groups = [[i] for i in kept] + [rest]
    merged = [[sum(counts[i][j] for i in rows for j in columns) for columns in groups] for rows in groups]
    return [labels[i] for i in kept] + [f"{len(rest)} others"], merged


def _cells(axes: Axes, counts: list[list[float]]) -> None:
    """Draw the cells: right ones blue, wrong ones red, each the darker the larger its share of the row."""
    from matplotlib.patches import Rectangle

    size = len(counts)
    axes.set_xlim(0, size)
    axes.set_ylim(size, 0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    for i, row in enumerate(counts):
        total = sum(row)
        for j, cell in enumerate(row):
            share = cell / total if total else 0.0
            colour = style.BLUE if i == j else style.RED
            face = _tint(colour, share)
            axes.add_patch(Rectangle((j, i), 1, 1, facecolor=face, edgecolor=style.PAPER, linewidth=1.2))
            _write(axes, i, j, cell, share if total else None, size)


def _write(axes: Axes, i: int, j: int, cell: float, share: float | None, size: int) -> None:
    """Write a cell's count, and where there is room its share of the row."""
    colour = style.PAPER if (share or 0.0) > 0.62 else style.INK
    if size > 4:
        faint = style.FAINT if cell == 0 else colour
        axes.text(j + 0.5, i + 0.5, wording.count(cell), ha="center", va="center", color=faint, fontsize=6.5)
        return
    large = 15 if size == 2 else 9.5
    axes.text(j + 0.5, i + 0.45, wording.count(cell), ha="center", va="center", color=colour, fontsize=large)
    if share is not None:
        text = f"{share * 100:.0f} % of row"
        if size > 2:
            text = f"{share * 100:.0f} %"
        axes.text(j + 0.5, i + 0.70, text, ha="center", va="center", color=colour, fontsize=6.5)


def _names(axes: Axes, labels: list[str], most: int) -> None:
    """Name the classes on both sides, predictions above."""
    middles = [i + 0.5 for i in range(len(labels))]
    shown = [wording.drawable(label, most) for label in labels]
    long = len(labels) > 4 and max(map(len, shown)) > 4
    axes.xaxis.tick_top()
    axes.set_xticks(middles, shown, rotation=35 if long else 0, ha="left" if long else "center")
    axes.set_yticks(middles, shown)
    axes.tick_params(length=0, labelcolor=style.INK, pad=2)
    if long:
        axes.annotate(
            "predicted →", (0, 1), (-6, 5), xycoords="axes fraction", textcoords="offset points",
            ha="right", color=style.MUTED, fontsize=7,
        )  # fmt: skip
    else:
        axes.set_xlabel("predicted", labelpad=3)
        axes.xaxis.set_label_position("top")
    axes.set_ylabel("truth", labelpad=3)


def _tint(colour: str, share: float) -> tuple[float, float, float]:
    """Mix a colour with paper: none of it at 0, nearly all of it at 1."""
    from matplotlib.colors import to_rgb

    weight = 0.05 + 0.9 * share
    red, green, blue = (1 - weight + weight * part for part in to_rgb(colour))
    return red, green, blue
