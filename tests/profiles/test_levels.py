"""Counts of levels: exact while few, an exactly mergeable sketch beyond."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.profiles import levels, profile, summary
from vigil.profiles.levels import Levels
from vigil.records import Column


def of(names: list[str]) -> Levels:
    """Count names."""
    return levels.of_counts(Counter(names).items())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 900), max_size=1200), st.integers(0, 900), st.integers(0, 900))
def test_any_split_adds_up_to_the_whole(drawn: list[int], cut: int, other: int) -> None:
    """Split anywhere, in any order, on either side of the limit: the same summary."""
    names = [f"{'x' * (number % 9)} {number}" for number in drawn] * 2
    first, second = sorted((cut, other))
    parts = [of(names[:first]), of(names[first:second]), of(names[second:])]
    whole = of(names)
    assert levels.merged(parts) == levels.merged(parts[::-1]) == whole
    assert levels.merged([parts[0], levels.merged(parts[1:])]) == whole
    assert whole.rows == len(names)


@pytest.mark.parametrize("seed", range(3))
def test_sketches_that_share_levels_add_up(seed: int) -> None:
    """Parts beyond the limit that have levels in common give the sketch of all rows."""
    drawn = np.random.default_rng(seed).integers(0, 900, 3000)
    names = [f"level {number}" for number in drawn]
    parts = [of(names[:1400]), of(names[1400:2800]), of(names[2800:])]
    assert [part.is_exact for part in parts] == [False, False, True]
    assert levels.merged(parts) == levels.merged(parts[::-1]) == of(names)


def test_the_limit_is_where_counting_ends() -> None:
    """At the limit every level is counted; one more makes a sketch."""
    names = [f"{number}" for number in range(levels.MOST + 1)]
    assert of(names[:-1]).is_exact
    assert not of(names).is_exact


def test_long_names_end_counting_earlier() -> None:
    """Between the two limits the bytes of the names decide, and a merge beyond them is a sketch."""
    short, long = ([f"{number:0{width}}" for number in range(levels.FEW + 1)] for width in (3, 24))
    assert of(short).is_exact
    assert not of(long).is_exact
    assert of(long[:-1]).is_exact
    assert not levels.merged([of(long[:-1]), of(long[-1:])]).is_exact


def test_500_levels_are_counted_and_ranked() -> None:
    """Five hundred levels with short names: each has its count, and the most frequent are known."""
    names = [f"level {number}" for number in range(500) for _ in range(number + 1)]
    column = profile(pa.table({"c": names}), [Column("c", "category")])
    (found,) = summary(column)
    assert found["distinct"] == 500
    assert found["most_frequent"][:2] == [["level 499", 500], ["level 498", 499]]


def test_the_most_frequent_of_too_many_levels_has_limits() -> None:
    """One level has a tenth of the rows beside a thousand others: the sketch says how many it can have."""
    names = [f"level {number}" for number in range(1000) for _ in range(9)] + ["often"] * 1000
    column = profile(pa.table({"c": names}), [Column("c", "category")])
    (found,) = summary(column)
    least, most = found["most_frequent_rows"]
    assert found["most_frequent"] is None
    assert found["most_frequent_about"] == []
    assert 9 <= least <= 1000 <= most < 1150
    exact = levels.of_counts([("a", 7), ("b", 2)])
    assert exact.most() == (7, 7)


def test_kept_counts_are_exact_in_a_sketch() -> None:
    """The levels that a sketch names have all their rows."""
    names = [f"{number}" for number in range(1000) for _ in range(number % 7 + 1)]
    sketch = levels.merged([of(names[:1500]), of(names[1500:])])
    true = Counter(names)
    assert len(sketch.counts) == levels.SAMPLE
    assert all(true[level] == count for level, count in sketch.counts)


@pytest.mark.parametrize("number", [300, 3_000, 100_000])
def test_the_number_of_levels_is_within_a_tenth(number: int) -> None:
    """The estimate is within three standard errors."""
    assert of([f"x{place}" for place in range(number)]).distinct() == pytest.approx(number, rel=0.1)


def test_buckets_of_an_exact_summary_compare_with_a_sketch() -> None:
    """Each level's rows are in its bucket, whether it is exact or not; no level, no rows."""
    few = of(["a", "a", "b"])
    buckets = levels.bucket_counts(few)
    assert sorted(rows for rows in buckets if rows) in ([1, 2], [3])
    assert sum(levels.bucket_counts(of([]))) == 0


def test_long_levels_are_told_apart_by_a_digest() -> None:
    """Two long strings that begin alike stay two levels, of bounded length."""
    counted = of(["x" * 1000 + "a", "x" * 1000 + "b"])
    assert counted.distinct() == 2
    assert all(len(level) <= levels.LONGEST for level, _ in counted.counts)


@settings(max_examples=30, deadline=None)
@given(st.sets(st.text(st.characters(exclude_categories=("Cs",)), max_size=8), min_size=520, max_size=600))
def test_many_levels_from_arrow_are_summarised_the_same(names):
    """The way for large columns gives what the way for any column gives."""
    listed = sorted(names)
    counts = np.arange(1, len(listed) + 1)
    there = levels.of_many(pa.array(listed, pa.string()), counts)
    assert there == levels.of_counts(zip(listed, counts.tolist(), strict=True))
