"""Levels have become one: some are gone, and another has gained what they had."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from vigil.faults import levels, wording
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    from vigil.faults.case import Case
    from vigil.records import Column

TITLE = "merged levels"
RETRAIN = True
COLUMNS = ("category",)
OF_TARGET = False
EXPLAINS = {"renamed_levels"}


def look_at(case: Case, column: Column) -> Iterator[Finding]:
    """Find the level that has gained what the gone ones had; two errors up, and as much as was lost."""
    found = levels.moved(case, column.name)
    gone = found.gone() if found else []
    if found is None or not gone or not found.now:
        return
    lost = sum(found.before[level] for level in gone)
    rises = {level: share - found.before.get(level, 0.0) for level, share in found.now.items()}
    into = max(sorted(rises), key=lambda level: rises[level])
    if into in found.new and len(gone) < 2:
        return  # one gone and one new is a new name
    error = float(np.sqrt(max(lost * (1 - lost), 1e-6) / found.rows)) + 1e-9
    beyond = (found.now[into] - found.most.get(into, 0.0)) / error
    off = abs(rises[into] - lost) / (error + _spread(found, into) / 2)
    are = "are" if len(gone) > 1 else "is"
    yield Finding(
        confidence=(1 - float(np.exp(-max(beyond, 0) / 1.2))) * float(np.exp(-0.5 * max(off - 2.5, 0) ** 2)),
        rows=round(lost * found.rows),
        what=(
            f"{wording.listed(map(wording.quoted, gone))} of {column.name} came in "
            f"{wording.share(lost)} of the rows and {are} gone; {wording.quoted(into)} went from "
            f"{wording.share(found.before.get(into, 0.0))} to {wording.share(found.now[into])}: "
            f"{'they were' if len(gone) > 1 else 'it was'} probably merged into it."
        ),
        act="Quarantine this batch, or dismiss this if the coarser levels are meant; then retrain.",
        evidence={"gone": gone, "into": into, "share": lost, "rise": rises[into]},
    )


def _spread(found: levels.Moved, level: str) -> float:
    """Return how far a level's share went from its mean in earlier batches."""
    mean = found.before.get(level, 0.0)
    return max(found.most.get(level, mean) - mean, mean - found.least.get(level, mean))
