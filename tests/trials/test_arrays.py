from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from vigil.records import Column, Contract
from vigil.trials import arrays

COLUMNS = (
    Column("size", "number"),
    Column("colour", "category"),
    Column("note", "text"),
    Column("day", "date"),
)
TABLE = pa.table(
    {
        "size": pa.array([1.5, None], pa.float64()),
        "colour": pa.array(["red", None], pa.string()),
        "note": pa.array([None, "hello"], pa.string()),
        "day": pa.array([datetime(1970, 1, 2, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
        "kind": pa.array(["b", None], pa.string()),
        "price": pa.array([2.0, None], pa.float64()),
    }
)


def contract(task, target, classes=()):
    """Return a contract of one target."""
    kind = "number" if task == "regression" else "category"
    return Contract(
        1, task, (*COLUMNS, Column(target, kind, role="target")), classes, classes[0] if classes else ""
    )


def test_each_kind_has_its_array():
    """Numbers and dates are floats with NaN for missing, the others objects with None."""
    found = arrays.features(TABLE, COLUMNS)
    assert {name: array.dtype for name, array in found.items()} == {
        "size": np.float64,
        "colour": object,
        "note": object,
        "day": np.float64,
    }
    assert found["size"][0] == 1.5
    assert np.isnan(found["size"][1])
    assert found["day"][0] == 86_400
    assert np.isnan(found["day"][1])
    assert (found["colour"].tolist(), found["note"].tolist()) == (["red", None], [None, "hello"])


def test_a_column_that_is_not_there_is_missing_throughout():
    """A batch from before a column was added has no value in it."""
    found = arrays.features(TABLE.select(["size"]), COLUMNS)
    assert np.isnan(found["day"]).all()
    assert found["colour"].tolist() == [None, None]


def test_classes_are_places_in_the_order_given():
    """A class's number is its place; a row without a label is marked and holds 0."""
    truth, known = arrays.labels(TABLE, contract("binary", "kind", ("a", "b")), ("b", "a"))
    assert (truth.tolist(), known.tolist(), truth.dtype) == ([0, 0], [True, False], np.int64)
    truth, _ = arrays.labels(TABLE, contract("binary", "kind", ("a", "b")), ("a", "b"))
    assert truth.tolist() == [1, 0]


def test_a_class_of_another_contract_counts_as_no_label():
    """A label that the contract does not know is no label."""
    _, known = arrays.labels(TABLE, contract("binary", "kind", ("x", "y")), ("x", "y"))
    assert known.tolist() == [False, False]


def test_a_regression_has_floats():
    """A target of numbers comes as floats."""
    truth, known = arrays.labels(TABLE, contract("regression", "price"), ())
    assert (truth.tolist(), known.tolist(), truth.dtype) == ([2.0, 0.0], [True, False], np.float64)


def test_no_rows_give_empty_arrays():
    """An empty table has arrays of its kinds and no rows."""
    found = arrays.features(TABLE.slice(0, 0), COLUMNS)
    assert {len(array) for array in found.values()} == {0}
