"""Profiles of tables: exactly mergeable, small, and right."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.errors import ContractError, VigilError
from vigil.profiles import Profile, codec, measure, merge, of_parquet, profile, sampled, summary
from vigil.records import HASH_COLUMN, Column
from vigil.table import hashing

COLUMNS = (
    Column("wage", "number"),
    Column("city", "category"),
    Column("when", "date"),
    Column("note", "text"),
)


def moment(microseconds: int) -> datetime:
    """Return a moment between 1898 and 2255."""
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)


cell = {
    "wage": st.none() | st.floats(allow_nan=False, width=64),
    "city": st.none() | st.text(max_size=3),
    "when": st.none() | st.integers(-(2**51), 2**53).map(moment),
    "note": st.none() | st.text(max_size=8),
}
rows = st.lists(st.fixed_dictionaries(cell), max_size=25)

SCHEMA = pa.schema(
    [
        ("wage", pa.float64()),
        ("city", pa.string()),
        ("when", pa.timestamp("us", "UTC")),
        ("note", pa.string()),
    ]
)


@settings(max_examples=60, deadline=None)
@given(rows, st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_split_in_any_order_gives_the_same_bytes(
    drawn: list[dict[str, object]], random: object, parts: int
) -> None:
    """Shuffled, split and merged in a tree, rows give the bytes of one pass."""
    whole = profile(pa.Table.from_pylist(drawn, schema=SCHEMA), COLUMNS)
    shuffled = list(drawn)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    split = [
        profile(pa.Table.from_pylist(shuffled[part::parts], schema=SCHEMA), COLUMNS) for part in range(parts)
    ]
    tree = merge([merge(split[:2]), merge(split[2:])])
    assert merge(split).to_bytes() == merge(split[::-1]).to_bytes() == whole.to_bytes()
    assert tree.to_bytes() == whole.to_bytes()


@settings(max_examples=40, deadline=None)
@given(rows)
def test_json_brings_the_profile_back(drawn: list[dict[str, object]]) -> None:
    """Written as JSON and read again, a profile is equal."""
    made = profile(pa.Table.from_pylist(drawn, schema=SCHEMA), COLUMNS)
    assert Profile.from_json(json.loads(json.dumps(made.to_json()))) == made


def big(size: int, columns: int) -> tuple[pa.Table, list[Column]]:
    """Draw a table with numbers of several shapes and categories of 3 to 200 levels."""
    rng = np.random.default_rng(0)
    cells: dict[str, object] = {}
    kinds = []
    for place in range(columns):
        if place % 3 == 2:
            cells[f"c{place}"] = rng.integers(0, [3, 40, 200][place % 9 // 3], size).astype(str)
            kinds.append(Column(f"c{place}", "category"))
        else:
            cells[f"n{place}"] = rng.normal(size=size) if place % 2 else rng.lognormal(3, 1, size).round(2)
            kinds.append(Column(f"n{place}", "number"))
    return pa.table(cells), kinds


def test_a_wide_profile_is_small() -> None:
    """The bytes of 25 columns stay within 64 KB."""
    table, columns = big(100_000, 25)
    assert len(profile(table, columns).to_bytes()) <= 65_536


def test_a_wide_profile_with_many_levels_is_small() -> None:
    """So do those of a table whose rows carry their hashes, with two columns of thousands of levels."""
    table, columns = big(100_000, 23)
    random = np.random.default_rng(1)
    for name in ("street", "town"):
        table = table.append_column(name, pa.array([f"{name} {n}" for n in random.zipf(1.3, 100_000) % 9000]))
        columns.append(Column(name, "category"))
    hashes = hashing.to_column(random.integers(0, 2**63, (100_000, 2)).astype(np.uint64))
    made = profile(table.append_column(HASH_COLUMN, hashes), columns, {})
    assert len(made.sample.hashes) == sampled.KEPT
    assert len(made.to_bytes()) <= 65_536


def test_columns_at_the_same_time_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """Many rows are summarised by several threads, of a table or of a file, as few rows are by one."""
    table, columns = big(5000, 25)
    alone = profile(table, columns).to_bytes()
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=1000)
    monkeypatch.setattr(measure, "_MANY", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert profile(table, columns).to_bytes() == alone
    assert of_parquet(tmp_path / "rows.parquet", columns).to_bytes() == alone


def test_the_summary_is_that_of_numpy() -> None:
    """Count, mean, deviation, extremes and median agree with the values themselves."""
    values = np.array([0.0, 3.0, -1.5, 3.0, np.inf, 8.25])
    levels = ["a", "b", "b", None, "a", "b", "c"]
    table = pa.table({"x": pa.array([*values, None], pa.float64()), "c": levels})
    made = profile(table, [Column("x", "number"), Column("c", "category")])
    found = {item["name"]: item for item in summary(made)}
    finite = values[np.isfinite(values)]
    x, c = found["x"], found["c"]
    assert (x["count"], x["missing"], x["zeros"], x["distinct"]) == (6, 1, 1, 4)
    assert (x["minimum"], x["maximum"], x["median"]) == (-1.5, 8.25, 3.0)
    assert x["mean"] == finite.mean()
    assert x["std"] == pytest.approx(finite.std(ddof=1), rel=1e-14)
    assert x["quantiles"]["0.25"] == np.quantile(finite, 0.25)
    assert (c["missing"], c["distinct"]) == (1, 3)
    assert c["most_frequent"] == [["b", 3], ["a", 2], ["c", 1]]
    assert c["mean"] is x["most_frequent"] is None


def test_an_empty_column_has_no_statistics() -> None:
    """No rows, or only missing cells: counts, and None for the rest, as valid JSON."""
    for cells in ([], [None, None]):
        made = profile(pa.table({"wage": pa.array(cells, pa.float64())}), COLUMNS)
        found = {item["name"]: item for item in summary(made)}
        assert found["wage"]["missing"] == found["note"]["missing"] == len(cells)
        assert found["wage"]["mean"] is None
        json.dumps(found, allow_nan=False)


def test_extreme_values_give_valid_json() -> None:
    """Values at both ends of the range of a float64 have a finite mean and spread, in JSON too."""
    made = profile(pa.table({"x": [1.7e308, -1.7e308, 1e-320]}), [Column("x", "number")])
    (found,) = json.loads(json.dumps(summary(made), allow_nan=False))
    assert (found["minimum"], found["median"], found["maximum"]) == (-1.7e308, 1e-320, 1.7e308)
    assert found["mean"] == pytest.approx(0, abs=1e-300)
    assert found["std"] == pytest.approx(1.7e308)
    assert found["quantiles"]["0.25"] == -found["quantiles"]["0.75"] == -8.5e307


def test_a_column_that_came_later_is_missing_before() -> None:
    """Rows of a batch without the column count as missing, in either order of merging."""
    old = profile(pa.table({"a": [1.0, 2.0]}), [Column("a", "number")])
    new = profile(pa.table({"a": [3.0], "b": ["x"]}), [Column("a", "number"), Column("b", "category")])
    both = merge([old, new])
    assert both == merge([new, old])
    column = both.column("b")
    assert column is not None
    assert (column.rows, column.missing) == (3, 2)


def test_a_column_of_two_kinds_is_refused() -> None:
    """Profiles that disagree about a column's kind are not added."""
    number = profile(pa.table({"a": [1.0]}), [Column("a", "number")])
    text = profile(pa.table({"a": ["1"]}), [Column("a", "category")])
    with pytest.raises(ContractError, match="column a is a category and a number"):
        merge([number, text])


def test_damaged_json_is_refused() -> None:
    """Content that is no profile is an error in words."""
    with pytest.raises(VigilError, match="damaged"):
        Profile.from_json({"format": codec.FORMAT, "rows": 1, "columns": [{}]})
    with pytest.raises(VigilError, match="another format"):
        Profile.from_json({"format": 0})


def test_another_process_gives_the_same_bytes() -> None:
    """The bytes do not depend on the process or its hash seed."""
    code = (
        "import hashlib, pyarrow as pa; from vigil.profiles import profile; from vigil.records import Column;"
        "t = pa.table({'a': [str(i % 400) for i in range(999)], 'b': [i / 7 for i in range(999)]});"
        "p = profile(t, [Column('a', 'category'), Column('b', 'number')]);"
        "print(hashlib.sha256(p.to_bytes()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_reading_a_profile_needs_no_heavy_library() -> None:
    """Reading a profile and its summary imports neither pyarrow nor pandas."""
    code = (
        "import sys, vigil.profiles as p; p.summary(p.Profile(0, ()));"
        "assert not {'pyarrow', 'pandas', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
