"""The range is cut off: nothing beyond a value, and on it as many rows as used to be beyond.

Of the earlier rows at the limit or beyond it, some share lay exactly on it. When nothing is clipped, each of
the batch's rows there lies on it with this probability: the heap's surprise is binomial.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from vigil.faults import surprise, wording
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    from vigil.faults.case import Case, Floats
    from vigil.records import Column

TITLE = "a clipped range"
COLUMNS = ("number",)
EXPLAINS = {"precision_loss"}
#: The smallest heap, and the share of earlier rows that must have been beyond it.
LEAST_SHARE, LEAST_ROWS, LEAST_BEYOND = 0.02, 6, 0.01
#: Values next to the limit that the heap must stand out from: digits that are lost make heaps everywhere.
NEIGHBOURS = 5


def look_at(case: Case, column: Column) -> Iterator[Finding]:
    """Look at both ends of a column of numbers; the surer one is told."""
    known = case.known_numbers(column)
    parts = [part for part in case.past_known_numbers(column) if len(part)]
    if len(known) < 30 or not parts or known.min() == known.max():
        return
    ends = [
        finding
        for sign, end in ((1.0, "above"), (-1.0, "below"))
        for finding in _one_end(case, column.name, sign * known, [sign * part for part in parts], end)
    ]
    if ends:
        yield max(ends, key=lambda one: one.confidence)


def _one_end(case: Case, name: str, known: Floats, parts: list[Floats], end: str) -> Iterator[Finding]:
    """Judge the upper end of (possibly mirrored) values."""
    past, limit = np.concatenate(parts), float(known.max())
    heap, beyond = int((known == limit).sum()), float((past > limit).mean())
    share = heap / len(known)
    if heap < max(LEAST_ROWS, LEAST_SHARE * len(known)) or beyond < LEAST_BEYOND:
        return
    usual = max(_nats(int((part == part.max()).sum()), past, float(part.max())) for part in parts)
    # More rows are on the limit than used to be there, whatever was beyond.
    risen = surprise.count(heap, len(known), [(int((part == limit).sum()), len(part)) for part in parts])
    nats = _nats(heap, past, limit) - usual
    has_risen = 1 - float(np.exp(-risen / 2))
    others = 1 - (1 - beyond) ** len(known)
    shown = limit if end == "above" else -limit
    yield Finding(
        confidence=surprise.sure(nats, 2 * case.asked) * has_risen * _stands_out(known, heap) * others,
        rows=heap,
        what=(
            f"{name} is cut off at {wording.figure(shown)}: {wording.of(heap, len(known))} have this value "
            f"and none is {end} it, where {wording.share(beyond)} were."
        ),
        act=(
            f"Quarantine this batch, or take it as it is; the true values of {name} are lost. "
            "Ask the source which limit was set, and have the file sent again."
        ),
        evidence={
            "limit": shown,
            "share": share,
            "share_beyond_before": beyond,
            "share_on_limit_before": float((past == limit).mean()),
        },
    )


def _nats(heap: int, past: Floats, limit: float) -> float:
    """Return the surprise at a heap with nothing beyond it, by what earlier rows did at the limit."""
    on, reached = int((past == limit).sum()), int((past >= limit).sum())
    return -heap * float(np.log((on + 0.5) / (reached + 1)))


def _stands_out(known: Floats, heap: int) -> float:
    """Return how clearly the heap is larger than those on the values next to it, 0 … 1."""
    counts = np.unique(known, return_counts=True)[1]
    beside = int(counts[-1 - NEIGHBOURS : -1].max(initial=1))
    return min(max(heap / beside - 1, 0.0) / 1.5, 1.0)
