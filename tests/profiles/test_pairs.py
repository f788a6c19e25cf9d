"""How numbers go together, by their quarters: exact in any order, and right."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.profiles import Profile, correlations, merge, pairs, profile
from vigil.records import Column

NAMES = ("a", "b", "c")
COLUMNS = tuple(Column(name, "number") for name in NAMES)
CUTS = {"a": (-1.0, 0.0, 2.5), "b": (0.0,), "c": (1.0, 1e300)}

cell = st.none() | st.floats(allow_nan=False, width=64) | st.sampled_from([-1.0, 0.0, 1.0, 2.5])
rows = st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, cell)), max_size=150)
SCHEMA = pa.schema([(name, pa.float64()) for name in NAMES])


def table(drawn: list[dict[str, object]]) -> pa.Table:
    """Return drawn rows as a table."""
    return pa.Table.from_pylist(drawn, schema=SCHEMA)


@settings(max_examples=60, deadline=None)
@given(rows, st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_split_in_any_order_gives_the_same_bytes(drawn, random, parts: int) -> None:
    """Shuffled, split, merged in a tree and read back from JSON, rows give the bytes of one pass."""
    whole = profile(table(drawn), COLUMNS, CUTS)
    shuffled = list(drawn)
    random.shuffle(shuffled)
    split = [profile(table(shuffled[part::parts]), COLUMNS, CUTS) for part in range(parts)]
    tree = merge([merge(split[2:]), merge(split[:2])])
    assert merge(split).to_bytes() == tree.to_bytes() == whole.to_bytes()
    assert Profile.from_json(tree.to_json()) == whole


@settings(max_examples=60, deadline=None)
@given(rows)
def test_the_tables_are_those_of_counting_by_hand(drawn) -> None:
    """Each table holds the rows with both values, in the quarters that numpy puts them in."""
    found = pairs.count(table(drawn), CUTS).tables()
    assert list(found) == [("a", "b"), ("a", "c"), ("b", "c")]
    for (first, second), counted in found.items():
        both = [row for row in drawn if row[first] is not None and row[second] is not None]
        expected = np.zeros_like(counted)
        for row in both:
            expected[
                np.searchsorted(CUTS[first], row[first]), np.searchsorted(CUTS[second], row[second])
            ] += 1
        assert counted.tolist() == expected.tolist()


def test_blocks_of_rows_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than are held in bits at a time are counted all the same."""
    drawn = table([{"a": place % 7 - 3.0, "b": place % 5 - 2.0, "c": None} for place in range(1000)])
    whole = pairs.count(drawn, CUTS)
    monkeypatch.setattr(pairs, "BLOCK", 64)
    assert pairs.count(drawn, CUTS) == whole


def test_first_rows_choose_the_cuts_and_later_ones_keep_them() -> None:
    """A column is cut at its first quartiles for ever; a constant one once it varies."""
    first = profile(pa.table({"a": np.arange(101.0), "b": np.full(101, 7.0)}), COLUMNS[:2], {})
    assert first.pairs.cuts == (("a", (25.0, 50.0, 75.0)),)
    known = dict(first.pairs.cuts)
    second = profile(pa.table({"b": np.arange(5.0)}), COLUMNS[:2], known)
    assert dict(second.pairs.cuts) == {"a": (25.0, 50.0, 75.0), "b": (1.0, 2.0, 3.0)}
    assert merge([first, second]) == merge([second, first])
    assert merge([first, second]).pairs.counts == ((0,) * 16,)


def test_columns_that_were_cut_differently_do_not_add_up() -> None:
    """Whatever the order, a column of two cuts loses its tables for good; the other pairs stay."""
    drawn = table([{"a": 1.0 * k, "b": -1.0 * k, "c": float(k % 3)} for k in range(9)])
    ours, other = pairs.count(drawn, CUTS), pairs.count(drawn, {**CUTS, "a": (5.0,)})
    both = pairs.merged([ours, other])
    assert both == pairs.merged([other, ours])
    assert pairs.merged([both, ours]) == pairs.merged([pairs.merged([ours, ours]), other])
    assert list(both.tables()) == [("b", "c")]


def test_correlations_are_those_of_the_quarters() -> None:
    """A monotone curve has correlation 1, its mirror −1, noise about 0, and a constant column none."""
    random = np.random.default_rng(0)
    x = random.normal(size=4000)
    cells = {"a": x, "b": np.exp(-3 * x), "c": random.normal(size=4000)}
    found = correlations(profile(pa.table(cells), COLUMNS, {}).pairs)
    assert found["names"] == ["a", "b", "c"]
    assert found["matrix"][0][:2] == pytest.approx([1.0, -1.0], abs=1e-3)
    assert abs(found["matrix"][0][2]) < 0.05
    constant = pairs.count(pa.table({"a": np.full(9, 3.0), "b": x[:9], "c": x[:9]}), CUTS)
    assert correlations(constant)["matrix"][0] == [None, None, None]


def test_a_part_is_compared_with_the_rest() -> None:
    """The rest's correlations come from subtracted counts, and are those of its own rows."""
    random = np.random.default_rng(4)
    x = random.normal(size=300)
    before = pa.table({"a": x, "b": x + random.normal(size=300), "c": random.normal(size=300)})
    now = pa.table({"a": x, "b": -x, "c": random.normal(size=300)})
    parts = [pairs.count(table, CUTS) for table in (before, now)]
    first, *others = pairs.changes(pairs.merged(parts), parts[1])
    assert first[0] == ("a", "b")
    assert first[2] == pairs.correlation(parts[0].tables()["a", "b"])
    assert first[1] == pairs.correlation(parts[1].tables()["a", "b"])
    assert len(others) == 2


def test_normal_values_lose_a_tenth_of_their_correlation() -> None:
    """The quarters' correlation of normal values is about nine tenths of Spearman's."""
    random = np.random.default_rng(1)
    x, y = random.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 200_000).T
    found = correlations(profile(pa.table({"a": x, "b": y}), COLUMNS[:2], {}).pairs)["matrix"][0][1]
    assert 0.88 < found / 0.582 < 0.94


def test_25_columns_of_numbers_stay_within_64_kb() -> None:
    """With 300 tables of pairs the bytes of a wide profile stay small."""
    random = np.random.default_rng(0)
    cells = {f"n{place}": random.normal(size=100_000) for place in range(25)}
    made = profile(pa.table(cells), [Column(name, "number") for name in cells], {})
    assert len(made.pairs.counts) == 300
    assert len(made.to_bytes()) <= 65_536


def test_a_very_wide_table_counts_the_first_columns() -> None:
    """Beyond 32 columns the first by name are paired, those that have cuts before others."""
    cells = {f"n{place:02}": np.arange(9.0) for place in range(40)}
    columns = [Column(name, "number") for name in cells]
    found = profile(pa.table(cells), columns, {"n39": (4.0,)}).pairs
    assert len(found.names) == pairs.MOST
    assert found.names[-2:] == ("n30", "n39")
