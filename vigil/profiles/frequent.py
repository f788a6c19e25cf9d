"""The levels that come often, named with their rows: exact while all are counted, with limits beyond.

Beyond, a profile has three things: the rows of each of 256 buckets of the levels' hash, exact counts of the
64 levels of lowest hash, and a uniform sample of 128 rows. A level that the sample has twice is a candidate:
one with a share s of the rows is with probability 1 − (1 − s)^128 − 128 s (1 − s)^127, which is 90 % at 3 %,
98.9 % at 5 % and more than 99.99 % at 10 %. (The sample is the bottom-k of the rows' hashes: see `sampled`.)

The candidate's bucket has all its rows, and those of other levels that fell into it. Which bucket a level
falls in has nothing to do with the sample. So what others have put into the bucket is one of the values that
the buckets without any candidate show, at random: their median is taken off for the estimate, and the j-th
largest and j-th smallest of F of them are passed with probability j/(F + 1) each at most (a rank among
exchangeable values: Vovk, Gammerman, Shafer 2005, "Algorithmic Learning in a Random World"). This is the
count-mean-min estimate (Deng, Rafiei 2007, "New estimation algorithms for streaming data: Count-min can do
more") with an interval. Two candidates in one bucket share it as the sample has them, and their limits are
those that are certain: the rows seen, and the bucket's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vigil.profiles import levels
from vigil.profiles.levels import Levels
from vigil.profiles.record import Profile

#: Levels that are named, and the share of the rows that one must have, beyond what can be counted.
NAMED, SHARE = 5, 0.01
#: The probability that a level's rows are outside of its limits.
RISK = 0.05


@dataclass(frozen=True, slots=True)
class Frequent:
    """A level with about so many rows, the least and the most that it has but for a risk of `RISK`."""

    level: str
    rows: int
    least: int
    most: int


def of_levels(counted: Levels, sample: Sequence[str | None]) -> list[Frequent]:
    """Return the most frequent levels, at most `NAMED`, the first by rows; exact while all are counted.

    ``sample`` holds the column's cells in a uniform sample of the rows. Beyond counting, levels with less
    than `SHARE` of the rows are left out.
    """
    exact = [Frequent(level, rows, rows, rows) for level, rows in counted.counts]
    if counted.is_exact:
        return _first(exact)
    floor = max(1.0, SHARE * counted.rows)
    found = [*exact, *_estimated(counted, sample)]
    return _first([one for one in found if one.rows >= floor])


def often(profile: Profile, name: str) -> tuple[str, ...]:
    """Return the names of a category's most frequent levels, none of another column."""
    column = profile.column(name)
    if column is None or column.levels is None:
        return ()
    return tuple(one.level for one in of_levels(column.levels, profile.sample.of(name)))


def _first(found: Sequence[Frequent]) -> list[Frequent]:
    """Return the most frequent of some levels."""
    return sorted(found, key=lambda one: (-one.rows, one.level))[:NAMED]


def _estimated(counted: Levels, sample: Sequence[str | None]) -> list[Frequent]:
    """Estimate the rows of the levels that the sample has twice and that are not counted."""
    known = dict(counted.counts)
    seen = Counter(level for level in sample if level is not None and level not in known)
    named = sorted(level for level, rows in seen.items() if rows > 1)
    if not named:
        return []
    left = np.array(counted.buckets) - np.array(levels.bucket_counts(Levels(counted.counts)))
    places = levels.buckets_of(named).tolist()
    others = np.sort(np.delete(left, places))
    rank = max(1, int(RISK / 2 * (len(others) + 1)))
    few, usual, many = int(others[rank - 1]), int(np.median(others)), int(others[-rank])
    found = []
    for level, place in zip(named, places, strict=True):
        whole, mine = int(left[place]), seen[level]
        beside = sum(seen[other] for other, at in zip(named, places, strict=True) if at == place) - mine
        if beside:
            share = round((whole - usual) * mine / (mine + beside))
            least, most = mine, whole - beside
        else:
            share, least, most = whole - usual, max(mine, whole - many), whole - few
        found.append(Frequent(level, min(max(share, least), most), least, most))
    return found
