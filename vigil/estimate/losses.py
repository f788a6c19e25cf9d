"""The error that a regression probably makes, learnt from its held-out errors by what it answered."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Groups of equal size that the answers are cut into, and how many rows each needs.
_GROUPS, _EACH = 20, 20


def learn(truth: Floats, answer: Floats, weight: Floats | None = None) -> dict[str, Any]:
    """Return the mean absolute error of held-out rows by their answer: one point for each group.

    With ``weight`` (n,) a row counts as much as others stand for.
    """
    error = np.abs(truth - answer)
    weight = np.ones(len(error)) if weight is None else weight
    order = np.argsort(answer, kind="stable")
    groups = np.array_split(order, max(1, min(_GROUPS, len(order) // _EACH)))
    return {
        "answer": [float(answer[group].mean()) for group in groups],
        "error": [float(np.average(error[group], weights=weight[group])) for group in groups],
    }


def expected(learnt: dict[str, Any], answer: Floats) -> Floats:
    """Return the expected absolute error of each answer, shape (n,); constant beyond what was learnt."""
    return np.asarray(np.interp(answer, learnt["answer"], learnt["error"]))
