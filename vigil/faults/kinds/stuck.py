"""A column repeats one value, row after row, far longer than it ever did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.faults import wording
from vigil.faults.case import is_known
from vigil.faults.finding import Finding
from vigil.faults.mending import unchanged as mend

if TYPE_CHECKING:
    from vigil.faults.case import Case
    from vigil.records import Column

__all__ = ["EXPLAINS", "NAME", "THRESHOLD", "TITLE", "WITNESSES", "look", "mend"]

NAME = "stuck"
TITLE = "a stuck value"
#: Four times the longest run of any earlier batch, and rarer than one in 10⁸ by the value's frequency.
THRESHOLD = 0.8
EXPLAINS: frozenset[str] = frozenset(
    {
        "clipped",
        "merged_levels",
        "precision_loss",
        "renamed_levels",
        "sentinel",
        "shifted_columns",
        "swapped_columns",
        "unit_change",
    }
)
WITNESSES = False
#: The shortest run, as a share of the batch and in rows.
LEAST_SHARE, LEAST_ROWS = 0.05, 10


def look(case: Case) -> Iterator[Finding]:
    """Look for long runs in each feature."""
    if not case.past:
        return
    for column in case.columns("number", "category"):
        if column.role == "feature":
            finding = _longest(case, column)
            if finding is not None:
                yield finding


def _longest(case: Case, column: Column) -> Finding | None:
    """Judge the longest run of a column."""
    numeric = column.kind == "number"
    cells = case.numbers(column.name) if numeric else case.texts(column.name)
    parts = case.past_numbers(column.name) if numeric else case.past_texts(column.name)
    first, length = longest_run(cells)
    if length < max(LEAST_ROWS, LEAST_SHARE * case.count):
        return None
    value = cells[first]
    if numeric and _is_limit(cells, float(value), length):
        return None
    usual = max(longest_run(part)[1] for part in parts)
    every = np.concatenate(parts)
    rest = np.concatenate([cells[:first], cells[first + length :]])
    now = float((rest == value).mean()) if len(rest) else 0.0
    frequency = min(max(float((every == value).mean()) + 1 / len(every), now), 1.0)
    chance = -(length - 1) * float(np.log(frequency)) - float(np.log(case.count))
    times = length / max(usual, 1)
    said = wording.figure(float(value)) if numeric else wording.quoted(value)
    return Finding(
        fault=NAME,
        columns=(column.name,),
        confidence=(1 - float(np.exp(-max(times - 1, 0) / 2))) * (1 - float(np.exp(-max(chance, 0) / 8))),
        rows=length,
        what=(
            f"{column.name} is stuck at {said} for {wording.rows(length)} in a row "
            f"({wording.share(length / case.count)}); the longest run before was {usual}."
        ),
        act=(
            f"Quarantine this batch, and look at the sensor or the job that fills {column.name}; "
            "what it should have said is lost."
        ),
        evidence={
            "value": value if not numeric else float(value),
            "run": length,
            "longest_before": usual,
            "share": length / case.count,
            "first_row": first + 1,
        },
    )


def _is_limit(cells: Any, value: float, length: int) -> bool:
    """Say whether a value is the largest or smallest, and stands in other places too: a clipped range."""
    known = cells[np.isfinite(cells)]
    heap = int((known == value).sum())
    return value in (known.min(), known.max()) and known.min() < known.max() and heap > 1.3 * length


def longest_run(cells: Any) -> tuple[int, int]:
    """Return where the longest run of one value begins, and its length; missing cells are no run."""
    if not len(cells):
        return 0, 0
    known = is_known(cells)
    starts = np.flatnonzero(np.concatenate([[True], cells[1:] != cells[:-1]]))
    lengths = np.diff(np.append(starts, len(cells)))
    lengths = np.where(known[starts], lengths, 0)
    place = int(np.argmax(lengths))
    return int(starts[place]), int(lengths[place])
