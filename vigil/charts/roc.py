"""The ROC curve of the latest scored batch: true positives found against false alarms paid."""

from __future__ import annotations

from typing import Any

from vigil.charts import square, wording
from vigil.charts.marks import HALF, Drawing, Mark, line
from vigil.charts.reading import at, number, pairs


def draw(returns: dict[str, Any]) -> Drawing | None:
    """Return the chart, or None when the batch has no ROC curve."""
    curve = pairs(returns, "scoring", "details", "roc")
    if len(curve) < 2:
        return None
    on = square.plane()
    places = [on.at(*point) for point in curve]
    below = Mark("area", "band", (*places, on.at(1, 0), on.at(0, 0)), weight=0.5)
    marks = (*square.frame(on, "false positive rate", "true positive rate"), below, square.diagonal(on))
    auc = number(at(returns, "scoring", "details", "auc"))
    return Drawing(
        "ROC curve",
        "" if auc is None else f"AUC {wording.score(auc)}",
        HALF,
        square.HEIGHT,
        (*marks, line("series", *places)),
        ("False positive rate", "True positive rate"),
        square.numbers(curve),
        square.SIDES,
        key=(("series", "the model"), ("guess", "guessing")),
    )


def describe(returns: dict[str, Any]) -> str:
    """Say how well the model ranks the rows."""
    auc = number(at(returns, "scoring", "details", "auc"))
    if len(pairs(returns, "scoring", "details", "roc")) < 2 or auc is None:
        return "There is no ROC curve: it needs two classes and labelled rows."
    return (
        f"A random positive row is ranked above a random negative one in {wording.percent(auc)} of cases "
        "(50 % is guessing)."
    )
