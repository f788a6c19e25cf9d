"""Row hashes: the same on every machine and for ever."""

import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.errors import TableError
from vigil.table import hashing
from vigil.table.hashing import row_hashes

GOLDEN = pa.table(
    {
        "id": ["a", "ü", None, ""],
        "wage": [0.0, -1.5, None, 1e300],
        "when": pa.array(
            [datetime(1970, 1, 1, tzinfo=UTC), datetime(2024, 2, 29, 12, tzinfo=UTC), None, None],
            pa.timestamp("us", "UTC"),
        ),
    }
)


def test_golden_values() -> None:
    """These hashes decide which rows are held out; they may never change."""
    found = [[f"{word:016x}" for word in row] for row in row_hashes(GOLDEN, ["id", "wage", "when"])]
    assert found == EXPECTED


EXPECTED = [
    ["acc02729da4d9cb3", "cc6140b91d3991c3"],
    ["0a567e67e037036a", "610d03bb4aedafae"],
    ["f2faee861257d80c", "450231d9f8340710"],
    ["338f6634373ae391", "c9c48dae789f441a"],
]

cells = st.fixed_dictionaries(
    {
        "a": st.none() | st.floats(allow_nan=False),
        "b": st.none() | st.text(max_size=4),
        "c": st.none() | st.integers(0, 3).map(float),
    }
)
SCHEMA = pa.schema([("a", pa.float64()), ("b", pa.string()), ("c", pa.float64())])


@settings(max_examples=60, deadline=None)
@given(st.lists(cells, min_size=1, max_size=20), st.permutations(["a", "b", "c"]), st.integers(0, 20))
def test_layout_does_not_matter(rows: list[dict[str, object]], order: list[str], cut: int) -> None:
    """Column order, chunks, offsets, string width and dictionaries leave the hashes alone."""
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    plain = row_hashes(table, ["a", "b", "c"])
    chunked = pa.concat_tables([table.slice(0, cut), table.slice(cut)])
    wide = chunked.set_column(1, "b", chunked.column("b").cast(pa.large_string()))
    coded = table.set_column(1, "b", table.column("b").dictionary_encode())
    assert (row_hashes(wide.select(order), order) == plain).all()
    assert (row_hashes(coded, order) == plain).all()
    assert (row_hashes(table.slice(1), order) == plain[1:]).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(cells, max_size=30))
def test_equal_hashes_mean_equal_cells(rows: list[dict[str, object]]) -> None:
    """Rows have the same hash exactly when all their cells are equal."""
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    hashes = [tuple(row) for row in row_hashes(table, ["a", "b", "c"])]
    contents = [(row["a"], row["b"], row["c"]) for row in rows]
    assert len(set(hashes)) == len(set(contents))


def test_values_do_not_wander_between_columns() -> None:
    """Swapped cells, and a missing cell in another column, give other hashes."""
    table = pa.table({"a": ["x", "y", None, "x"], "b": ["y", "x", "x", None]})
    assert len(np.unique(row_hashes(table, ["a", "b"]), axis=0)) == 4


def test_zero_has_one_hash_and_whole_numbers_are_numbers() -> None:
    """Minus zero is zero, and a column of integers hashes as the same numbers."""
    table = pa.table({"a": [0.0, -0.0, 3.0]})
    hashes = row_hashes(table, ["a"])
    assert (hashes[0] == hashes[1]).all()
    assert (row_hashes(pa.table({"a": [0, 0, 3]}), ["a"]) == hashes).all()


def test_a_column_of_nulls_equals_missing_cells() -> None:
    """A column without any value hashes as missing, whatever type it was given."""
    empty = row_hashes(pa.table({"a": pa.nulls(2)}), ["a"])
    assert (row_hashes(pa.table({"a": pa.nulls(2, pa.string())}), ["a"]) == empty).all()
    assert (row_hashes(pa.table({"a": pa.nulls(2, pa.float64())}), ["a"]) == empty).all()


def test_repeated_strings_hash_as_single_ones() -> None:
    """That each distinct string is hashed once where strings repeat is not seen in the hashes."""
    names = [None if number % 7 == 0 else f"level {number % 5}" for number in range(3000)]
    whole = row_hashes(pa.table({"a": names}), ["a"])
    assert (row_hashes(pa.table({"a": names[:5]}), ["a"]) == whole[:5]).all()
    assert (whole[35:] == whole[:-35]).all()


def test_sides_have_their_shares() -> None:
    """A fifth is held out, half of it for choosing, and more holdout never frees a row."""
    hashes = row_hashes(pa.table({"id": [str(number) for number in range(100_000)]}), ["id"])
    counts = np.bincount(hashing.side(hashes, 0.2))
    assert counts / 100_000 == pytest.approx([0.8, 0.1, 0.1], abs=0.006)
    assert hashing.shares(hashes).mean() == pytest.approx(0.5, abs=0.005)
    smaller, larger = hashing.side(hashes, 0.1), hashing.side(hashes, 0.2)
    assert (larger[smaller > 0] == smaller[smaller > 0]).all()


@pytest.mark.parametrize("change", [1e-9, 1.0, 2.0**40])
def test_nearby_numbers_have_far_hashes(change: float) -> None:
    """A small step in a number turns half of the bits, in both words."""
    values = np.arange(1000) + 0.5
    left = row_hashes(pa.table({"a": values}), ["a"])
    right = row_hashes(pa.table({"a": values + change}), ["a"])
    assert np.bitwise_count(left ^ right).mean() == pytest.approx(32, abs=0.6)


def test_stored_hashes_come_back() -> None:
    """Hashes written to a column, sliced and chunked, are read as they were."""
    hashes = row_hashes(pa.table({"a": np.arange(10.0)}), ["a"])
    column = pa.chunked_array([hashing.to_column(hashes[:4]).slice(1), hashing.to_column(hashes[4:])])
    assert (hashing.from_column(column) == hashes[1:]).all()


def test_a_missing_column_is_named() -> None:
    """Asking for a column that is not there says so."""
    with pytest.raises(TableError, match="no column z"):
        row_hashes(GOLDEN, ["id", "z"])


def test_another_process_gives_the_same_hashes() -> None:
    """The hash does not depend on Python's own hash seed."""
    code = (
        "import pyarrow as pa; from vigil.table.hashing import row_hashes;"
        "print(row_hashes(pa.table({'b': ['x', 'y'], 'a': [1.0, 2.0]}), ['b', 'a']).tolist())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1
