"""Levels have become one: some are gone, and another has gained what they had."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from vigil.faults import levels, wording
from vigil.faults.finding import Finding
from vigil.faults.mending import unchanged as mend

if TYPE_CHECKING:
    from vigil.faults.case import Case

__all__ = ["EXPLAINS", "NAME", "THRESHOLD", "TITLE", "WITNESSES", "look", "mend"]

NAME = "merged_levels"
TITLE = "merged levels"
#: Levels that every batch had are gone, and one other has risen by what they had, four errors up.
THRESHOLD = 0.8
EXPLAINS: frozenset[str] = frozenset({"renamed_levels"})
WITNESSES = False


def look(case: Case) -> Iterator[Finding]:
    """Find the level that has gained what the gone ones had."""
    for column in case.columns("category"):
        found = levels.moved(case, column.name)
        if found is None or column.role == "target":
            continue
        gone = found.gone()
        lost = sum(found.before[level] for level in gone)
        if not gone or not found.now:
            continue
        rises = {level: share - found.before.get(level, 0.0) for level, share in found.now.items()}
        into = max(sorted(rises), key=lambda level: rises[level])
        if into in found.new and len(gone) < 2:
            continue  # one gone and one new is a new name
        error = float(np.sqrt(max(lost * (1 - lost), 1e-6) / found.rows)) + 1e-9
        beyond = (found.now[into] - found.most.get(into, 0.0)) / error
        off = abs(rises[into] - lost) / (error + _spread(found, into) / 2)
        yield Finding(
            fault=NAME,
            columns=(column.name,),
            confidence=(1 - float(np.exp(-max(beyond, 0) / 1.2)))
            * float(np.exp(-0.5 * max(off - 2.5, 0) ** 2)),
            rows=round(lost * found.rows),
            what=(
                f"{wording.listed(map(wording.quoted, gone))} of {column.name} came in "
                f"{wording.share(lost)} of the rows and are gone; {wording.quoted(into)} went from "
                f"{wording.share(found.before.get(into, 0.0))} to {wording.share(found.now[into])}: "
                "they were probably merged into it."
            ),
            act="Quarantine this batch, or dismiss this if the coarser levels are meant; then retrain.",
            evidence={"gone": gone, "into": into, "share": lost, "rise": rises[into]},
        )


def _spread(found: levels.Moved, level: str) -> float:
    """Return how far a level's share went from its mean in earlier batches."""
    mean = found.before.get(level, 0.0)
    return max(found.most.get(level, mean) - mean, mean - found.least.get(level, mean))
