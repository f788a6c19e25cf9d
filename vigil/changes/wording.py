"""Why a score moved, in sentences."""

from __future__ import annotations

from typing import Any

from vigil import figures

#: What each part means, and what to do about it when it is the largest.
_MEANING = {
    "concept": (
        "rows like those of before now have another truth",
        "train on rows since the change",
    ),
    "covariate": (
        "the batch holds other kinds of rows, on which the model always was worse, or had none to learn from",
        "get rows of the new kind labelled, and look at the columns that drifted",
    ),
    "label": (
        "the mix of classes changed, and the rows of each class are as before",
        "move the threshold, or judge the model at the old mix",
    ),
}


def moved(title: str, parts: dict[str, Any] | None) -> str:
    """Return the change of a score, its parts with their intervals, and what the largest one asks for."""
    if parts is None:
        return "The batch's rows are too unlike those of before to compare like with like."
    then, now = parts["then"]["value"], parts["now"]["value"]
    told = [_part(name, parts[name]) for name in _ranked(parts) if parts[name]["value"]]
    largest = next(iter(_ranked(parts)))
    meaning, act = _MEANING[largest]
    if not parts[largest]["low"] <= 0 <= parts[largest]["high"]:
        why = f"Mostly {largest} shift: {meaning}. What helps: {act}."
    else:
        why = "No part is beyond chance."
    went = f"{title} went from {figures.score(then)} to {figures.score(now)}"
    return f"{went}: {', '.join(told) or 'no part moved'}. {why}"


def _ranked(parts: dict[str, Any]) -> list[str]:
    """Return the parts' names, the largest first."""
    return sorted(_MEANING, key=lambda name: -abs(parts[name]["value"]))


def _part(name: str, part: dict[str, float]) -> str:
    """Write one part with its interval."""
    value, low, high = (figures.gain(part[key]) for key in ("value", "low", "high"))
    return f"{value} by {name} shift ({low} to {high})"
