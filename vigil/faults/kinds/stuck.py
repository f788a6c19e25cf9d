"""A column repeats one value, row after row, far longer than it ever did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.faults import surprise, wording
from vigil.faults.case import is_known
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    from vigil.faults.case import Case
    from vigil.records import Column

TITLE = "a stuck value"
COLUMNS = ("number", "category")
OF_TARGET = False
EXPLAINS = {
    "clipped",
    "duplicated",
    "merged_levels",
    "precision_loss",
    "renamed_levels",
    "sentinel",
    "shifted_columns",
    "swapped_columns",
    "unit_change",
}
#: The shortest run, as a share of the batch and in rows.
LEAST_SHARE, LEAST_ROWS = 0.05, 8


def look_at(case: Case, column: Column) -> Iterator[Finding]:
    """Judge the longest run of a column."""
    cells, parts = case.cells(column), case.past_cells(column)
    first, length = surprise.longest_run(cells)
    if length < max(LEAST_ROWS, LEAST_SHARE * case.count):
        return
    value, every = cells[first], np.concatenate(parts)
    if _is_limit(column, cells, value, length) or _is_elsewhere(case, column, value):
        return
    rest = np.concatenate([cells[:first], cells[first + length :]])
    now = float((rest == value).mean()) if len(rest) else 0.0
    nats, usual = surprise.run(length, case.count, max(_share(every, value), now), parts)
    yield Finding(
        confidence=surprise.sure(nats, case.asked),
        rows=length,
        what=(
            f"{column.name} is stuck at {wording.cell(value)} for {wording.rows(length)} in a row "
            f"({wording.share(length / case.count)}); the longest run before was {usual}."
        ),
        act=(
            f"Quarantine this batch, and look at the sensor or the job that fills {column.name}; "
            "what it should have said is lost."
        ),
        evidence={
            "value": wording.plain(value),
            "run": length,
            "longest_before": usual,
            "share": length / case.count,
            "first_row": first + 1,
            "nats": nats,
        },
    )


def _share(every: Any, value: Any) -> float:
    """Return a value's share of earlier rows, one more than were seen."""
    return (float((every == value).sum()) + 1) / (len(every) + 1)


def _is_limit(column: Column, cells: Any, value: Any, length: int) -> bool:
    """Say whether a value is the largest or smallest, and stands in other places too: a clipped range."""
    if column.kind != "number":
        return False
    known = cells[is_known(cells)]
    heap = int((known == value).sum())
    return value in (known.min(), known.max()) and known.min() < known.max() and heap > 1.3 * length


def _is_elsewhere(case: Case, column: Column, value: Any) -> bool:
    """Say whether another column was all but stuck at this value before: then cells have changed places."""
    others = [other for other in case.columns(column.kind) if other.name != column.name]
    return any(float((np.concatenate(case.past_cells(other)) == value).mean()) > 0.5 for other in others)
