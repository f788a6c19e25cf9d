"""A level has a new name: one never seen has the share that one of the known has lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.faults import levels, mending, wording
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case
    from vigil.records import Column

TITLE = "a renamed level"
RETRAIN = True
COLUMNS = ("category",)
OF_TARGET = False
LEAST_SHARE = 0.005
#: The worst fit that is a pair at all, and the confidence from which several pairs are told together.
LEAST_FIT, LEAST_SURE = 0.3, 0.8


@dataclass(frozen=True, slots=True)
class Pair:
    """A new level, and the known one whose rows it has."""

    new: str
    old: str
    confidence: float


def look_at(case: Case, column: Column) -> Iterator[Finding]:
    """Find, for each new level, the known one whose rows it has; all of them are one finding."""
    found = levels.moved(case, column.name)
    pairs = _paired(found, levels.unexplained(case, found, column.name)) if found and found.new else []
    if found is None or not pairs:
        return
    best = max(pair.confidence for pair in pairs)
    pairs = [pair for pair in pairs if pair.confidence >= min(best, LEAST_SURE)]
    back = {pair.new: pair.old for pair in pairs}
    rows = sum(found.new[level] for level in back)
    is_whole = not any(found.now.get(old) for old in back.values())
    said = [f"{wording.quoted(new)} to {wording.quoted(old)}" for new, old in back.items()]
    yield Finding(
        confidence=min(pair.confidence for pair in pairs),
        rows=rows,
        what=(
            f"In {column.name}, {'; '.join(_said(found, pair) for pair in pairs)}: "
            f"{'probably new names' if len(pairs) > 1 else 'probably a new name'}."
        ),
        act=f"Map {wording.listed(said)} in {column.name}, or dismiss this if it is a new level.",
        evidence={
            "levels": back,
            "share": rows / found.rows,
            "shares": {pair.new: found.now[pair.new] for pair in pairs},
            "shares_before": {pair.old: found.before[pair.old] for pair in pairs},
            "shares_left": {pair.old: found.now.get(pair.old, 0.0) for pair in pairs},
        },
        repair={"column": column.name, "levels": back} if is_whole else None,
    )


def _paired(found: levels.Moved, new: Mapping[str, int]) -> list[Pair]:
    """Return each frequent new level with the known one that fits it best, the most frequent first."""
    frequent = {k: v for k, v in new.items() if v >= max(levels.LEAST_ROWS, LEAST_SHARE * found.rows)}
    taken: list[Pair] = []
    for level in sorted(frequent, key=lambda level: (-frequent[level], level)):
        share = found.now[level]
        free = sorted(set(found.before) - {pair.old for pair in taken})
        fits = {old: _fit(found, old, share) for old in free}
        old = max(free, key=lambda old: fits[old], default="")
        if free and fits[old] >= LEAST_FIT:
            fresh = 1 - float(np.exp(-max(share - 2 * found.usual_new, 0) * found.rows / 3))
            taken.append(Pair(level, old, fresh * fits[old]))
    return taken


def _said(found: levels.Moved, pair: Pair) -> str:
    """Say what became of two levels."""
    new, old = found.now[pair.new], found.now.get(pair.old, 0.0)
    before = found.before[pair.old]
    return (
        f"the new level {wording.quoted(pair.new)} has {wording.share(new)} of the rows, "
        f"and {wording.quoted(pair.old)} went from {wording.share(before)} to {wording.share(old)}"
    )


def _fit(found: levels.Moved, old: str, share: float) -> float:
    """Return how well a level's loss matches a new one's share, 0 … 1."""
    before, left = found.before[old], found.now.get(old, 0.0)
    spread = max(found.most[old] - before, before - found.least[old])
    error = float(np.sqrt(max(before * (1 - before), 1e-6) / found.rows)) + spread / 2
    lost = before - left
    off = abs(lost - share) / error
    # A level that is wholly gone says more than one that has become rarer, and much rarer more than a little.
    certain = 1.0 if not left else 1 - 0.08 * float(np.exp(-((lost / error) ** 2) / 8))
    return certain * float(np.exp(-0.5 * max(off - 2, 0) ** 2)) * min(1.0, before / max(share, 1e-9) + 0.2)


def mend(rows: pa.Table, repair: Mapping[str, Any]) -> pa.Table:
    """Give the level its known name."""
    return mending.with_levels(rows, repair["column"], repair["levels"])
