"""Whole columns typed as their cells are."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.contract import cells
from vigil.contract.columns import ARROW_TYPES, typed
from vigil.errors import FileRefused

WORDS = st.sampled_from(
    [*sorted(cells.MISSING), "1.0", "-0.0", "1.5", "1,5", "1,234", "1.234", "1.234,5", "12%",
     " 7 ", "\u00a07", "inf", "-nan",
     "1e400", "nan(2)", "2024-04-03", "2024-04-03T10:30", "2024-04-03 10:30:05.5Z",
     "3.4.2024", "2024-02-30", "0000-01-01",
     "03/04/2024", "13/04/2024", "Unknown ", "yes", "0x1", "1.00", "007", "\x1c1", "NA\n", "1\x85"]
)  # fmt: skip
NUMBERS = st.floats(allow_nan=False).map(repr) | st.integers(-(10**20), 10**20).map(str)
MOMENTS = (
    st.datetimes().map(str) | st.dates().map(str) | st.datetimes().map(lambda at: at.isoformat() + "+01:00")
)
CELLS = WORDS | NUMBERS | MOMENTS | st.text(max_size=6)


def faulty(answer, rows):
    """Return the rule of each row, empty where none is broken."""
    rules = [""] * rows
    for rule, mask in answer.faults.items():
        for row in np.flatnonzero(mask):
            rules[row] = rule
    return rules


@settings(max_examples=400, deadline=None)
@given(CELLS)
def test_a_column_of_one_cell_agrees_with_the_cell(text):
    """The vectorised and the single reading are one."""
    column = pa.chunked_array([[text]])
    for kind, read in (("number", cells.number), ("date", cells.moment)):
        value, rule = read(text)
        answer = typed(column, kind)
        assert faulty(answer, 1) == [rule], kind
        found = answer.values.cast(pa.int64() if kind == "date" else pa.float64())[0].as_py()
        missing = value is None or math.isnan(value)
        assert (found is None) if missing else (found == value)
    assert typed(column, "category").values.to_pylist() == [cells.level(text)]
    assert typed(column, "text").values.to_pylist() == [cells.text_of(text)]


@settings(max_examples=150, deadline=None)
@given(st.lists(CELLS, max_size=12))
def test_cells_of_a_column_do_not_disturb_each_other(texts):
    """Levels and texts are those of each cell; every cell is a value, missing, or a fault."""
    column = pa.chunked_array([pa.array(texts[:5], pa.string()), pa.array(texts[5:], pa.string())])
    assert typed(column, "category").values.to_pylist() == [cells.level(text) for text in texts]
    for kind in ("number", "date"):
        answer = typed(column, kind)
        rules = faulty(answer, len(texts))
        for text, rule, value in zip(texts, rules, answer.values.is_valid().to_pylist(), strict=True):
            assert value != (bool(rule) or cells.is_missing(text))


def test_a_column_tells_its_decimal_sign():
    """One cell that can only have a decimal comma decides for those that could have either."""
    assert typed(pa.chunked_array([["1,234", "0,5", "1.000"]]), "number").values.to_pylist() == [
        1.234,
        0.5,
        1000,
    ]
    assert typed(pa.chunked_array([["1,234", "0.5"]]), "number").values.to_pylist() == [1234, 0.5]
    assert typed(pa.chunked_array([["1,234"]]), "number", ",").values.to_pylist() == [1.234]


def test_a_column_tells_the_order_of_day_and_month():
    """One day above 12 decides for the others; contradicting evidence leaves them faulty."""
    column = pa.chunked_array([["03/04/2024", "13/04/2024"]])
    assert str(typed(column, "date").values[0]) == "2024-04-03 00:00:00+00:00"
    answer = typed(pa.chunked_array([["03/04/2024", "13/04/2024", "04/13/2024"]]), "date")
    assert faulty(answer, 3) == ["ambiguous: day and month cannot be told apart", "", ""]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (pa.array([1, None, 2**60]), "number", [1.0, None, float(2**60)]),
        (pa.array([1.5, float("nan")]), "number", [1.5, None]),
        (pa.array([True, False]), "number", [1.0, 0.0]),
        (pa.array([True, None]), "category", ["True", None]),
        (pa.array([1.0, 0.5]), "category", ["1", "0.5"]),
        (pa.array([1, 7], pa.int8()), "category", ["1", "7"]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), "category", ["a", "b", "a"]),
        (pa.array([" a "], pa.large_string()), "text", ["a"]),
        (pa.array([None, None]), "category", [None, None]),
        (pa.array([None], pa.null()), "number", [None]),
    ],
)
def test_native_cells_follow_the_contract(values, kind, expected):
    """Typed cells of a Parquet file become what the contract says."""
    answer = typed(pa.chunked_array([values]), kind)
    assert answer.values.type == ARROW_TYPES[kind]
    assert answer.values.to_pylist() == expected
    assert answer.faults == {}


def test_native_moments_are_brought_to_utc():
    """Days, naive and zoned timestamps become UTC microseconds."""
    when = [1_712_102_400]
    for kind in (pa.timestamp("s"), pa.timestamp("s", "Europe/Berlin"), pa.timestamp("ns")):
        column = pa.chunked_array([pa.array(when, pa.timestamp("s")).cast(kind)])
        assert typed(column, "date").values.cast(pa.int64()).to_pylist() == [1_712_102_400_000_000]
    assert faulty(typed(pa.chunked_array([[5]]), "date"), 1) == ["not a date"]


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_native_moments_of_no_year_are_faults(unit, zone):
    """A moment before the year 1 or after 9999 is no date, the last of each is, and none becomes another."""
    ends = [-62_135_596_801, -62_135_596_800, 253_402_300_799, 253_402_300_800, 9_000_000_000_000]
    steps = {"s": 1, "ms": 1_000, "us": 1_000_000}[unit]
    column = pa.chunked_array([pa.array([end * steps for end in ends], pa.timestamp(unit, zone))])
    answer = typed(column, "date")
    assert faulty(answer, 5) == ["not a date", "", "", "not a date", "not a date"]
    assert [moment and moment.year for moment in answer.values.to_pylist()] == [None, 1, 9999, None, None]
    days = pa.chunked_array([pa.array([0, 2**31 - 1], pa.date32())])
    assert faulty(typed(days, "date"), 2) == ["", "not a date"]


def test_infinite_native_numbers_are_faults():
    """An infinity in a Parquet file breaks the same rule as one in text."""
    assert faulty(typed(pa.chunked_array([[1.0, math.inf]]), "number"), 2) == ["", "not a finite number"]


def test_nested_cells_are_refused():
    """A list is not a value."""
    with pytest.raises(FileRefused, match="only single values"):
        typed(pa.chunked_array([[[1]]]), "number")
