"""The range is cut off: nothing beyond a value, and on it as many rows as used to be beyond."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from vigil.faults import wording
from vigil.faults.finding import Finding
from vigil.faults.mending import unchanged as mend

if TYPE_CHECKING:
    from vigil.faults.case import Case, Floats

__all__ = ["EXPLAINS", "NAME", "THRESHOLD", "TITLE", "WITNESSES", "look", "mend"]

NAME = "clipped"
TITLE = "a clipped range"
#: Both ends of the relation must hold: a heap on the limit, and nothing beyond it where something was.
THRESHOLD = 0.8
EXPLAINS: frozenset[str] = frozenset({"precision_loss"})
WITNESSES = False
#: The smallest heap.
LEAST_SHARE, LEAST_ROWS = 0.02, 8


def look(case: Case) -> Iterator[Finding]:
    """Look at both ends of each column of numbers."""
    if not case.past:
        return
    for column in case.columns("number"):
        values = case.numbers(column.name)
        parts = [part[np.isfinite(part)] for part in case.past_numbers(column.name)]
        known = values[np.isfinite(values)]
        if len(known) < 30 or not sum(map(len, parts)) or known.min() == known.max():
            continue
        for sign, end in ((1.0, "above"), (-1.0, "below")):
            finding = _one_end(column.name, sign * known, [sign * part for part in parts], end, sign)
            if finding is not None:
                yield finding


def _one_end(name: str, known: Floats, parts: list[Floats], end: str, sign: float) -> Finding | None:
    """Judge the upper end of (possibly mirrored) values."""
    past = np.concatenate(parts)
    limit = float(known.max())
    heap = int((known == limit).sum())
    share = heap / len(known)
    before = [float((part == limit).mean()) for part in parts if len(part)]
    beyond = [float((part > limit).mean()) for part in parts if len(part)]
    own = [float((part == part.max()).mean()) for part in parts if len(part)]
    if heap < max(LEAST_ROWS, LEAST_SHARE * len(known)) or np.mean(beyond) < 0.01:
        return None
    # The heap must be new: larger than any earlier batch had on its own largest value.
    usual = max(*own, *before, 0.0)
    fresh = 1 - float(np.exp(-3 * max(share / max(usual, 1 / len(known)) - 1.5, 0)))
    expected = float(np.mean(beyond)) + float(np.mean(before))
    ratio = share / expected if expected else np.inf
    matches = 1.0 if 0.3 <= ratio <= 3.5 or share > 4 * usual + 3 / len(known) else 0.6
    others = (1 - float((past > limit).mean())) ** len(known)
    limit *= sign
    return Finding(
        fault=NAME,
        columns=(name,),
        confidence=fresh * matches * (1 - others),
        rows=heap,
        what=(
            f"{name} is cut off at {wording.figure(limit)}: {wording.rows(heap)} ({wording.share(share)}) "
            f"have this value and none is {end} it, where {wording.share(float(np.mean(beyond)))} were."
        ),
        act=(
            f"Quarantine this batch, or take it as it is; the true values of {name} are lost. "
            "Ask the source which limit was set, and have the file sent again."
        ),
        evidence={
            "limit": limit,
            "share": share,
            "share_beyond_before": float(np.mean(beyond)),
            "share_on_limit_before": float(np.mean(before)),
        },
    )
