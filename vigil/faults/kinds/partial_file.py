"""A file that is far too short, or that comes late: with moments that lie before the last one's end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from vigil.faults import levels, wording
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    from vigil.faults.case import Case

TITLE = "a late or partial file"
EXPLAINS = {"merged_levels"}
LONELY = True
#: Files that must have come before sizes mean anything, and the ratio to the smallest of them.
LEAST_FILES, MOST_RATIO = 4, 0.62
#: Sizes differ by this much even where they did not so far, as a logarithm.
LEAST_SPREAD = 0.08


def look(case: Case) -> Iterator[Finding]:
    """Look at the size of the file, and at its moments; rows that waited for labels are no such file."""
    if case.late:
        return
    yield from _short(case)
    yield from _late(case)


def _short(case: Case) -> Iterator[Finding]:
    """Compare the rows of the file with those of earlier ones."""
    sizes = np.array([rows + dropped for rows, dropped in case.files if rows + dropped], dtype=float)
    rows = case.count + case.dropped
    if len(sizes) < LEAST_FILES or not rows or rows > MOST_RATIO * sizes.min():
        return
    logs = np.log(sizes)
    z = float((np.median(logs) - np.log(rows)) / max(float(logs.std()), LEAST_SPREAD))
    missing = _gone(case)
    also = f"; {wording.listed(missing)} are wholly missing" if missing else ""
    yield Finding(
        confidence=1 - float(np.exp(-max(z - 1, 0) / 1.5)),
        rows=case.count,
        what=(
            f"The file has {wording.rows(rows)}, where earlier ones had {int(sizes.min()):,} or more"
            f"{also}: a part of it is probably missing."
        ),
        act="Ask the source for the rest; dismiss this when the file is whole after all.",
        evidence={
            "rows": rows,
            "median_before": float(np.median(sizes)),
            "spreads": z,
            "levels_gone": missing,
        },
    )


def _gone(case: Case) -> list[str]:
    """Return levels that every earlier file had and this one lacks."""
    found = []
    for column in case.columns("category"):
        compared = levels.moved(case, column.name) if column.role == "feature" else None
        found += [f"{column.name} {wording.quoted(level)}" for level in (compared.gone() if compared else [])]
    return found


def _late(case: Case) -> Iterator[Finding]:
    """Compare the moments of the file with the end of the one before it."""
    times = case.contract.by_role("time")
    if not times or times[0].kind != "date" or len(case.past) < 2:
        return
    name = times[0].name
    ends = [float(np.nanmax(part)) for part in case.past_numbers(name) if np.isfinite(part).any()]
    now = case.numbers(name)
    now = now[np.isfinite(now)]
    if len(ends) < 2 or not len(now) or np.any(np.diff(ends) <= 0) or now.max() > ends[-1]:
        return
    yield Finding(
        columns=(name,),
        confidence=0.9 if now.max() < ends[-1] else 0.6,
        rows=case.count,
        what=(
            f"The file is late: its last moment is {wording.date(float(now.max()))}, before the end of the "
            f"last one, {wording.date(ends[-1])}."
        ),
        act="Check that it is not an old file; dismiss this when its rows are wanted.",
        evidence={"last": float(now.max()), "last_before": ends[-1]},
    )
