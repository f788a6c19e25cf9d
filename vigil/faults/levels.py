"""Levels of a category that are new, and levels that have gone, against the earlier batches."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from vigil.faults import wording

if TYPE_CHECKING:
    from vigil.faults.case import Case

#: Columns with more levels than this are names, not categories.
MOST_LEVELS = 1000
#: New levels below this count may be anything.
LEAST_ROWS = 4


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a column's levels.

    ``new`` counts the batch's rows of levels never seen; ``now`` and ``before`` are shares of the rows
    with a value, in the batch and in all earlier rows; ``least`` and ``most`` are a level's smallest and
    largest share in any earlier batch. ``usual_new`` is the largest share of rows in new levels that an
    earlier batch had.
    """

    rows: int
    new: Mapping[str, int]
    now: Mapping[str, float]
    before: Mapping[str, float]
    least: Mapping[str, float]
    most: Mapping[str, float]
    usual_new: float

    def gone(self) -> list[str]:
        """Return levels that every earlier batch had, and that have no row though ten or more were due."""
        due = {level: max(self.least[level], self.before[level] / 2) * self.rows for level in self.before}
        return [
            level
            for level, rows in due.items()
            if not self.now.get(level) and rows >= 10 and self.least[level] >= 0.01
        ]


def moved(case: Case, name: str) -> Moved | None:
    """Compare the levels of a column; None when there is nothing to compare, or too many levels."""
    parts = [tally for tally in case.past_tally(name) if tally]
    now = case.tally(name)
    known = case.known_levels(name)
    if not parts or not now or len(known) > MOST_LEVELS:
        return None
    rows = sum(now.values())
    every: dict[str, int] = {}
    for part in parts:
        for level, count in part.items():
            every[level] = every.get(level, 0) + count
    total = sum(every.values())
    shares = [{level: count / sum(part.values()) for level, count in part.items()} for part in parts]
    return Moved(
        rows=rows,
        new={level: count for level, count in now.items() if level not in known},
        now={level: count / rows for level, count in now.items()},
        before={level: count / total for level, count in every.items()},
        least={level: min(part.get(level, 0.0) for part in shares) for level in every},
        most={level: max(part.get(level, 0.0) for part in shares) for level in every},
        usual_new=_usual_new(shares),
    )


def plain(level: str) -> str:
    """Return a level without case, accents' forms, and white space."""
    return "".join(unicodedata.normalize("NFKC", level).casefold().split())


def same_but_for_case(case: Case, found: Moved, name: str) -> dict[str, str]:
    """Return new levels that are a known one in another case or with other white space."""
    known = {plain(level): level for level in sorted(case.known_levels(name))}
    return {level: known[plain(level)] for level in found.new if plain(level) in known}


def pairs(mapped: Mapping[str, str]) -> list[str]:
    """Say which new level stands for which known one."""
    return [f"{wording.quoted(new)} for {wording.quoted(old)}" for new, old in sorted(mapped.items())]


def cut_off(case: Case, found: Moved, name: str) -> dict[str, str]:
    """Return new levels that are the beginning of a known one: the most frequent one that it fits."""
    known = sorted(case.known_levels(name), key=lambda level: (-found.before.get(level, 0.0), level))
    made = {}
    for level in found.new:
        whole = [other for other in known if len(other) > len(level) and other.startswith(level)]
        if whole and len(level) >= 1:
            made[level] = whole[0]
    return made


def nested(levels: Collection[str]) -> int:
    """Count the levels that are the beginning of another one, as x12 is of x128."""
    ordered = sorted(levels)
    # What begins with a level follows it at once.
    return sum(after.startswith(level) for level, after in pairwise(ordered))


def unexplained(case: Case, found: Moved, name: str) -> dict[str, int]:
    """Return new levels that are neither another spelling of a known one nor a part of one."""
    spelt = set(same_but_for_case(case, found, name)) | set(cut_off(case, found, name))
    return {level: count for level, count in found.new.items() if level not in spelt}


def _usual_new(shares: list[dict[str, float]]) -> float:
    """Return the largest share of rows in levels that no earlier batch had; 0 with fewer than three."""
    seen = set(shares[0])
    rates = [0.0]
    for place, part in enumerate(shares[1:], start=1):
        if place >= 2:
            rates.append(sum(share for level, share in part.items() if level not in seen))
        seen |= set(part)
    return float(np.max(rates))
