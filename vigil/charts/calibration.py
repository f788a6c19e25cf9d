"""The calibration curve: how often what was predicted with probability p came true."""

from __future__ import annotations

from typing import Any

from vigil.charts import square, wording
from vigil.charts.marks import HALF, Drawing, dot, line
from vigil.charts.reading import number, rows


def draw(returns: dict[str, Any]) -> Drawing | None:
    """Return the chart, or None when the batch has no calibration table."""
    bins = _bins(returns)
    if not bins:
        return None
    on = square.plane()
    most = max(weight for _, _, weight in bins)
    curve = line("series", *(on.at(predicted, observed) for predicted, observed, _ in bins))
    dots = [
        dot(
            "value", on.at(predicted, observed), round(2.5 + 4.5 * (max(weight, 0.0) / most) ** 0.5, 1), words
        )
        for (predicted, observed, weight), words in zip(bins, map(_said, bins), strict=True)
    ]
    frame = square.frame(on, "predicted probability", "observed share of positives")
    return Drawing(
        "Calibration",
        "larger dots: more rows",
        HALF,
        square.HEIGHT,
        (*frame, square.diagonal(on), curve, *dots),
        ("Predicted", "Observed", "Rows"),
        tuple((wording.score(p), wording.score(o), wording.count(w)) for p, o, w in bins),
        "rrr",
        key=(("series", "the model"), ("guess", "exact")),
    )


def describe(returns: dict[str, Any]) -> str:
    """Say how far the predicted probabilities are from what was observed, on average."""
    bins = _bins(returns)
    total = sum(weight for _, _, weight in bins)
    if not total:
        return "There is no calibration curve: it needs predicted probabilities and labelled rows."
    gap = sum(abs(predicted - observed) * weight for predicted, observed, weight in bins) / total
    return f"Predicted probabilities differ from the observed shares by {wording.percent(gap)} on average."


def _said(one: tuple[float, float, float]) -> str:
    predicted, observed, weight = one
    told = f"predicted {wording.score(predicted)}, observed {wording.score(observed)}"
    return f"{told} on {wording.plural(weight, 'row')}"


def _bins(returns: dict[str, Any]) -> list[tuple[float, float, float]]:
    """Return (predicted, observed, rows) of every bin that holds rows."""
    found = []
    for row in rows(returns, "scoring", "details", "calibration"):
        predicted, observed, weight = (number(row.get(key)) for key in ("predicted", "observed", "rows"))
        if predicted is not None and observed is not None and weight is not None and weight > 0:
            found.append((predicted, observed, weight))
    return found
