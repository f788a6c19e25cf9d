"""The precision–recall curve of the latest scored batch."""

from __future__ import annotations

from typing import Any

from vigil.charts import square, wording
from vigil.charts.marks import HALF, Drawing, line
from vigil.charts.reading import at, number, pairs


def draw(returns: dict[str, Any]) -> Drawing | None:
    """Return the chart, or None when the batch has no precision–recall curve."""
    curve = pairs(returns, "scoring", "details", "pr")
    if len(curve) < 2:
        return None
    on, share = square.plane(), _positive_share(returns)
    marks = square.frame(on, "recall: share of positives found", "precision: share of finds that are right")
    key = [("series", "the model")]
    if share is not None:
        marks.append(line("guess", on.at(0, share), on.at(1, share)))
        key.append(("guess", f"guessing ({share:.2f})"))
    return Drawing(
        "Precision and recall",
        "",
        HALF,
        square.HEIGHT,
        (*marks, line("series", *(on.at(*point) for point in curve))),
        ("Recall", "Precision"),
        square.numbers(curve),
        square.SIDES,
        key=tuple(key),
    )


def describe(returns: dict[str, Any]) -> str:
    """Say what precision costs at half of the positives found."""
    curve = pairs(returns, "scoring", "details", "pr")
    if len(curve) < 2:
        return "There is no precision–recall curve: it needs two classes and labelled rows."
    recall, precision = min(curve, key=lambda point: abs(point[0] - 0.5))
    found, right = wording.percent(recall), wording.percent(precision)
    return f"When {found} of the positives are found, {right} of the finds are right."


def _positive_share(returns: dict[str, Any]) -> float | None:
    """Return the share of positives in the batch: the precision of a guess."""
    confusion = at(returns, "scoring", "details", "confusion")
    if not isinstance(confusion, list) or len(confusion) != 2:
        return None
    sums = [sum(number(cell) or 0.0 for cell in row) for row in confusion if isinstance(row, list)]
    return sums[1] / sum(sums) if len(sums) == 2 and sum(sums) > 0 and sums[1] >= 0 else None
