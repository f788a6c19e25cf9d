"""The confusion matrix of the latest scored batch: truth in rows, prediction in columns."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.charts.marks import HALF, WIDE, Drawing, Mark, Place, box, text
from vigil.charts.reading import at, number

#: More classes than this are gathered: the most frequent ones stay, the others become one.
_MOST = 16

#: So many letters of a class's name have room beside a large matrix.
_LETTERS = 18

#: Up to so many classes have large cells with their shares, on half a column.
_FEW = 4

#: From this share of its row a cell is so dark that its words are light.
_STRONG = 0.62


def draw(returns: dict[str, Any]) -> Drawing | None:
    """Return the chart, or None when the batch has no confusion matrix (regression, no labels)."""
    found = _matrix(returns)
    if found is None:
        return None
    labels, counts = found
    held_out = at(returns, "scoring", "details_of") == "holdout"
    batch = at(returns, "scoring", "batch", "name") or "latest batch"
    name = "held out" if held_out else wording.shorten(batch, 22)
    width, corner, cell, height = _sizes(labels)
    rows = sum(map(sum, counts))
    return Drawing(
        "Confusion matrix",
        f"{name}, {wording.rounded(rows)} labelled {'row' if rows == 1 else 'rows'}",
        width,
        height,
        (*_names(labels, corner, cell), *_cells(counts, corner, cell)),
        ("Truth", "Predicted", "Rows", "Share of the truth"),
        tuple(_lines(labels, counts)),
        "llrr",
    )


def describe(returns: dict[str, Any]) -> str:
    """Say how many rows were predicted right, and which mistake is the most frequent."""
    found = _matrix(returns)
    if found is None:
        return _absent(returns)
    labels, counts = found
    total = sum(map(sum, counts))
    right = sum(counts[i][i] for i in range(len(labels)))
    noun = "row was" if total == 1 else "rows were"
    sentence = f"{wording.rounded(right)} of {wording.rounded(total)} {noun} predicted right"
    wrong = [(counts[i][j], i, j) for i in range(len(labels)) for j in range(len(labels)) if i != j]
    most, truth, said = max(wrong)
    if not most:
        return f"{sentence}; there was no mistake."
    mistake = f"{wording.shorten(labels[truth], 24)} taken for {wording.shorten(labels[said], 24)}"
    return f"{sentence}; the most frequent mistake is {mistake} ({wording.rounded(most)})."


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


def _sizes(labels: list[str]) -> tuple[int, Place, Place, int]:
    """Return the sheet's width, the corner where the cells begin, a cell's size, and the sheet's height."""
    size = len(labels)
    if size <= _FEW:
        corner, height = (92.0, 40.0), 270
        return HALF, corner, ((HALF - corner[0] - 6) / size, (height - corner[1] - 6) / size), height
    longest = max(min(len(label), _LETTERS) for label in labels)
    corner = (156.0, 24.0 + 4.4 * longest)
    room = 5.0 * min(len(labels[-1]), _LETTERS)
    return WIDE, corner, ((WIDE - corner[0] - room) / size, 27.0), int(corner[1] + 27.0 * size + 8)


def _cells(counts: list[list[float]], corner: Place, cell: Place) -> list[Mark]:
    """Return the cells: right ones blue, wrong ones red, the stronger the larger the share."""
    marks = []
    for i, row in enumerate(counts):
        total = sum(row)
        for j, count in enumerate(row):
            share = count / total if total > 0 and count >= 0 else 0.0
            x, y = corner[0] + j * cell[0], corner[1] + i * cell[1]
            tone = "right" if i == j else "wrong"
            opposite = (round(x + cell[0] - 2, 1), round(y + cell[1] - 2, 1))
            weight = round(0.05 + 0.9 * min(share, 1.0), 2)
            marks.append(box(tone, (round(x, 1), round(y, 1)), opposite, weight=weight))
            marks += _written(len(counts), count, share, (x + cell[0] / 2 - 1, y + cell[1] / 2), total > 0)
    return marks


def _written(size: int, count: float, share: float, middle: Place, is_known: bool) -> list[Mark]:
    """Return a cell's count, and where there is room its share of the row."""
    tone = "over" if share > _STRONG else "ink"
    if size > _FEW:
        tone = "faint" if count == 0 else tone
        return [text(tone, (middle[0], middle[1] + 3), wording.rounded(count), "middle", size=10)]
    large = 22 if size == 2 else 14
    marks = [text(tone, (middle[0], middle[1] + 3), wording.rounded(count), "middle", size=large)]
    if is_known:
        words = f"{share * 100:.0f} % of row" if size == 2 else f"{share * 100:.0f} %"
        marks.append(text(tone, (middle[0], middle[1] + 20), words, "middle", size=10))
    return marks


def _names(labels: list[str], corner: Place, cell: Place) -> list[Mark]:
    """Return the classes on both sides, predictions above, and which side is which."""
    most = 12 if len(labels) <= _FEW else _LETTERS
    shown = [wording.shorten(label, most) for label in labels]
    turn = 35.0 if len(labels) > _FEW and max(map(len, shown)) > 4 else 0.0
    marks = [
        text("tick", (corner[0] - 8, 12 if not turn else corner[1] - 6), "predicted →", "end"),
        text("tick", (2, corner[1] - 6), "truth ↓"),
    ]
    for place, name in enumerate(shown):
        x, y = corner[0] + (place + 0.5) * cell[0], corner[1] + (place + 0.5) * cell[1]
        marks.append(text("ink", (x, corner[1] - 8), name, "start" if turn else "middle", turn=turn))
        marks.append(text("ink", (corner[0] - 8, y + 4), name, "end"))
    return marks


def _lines(labels: list[str], counts: list[list[float]]) -> list[tuple[str, ...]]:
    """Return every cell in numbers."""
    return [
        (
            wording.shorten(labels[i], 40),
            wording.shorten(labels[j], 40),
            wording.count(cell),
            wording.percent(cell / sum(row)) if sum(row) > 0 else wording.NOTHING,
        )
        for i, row in enumerate(counts)
        for j, cell in enumerate(row)
    ]
