"""How good the model is: its score over time, and the mistakes that it makes."""

from __future__ import annotations

from typing import Any

from vigil.charts import wording
from vigil.charts.reading import at, number, rows
from vigil.documents.chapters import slices
from vigil.documents.content import Block, Facts, chapter, charts, section, text

_BROKEN = "The feed of this batch is broken, which may be all that moved its score: mend it first."


def story(returns: dict[str, Any]) -> list[Block]:
    """Return the chart of scores, and the charts of the latest batch's mistakes."""
    return [
        chapter("Score over time"),
        charts("scores"),
        *_unseen(returns),
        *_estimate(returns),
        *_moved(returns),
        chapter("Where the model errs"),
        *_mistakes(returns),
        *slices.story(returns),
    ]


def _estimate(returns: dict[str, Any]) -> list[Block]:
    """Say how the model probably does on rows whose labels have not come."""
    found = at(returns, "scoring", "estimate")
    if number(at(found, "score")) is None:
        return []
    metric = wording.metric(at(returns, "scoring", "metric"))
    bounds = wording.interval([at(found, "low"), at(found, "high")])
    sure = f"95 % band {bounds}" if bounds else "no band yet: too few past estimates have met their labels"
    amount = wording.plural(at(found, "rows"), "row")
    words = f"Before their labels come, {metric} on {amount} is estimated at {wording.score(found['score'])}"
    past = f"; {wording.plural(at(found, 'past'), 'earlier estimate')} could be checked"
    return [
        section("Estimated without labels"),
        text(f"{words} ({sure}{past if number(at(found, 'past')) else ''})."),
        text(
            "It takes for granted that the same rows still mean the same; labels have the last word.", "note"
        ),
    ]


def _moved(returns: dict[str, Any]) -> list[Block]:
    """Say why the score moved, when the verdict asked."""
    words = at(returns, "diagnostics", "moved", "words")
    if not words:
        return []
    compared = at(returns, "diagnostics", "moved", "rows")
    before, now = compared if isinstance(compared, list) and len(compared) == 2 else (None, None)
    sizes = f"{wording.count(before)} held-out rows and {wording.count(now)} of the batch"
    note = f"Split on {sizes}; 90 % intervals."
    broken = [text(_BROKEN, "lead")] if _is_broken(returns) else []
    return [section("Why it moved"), *broken, text(words), text(note, "note")]


def _is_broken(returns: dict[str, Any]) -> bool:
    """Say whether a fault holds the batch whose score moved."""
    name = at(returns, "diagnostics", "drift_of", "name")
    return any(
        fault.get("holds") and fault.get("state") == "open" and fault.get("name") == name
        for fault in rows(returns, "diagnostics", "faults")
    )


def _unseen(returns: dict[str, Any]) -> list[Block]:
    """Say the score on keys that the release was not trained on, where there are any."""
    unseen = number(at(returns, "scoring", "unseen"))
    if unseen is None or number(at(returns, "scoring", "score")) is None:
        return []
    amount = wording.plural(at(returns, "scoring", "unseen_rows"), "row")
    metric = wording.metric(at(returns, "scoring", "metric"))
    return [
        text(f"On the {amount} of keys that were not in its training, {metric} is {wording.score(unseen)}.")
    ]


def _mistakes(returns: dict[str, Any]) -> list[Block]:
    """Return the charts that the task has."""
    if not at(returns, "scoring", "details"):
        return [
            text("No labelled batch has been scored by the live model yet, so its mistakes are not known.")
        ]
    if at(returns, "scoring", "task") == "regression":
        return [charts("residuals"), *_errors(returns)]
    held_out = at(returns, "scoring", "details_of") == "holdout"
    whose = "On the held-out rows that the release starts from; no batch has come since."
    names = ["confusion"]
    names += [name for name, key in _CURVES.items() if at(returns, "scoring", "details", key)]
    told = [text(whose)] if held_out else []
    return [*told, charts(*names), *_worst_classes(returns)]


_CURVES = {"roc": "roc", "precisionrecall": "pr", "calibration": "calibration"}


def _errors(returns: dict[str, Any]) -> list[Block]:
    """Return the regression's error measures."""
    errors = at(returns, "scoring", "details", "errors")
    names = {"mae": "Mean absolute error", "rmse": "Root mean square", "bias": "Bias", "r2": "R²"}
    found = [
        (words, wording.figure(at(errors, key)))
        for key, words in names.items()
        if at(errors, key) is not None
    ]
    return [Facts(found, 2)] if found else []


def _worst_classes(returns: dict[str, Any]) -> list[Block]:
    """Name the classes found least often, when there are many classes."""
    counts = at(returns, "scoring", "details", "confusion")
    labels = at(returns, "scoring", "details", "labels")
    if not isinstance(counts, list) or not isinstance(labels, list) or len(labels) < 3:
        return []
    shares = [
        (number(row[i]) or 0.0) / total
        for i, row in enumerate(counts)
        if isinstance(row, list) and i < len(row) and (total := sum(number(cell) or 0.0 for cell in row))
    ]
    if len(shares) != len(labels):
        return []
    worst = sorted(range(len(shares)), key=shares.__getitem__)[:3]
    named = ", ".join(f"{wording.shorten(labels[i], 30)} ({wording.percent(shares[i])})" for i in worst)
    return [text(f"Found least often: {named}.")]
