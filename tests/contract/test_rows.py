"""A request's rows, typed as a file's would be."""

import math
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.contract.columns import typed
from vigil.contract.rows import RowReader
from vigil.errors import ServiceError
from vigil.records import Column
from vigil.serving.coded import array

COLUMNS = (
    Column("size", "number", minimum=0.0, maximum=100.0),
    Column("region", "category"),
    Column("at", "date"),
    Column("said", "text"),
)
GOOD = {"size": 5, "region": "north", "at": "2024-04-03", "said": "hello"}


def test_a_good_row_has_no_warning():
    """Numbers and dates come as floats, the rest as objects."""
    arrays, warnings = RowReader(COLUMNS).rows([GOOD])
    assert warnings == {}
    assert {name: array.dtype.kind for name, array in arrays.items()} == {
        "size": "f",
        "region": "O",
        "at": "f",
        "said": "O",
    }
    assert {name: array[0] for name, array in arrays.items()} == {**GOOD, "at": 1_712_102_400.0}


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        ({"size": "abc"}, "'size' is not a number"),
        ({"size": math.inf}, "'size' is not a finite number"),
        ({"size": 10**400}, "'size' is not a finite number"),
        ({"size": [1]}, "'size' is not a number"),
        ({"size": None}, "'size' is missing"),
        ({"size": -1}, "'size' is out of range: below minimum 0"),
        ({"size": "1,000"}, "'size' is out of range: above maximum 100"),
        ({"region": "?"}, "'region' is missing"),
        ({"region": {"a": 1}}, "'region' is not a single value"),
        ({"region": "moon"}, "'region' is a level never seen in training"),
        ({"at": "soon"}, "'at' is not a date"),
        ({"at": "03/04/2024"}, "'at' is ambiguous: day and month cannot be told apart"),
        ({"other": 1}, "'other' is not a column of the model and was ignored"),
    ],
)
def test_each_bad_cell_is_one_warning(change, warning):
    """The row is answered all the same."""
    arrays, warnings = RowReader(COLUMNS, {"region": {"north"}}).rows([{**GOOD, **change}, GOOD])
    assert warnings == {0: [warning]}
    assert len(arrays["size"]) == 2


def test_an_absent_field_is_missing():
    """A field that is not sent counts as one without a value."""
    arrays, warnings = RowReader(COLUMNS[:2]).rows([{"size": 1}])
    assert arrays["region"].tolist() == [None]
    assert warnings == {0: ["'region' is missing"]}


def test_expected_fields_are_passed_over():
    """A key or a target in a request is no mistake."""
    _, warnings = RowReader(COLUMNS, expected={"customer"}).rows([{**GOOD, "customer": "7"}])
    assert warnings == {}


def test_columns_give_the_same_as_rows():
    """Both shapes of a request are typed alike."""
    rows = [{**GOOD, "size": value, "extra": 1} for value in (1, "x", None, "5%")]
    data = {name: [row[name] for row in rows] for name in rows[0]}
    by_rows, by_columns = RowReader(COLUMNS).rows(rows), RowReader(COLUMNS).columns(data)
    assert by_rows[1] == by_columns[1]
    for name, found in by_rows[0].items():
        np.testing.assert_array_equal(found, by_columns[0][name])


def test_columns_of_different_lengths_are_turned_away():
    """Nobody can say which rows are meant."""
    with pytest.raises(ServiceError, match="differ in length"):
        RowReader(COLUMNS).columns({"size": [1, 2], "region": ["a"]})


def test_no_rows_give_empty_arrays():
    """An empty request is answered with nothing."""
    arrays, warnings = RowReader(COLUMNS).columns({})
    assert warnings == {}
    assert {array.shape for array in arrays.values()} == {(0,)}


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.floats(),
    st.text(max_size=5),
    st.floats(allow_nan=False).map(repr),
    st.sampled_from(["1,5", "1,234", "12%", " 7", "NA", "2024-04-03 10:30", "3.4.2024", "13/01/2024", "1.0"]),
)


@settings(max_examples=300, deadline=None)
@given(SCALARS)
def test_a_request_reads_a_cell_as_a_file_does(value):
    """Text as in a CSV file, native values as in a Parquet file: the same value comes out."""
    columns = [Column("x", kind) for kind in ("number", "category", "date", "text")]
    for column in columns:
        found = RowReader([column]).rows([{"x": value}])[0]["x"]
        answer = typed(pa.chunked_array([pa.array([value])]), column.kind).values
        if column.kind == "date":
            expected = answer.cast(pa.int64()).to_numpy(zero_copy_only=False).astype(float) / 1e6
        else:
            expected = answer.to_numpy(zero_copy_only=False)
        missing = np.array([None if item is None else item for item in expected], dtype=found.dtype)
        np.testing.assert_array_equal(found, missing)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.fixed_dictionaries({}, optional={c.name: SCALARS for c in COLUMNS}), max_size=4))
def test_one_row_alone_is_read_like_one_of_many(rows):
    """The way for a single row and the way for whole columns give the same cells and the same words."""
    reader = RowReader(COLUMNS, {"region": {"north", "1"}})
    arrays, warnings = reader.rows(rows)
    for place, row in enumerate(rows):
        cells, said = reader.one(row)
        assert said == warnings.get(place, [])
        for name, cell in cells.items():
            many = array(arrays[name])
            np.testing.assert_array_equal(np.array([cell], dtype=many.dtype), many[[place]])


@pytest.mark.parametrize(
    ("act", "absent"),
    [
        ("import vigil.contract.rows", "pyarrow pandas sklearn matplotlib"),
        ("import vigil.contract, vigil.intake; vigil.intake.suffixes()", "numpy pyarrow pandas sklearn"),
    ],
)
def test_light_processes_stay_light(act, absent):
    """Typing a request needs no Arrow; looking for new files and reading the contract not even numpy."""
    code = f"import sys; {act}; print([name for name in {absent.split()!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
