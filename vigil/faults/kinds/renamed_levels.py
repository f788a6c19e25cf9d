"""A level has a new name: one never seen has the share that one of the known has lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.faults import levels, mending, wording
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case

NAME = "renamed_levels"
TITLE = "a renamed level"
#: The shares must match within three standard errors, and no earlier batch had as many new levels.
THRESHOLD = 0.8
EXPLAINS: frozenset[str] = frozenset()
WITNESSES = False
LEAST_SHARE = 0.005


def look(case: Case) -> Iterator[Finding]:
    """Find, for each new level, the known one whose rows it has."""
    for column in case.columns("category"):
        found = levels.moved(case, column.name)
        if found is None or column.role == "target":
            continue
        new = levels.unexplained(case, found, column.name)
        frequent = {k: v for k, v in new.items() if v >= max(levels.LEAST_ROWS, LEAST_SHARE * found.rows)}
        taken: set[str] = set()
        for level in sorted(frequent, key=lambda level: (-frequent[level], level)):
            finding = _finding(column.name, found, level, taken)
            if finding is not None:
                yield finding


def _finding(name: str, found: levels.Moved, level: str, taken: set[str]) -> Finding | None:
    """Name the known level that fits a new one best, if one fits."""
    share, rows = found.now[level], found.new[level]
    fits = {old: _fit(found, old, share) for old in found.before if old not in taken}
    if not fits:
        return None
    old = max(sorted(fits), key=lambda old: fits[old])
    if fits[old] < 0.3:
        return None
    taken.add(old)
    is_whole = not found.now.get(old)
    fresh = 1 - float(np.exp(-max(share - 2 * found.usual_new, 0) * found.rows / 3))
    pair = f"{wording.quoted(level)} to {wording.quoted(old)}"
    return Finding(
        fault=NAME,
        columns=(name,),
        confidence=fresh * fits[old],
        rows=rows,
        what=(
            f"A new level {wording.quoted(level)} of {name} has {wording.share(share)} of the rows, and "
            f"{wording.quoted(old)} went from {wording.share(found.before[old])} to "
            f"{wording.share(found.now.get(old, 0.0))}: it was probably renamed."
        ),
        act=f"Map {pair} in {name}, or dismiss this if it is a new level.",
        evidence={
            "new": level,
            "old": old,
            "share": share,
            "share_before": found.before[old],
            "share_left": found.now.get(old, 0.0),
        },
        repair={"column": name, "levels": {level: old}} if is_whole else None,
    )


def _fit(found: levels.Moved, old: str, share: float) -> float:
    """Return how well a level's loss matches a new one's share, 0 … 1."""
    before, left = found.before[old], found.now.get(old, 0.0)
    spread = max(found.most[old] - before, before - found.least[old])
    error = float(np.sqrt(max(before * (1 - before), 1e-6) / found.rows)) + spread / 2
    lost = before - left
    off = abs(lost - share) / error
    # A level that is wholly gone says more than one that has become rarer.
    certain = 1.0 if not left else 0.92
    return certain * float(np.exp(-0.5 * max(off - 2, 0) ** 2)) * min(1.0, before / max(share, 1e-9) + 0.2)


def mend(rows: pa.Table, repair: Mapping[str, Any]) -> pa.Table:
    """Give the level its known name."""
    return mending.with_levels(rows, repair["column"], repair["levels"])
