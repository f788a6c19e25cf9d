"""A sample of rows by their hashes: the same for any split, and kept through a change of format."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.errors import VigilError
from vigil.profiles import Profile, merge, profile, sampled
from vigil.profiles.sampled import KEPT, Sample
from vigil.records import HASH_COLUMN, Column
from vigil.table import hashing

COLUMNS = (
    Column("id", "category", role="key"),
    Column("city", "category"),
    Column("street", "category"),
    Column("size", "number"),
)


def table(ids: list[int]) -> pa.Table:
    """Make one row for each id, which alone says what is in it, with the table's hash."""
    made = pa.table(
        {
            "id": pa.array([f"{one}" for one in ids], pa.string()),
            "city": pa.array([None if one % 11 == 0 else f"c{one % 7}" for one in ids], pa.string()),
            "street": pa.array([f"s{one * one % 2003}" for one in ids], pa.string()),
            "size": pa.array([one / 8 for one in ids], pa.float64()),
        }
    )
    hashes = hashing.row_hashes(made, [column.name for column in COLUMNS])
    return made.append_column(HASH_COLUMN, hashing.to_column(hashes))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 5000), max_size=700, unique=True),
    st.randoms(use_true_random=False),
    st.integers(1, 6),
)
def test_any_split_in_any_order_gives_the_same_bytes(drawn: list[int], random: object, parts: int) -> None:
    """Shuffled, split and merged in a tree, rows with hashes give the bytes of one pass, sample included."""
    whole = profile(table(drawn), COLUMNS)
    shuffled = list(drawn)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    split = [profile(table(shuffled[part::parts]), COLUMNS) for part in range(parts)]
    tree = merge([merge(split[2:]), merge(split[:2])])
    assert merge(split).to_bytes() == merge(split[::-1]).to_bytes() == tree.to_bytes() == whole.to_bytes()
    assert len(whole.sample.hashes) == min(KEPT, len(drawn))
    assert Profile.from_json(json.loads(json.dumps(whole.to_json()))) == whole


def test_the_rows_of_lowest_hash_are_kept_with_their_cells() -> None:
    """Each kept row has its own cells; keys and numbers are left out."""
    ids = list(range(3000))
    sample = profile(table(ids), COLUMNS).sample
    words = hashing.from_column(table(ids).column(HASH_COLUMN))[:, 1]
    lowest = np.argsort(words)[:KEPT]
    assert sample.hashes == tuple(words[lowest].tolist())
    assert [name for name, _ in sample.cells] == ["city", "street"]
    assert sample.of("street") == tuple(f"s{one * one % 2003}" for one in lowest.tolist())
    assert sample.of("id") == sample.of("size") == ()


def test_the_sample_is_uniform() -> None:
    """Of two hundred samples the mean share of a level is that of the rows."""
    seen = []
    for start in range(0, 200_000, 1000):
        cells = profile(table(list(range(start, start + 1000))), COLUMNS).sample.of("city")
        seen.append(sum(cell == "c3" for cell in cells) / len(cells))
    assert np.mean(seen) == pytest.approx(10 / 11 / 7, abs=0.01)


def test_rows_that_repeat_count_once() -> None:
    """A row that comes thousands of times does not fill the sample."""
    rows = table([5] * 5000 + list(range(200)))
    assert profile(rows, COLUMNS).sample == profile(table(list(range(200))), COLUMNS).sample
    assert len(profile(table([5] * 5000), COLUMNS).sample.hashes) == 1


def test_two_rows_with_one_hash_leave_the_lower_cells() -> None:
    """Where a mended row has another's hash, the order of merging does not choose between them."""
    one, other = (Sample((7,), (("city", (cell,)),)) for cell in ("b", "a"))
    none = Sample((7,), (("city", (None,)),))
    assert sampled.merged([one, other]) == sampled.merged([other, one]) == other
    assert sampled.merged([one, none, other]) == none


def test_a_column_that_some_rows_lack_is_missing_in_them() -> None:
    """Merged with rows of a contract before, the newer column has no cell in the sample's older rows."""
    old = profile(table([1]), [column for column in COLUMNS if column.name != "street"])
    new = profile(table([2]), COLUMNS)
    both = merge([old, new]).sample
    assert sorted(both.of("street"), key=str) == [None, "s4"]
    assert both == merge([new, old]).sample


def test_rows_without_hashes_and_rows_of_numbers_are_not_sampled() -> None:
    """No hash, no category, no row: no sample; merged with others, these are all that is known."""
    rows = table([1, 2, 3])
    plain = profile(rows.drop_columns([HASH_COLUMN]), COLUMNS)
    assert plain.sample == profile(rows, COLUMNS[3:]).sample == profile(table([]), COLUMNS).sample == Sample()
    assert merge([plain, profile(table([9]), COLUMNS)]).sample == profile(table([9]), COLUMNS).sample


def test_a_profile_of_the_format_before_is_read_and_merged() -> None:
    """Written before rows were sampled, it has all its counts; formats that never were are refused."""
    made = profile(table(list(range(40))), COLUMNS)
    before = made.to_json()
    del before["sample"]
    before["format"] = 4
    old = Profile.from_json(json.loads(json.dumps(before)))
    assert old.columns == made.columns
    assert old.sample == Sample()
    assert merge([old, profile(table([50]), COLUMNS)]).rows == 41
    with pytest.raises(VigilError, match="another format"):
        Profile.from_json(before | {"format": 3})
    damaged = made.to_json()
    damaged["sample"]["columns"][0]["codes"][0] = 99
    with pytest.raises(VigilError, match="damaged"):
        Profile.from_json(damaged)
