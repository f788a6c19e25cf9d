"""The most frequent levels: exact while they are counted, named with limits beyond."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from vigil.profiles import frequent, levels, profile, summary
from vigil.profiles.frequent import Frequent
from vigil.records import HASH_COLUMN, Column
from vigil.table import hashing

COLUMNS = (Column("id", "number", role="key"), Column("c", "category"))


def rows(names: list[str], start: int = 0) -> pa.Table:
    """Make a table of keyed rows with their hashes."""
    made = pa.table({"id": np.arange(start, start + len(names), dtype=float), "c": names})
    return made.append_column(HASH_COLUMN, hashing.to_column(hashing.row_hashes(made, ["id", "c"])))


def heavy(trial: int) -> list[str]:
    """Draw 4,000 names: two levels with 10 and 5 %, and thousands of others; other names in each trial."""
    random = np.random.default_rng(trial)
    names = [f"{trial} rare {one}" for one in (random.zipf(1.2, 4000) + 20) % 3000]
    names[:400] = [f"{trial} tenth"] * 400
    names[400:600] = [f"{trial} twentieth"] * 200
    return names


def test_counted_levels_are_exact() -> None:
    """While all levels are counted, the five first have their rows and no doubt."""
    counted = levels.of_counts([("a", 7), ("b", 2), ("c", 7), *((f"x{k}", 1) for k in range(9))])
    found = frequent.of_levels(counted, ())
    assert found[:2] == [Frequent("a", 7, 7, 7), Frequent("c", 7, 7, 7)]
    assert len(found) == frequent.NAMED


def test_heavy_levels_are_named_and_lie_within_their_limits() -> None:
    """Of 80 tables every level with a tenth, and 95 % of those with a twentieth, is named; 93 % hold."""
    named, within, shown = Counter(), 0, 0
    for trial in range(80):
        names = heavy(trial)
        (found,) = (one for one in summary(profile(rows(names), COLUMNS)) if one["name"] == "c")
        assert found["most_frequent"] is None
        true = Counter(names)
        for level, about, least, most in found["most_frequent_about"]:
            assert least <= about <= most
            assert about >= 40
            shown, within = shown + 1, within + (least <= true[level] <= most)
            named[level.split()[1]] += 1
    assert named["tenth"] == 80
    assert named["twentieth"] >= 76
    assert within / shown >= 0.93


def test_levels_of_one_size_are_not_called_frequent() -> None:
    """Two thousand levels with as many rows each: none has a hundredth, and none is named."""
    names = [f"level {k % 2000}" for k in range(20_000)]
    assert summary(profile(rows(names), COLUMNS))[0]["most_frequent_about"] == []


def test_two_levels_in_one_bucket_have_certain_limits() -> None:
    """Candidates that share a bucket are told apart by the sample, and only as surely as it can."""
    rare = [f"rare {k}" for k in range(3000)]
    place = levels.buckets_of(["x"])[0]
    twin = next(f"y{k}" for k in range(5000) if levels.buckets_of([f"y{k}"])[0] == place)
    counted = levels.of_counts([*((level, 1) for level in rare), ("x", 600), (twin, 200)])
    found = {one.level: one for one in frequent.of_levels(counted, ["x"] * 30 + [twin] * 10 + rare[:60])}
    assert found["x"].least == 30 <= 600 <= found["x"].most
    assert found["x"].rows == pytest.approx(600, rel=0.05)
    assert found[twin].rows == pytest.approx(200, rel=0.1)


def test_a_level_that_is_counted_in_a_sketch_is_exact() -> None:
    """A frequent level that the sketch happens to count has its rows, without a doubt."""
    names = [f"rare {k}" for k in range(3000)]
    counted = levels.of_counts((name, 1) for name in names)
    lucky = counted.counts[0][0]
    counted = levels.of_counts((name, 900 if name == lucky else 1) for name in names)
    assert frequent.of_levels(counted, [lucky] * 30) == [Frequent(lucky, 900, 900, 900)]


def test_names_of_frequent_levels_by_column() -> None:
    """A category's names come in the order of their rows; other columns, and unknown ones, have none."""
    made = profile(rows(heavy(3)), COLUMNS)
    assert frequent.often(made, "c")[:2] == ("3 rare 21", "3 tenth")
    assert frequent.often(made, "id") == frequent.often(made, "nothing") == ()
