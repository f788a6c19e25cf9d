"""A file against the contract."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vigil.contract import check
from vigil.errors import FileRefused
from vigil.intake import read
from vigil.records import Column, Contract

CONTRACT = Contract(
    version=1,
    task="binary",
    columns=(
        Column("firm", "category", "key", nullable=False),
        Column("size", "number", minimum=0.0, maximum=1000.0),
        Column("region", "category", levels=("north", "south")),
        Column("at", "date", "time"),
        Column("note", "text", "ignored", required=False),
        Column("left", "category", "target", required=False, levels=("0", "1")),
    ),
    classes=("0", "1"),
    positive="1",
)


def checked(tmp_path, text, contract=CONTRACT):
    """Write, read and check a file."""
    path = tmp_path / "may.csv"
    path.write_text(text)
    return check(contract, read(path))


def test_valid_rows_come_typed_in_the_contracts_order(tmp_path):
    """Column order in the file is free; unknown and ignored columns are left out."""
    found = checked(
        tmp_path, "left,extra,size,note,firm,region,at\n1.0,?,5,hello, a ,north,2024-04-03\n,x,,,b,,\n"
    )
    assert found.table.column_names == ["firm", "size", "region", "at", "left"]
    assert [str(kind) for kind in found.table.schema.types] == [
        "string",
        "double",
        "string",
        "timestamp[us, tz=UTC]",
        "string",
    ]
    assert [value for value in found.table.to_pylist()[0].values() if not hasattr(value, "year")] == [
        "a",
        5.0,
        "north",
        "1",
    ]
    assert (found.rows, found.quarantined, CONTRACT.labelled(found.table)) == (2, 0, 1)
    assert "ignored: extra" in found.notes[0]
    assert found.lines.tolist() == [2, 3]


def test_every_fault_of_every_row_is_listed(tmp_path):
    """File line, column, value and rule; a row with two faults has both."""
    text = (
        "firm,size,region,at,left\n"
        "a,5,north,2024-04-03,1\n"
        "b,abc,west,2024-02-30,0\n"
        ",-1,north,,1\n"
        "c,1e999,south,,0\n"
        "\n"
        "d,2000,south,,maybe\n"
        "e,1\n"
        ",,,,\n"
        "f,?,Unknown,-,NA\n"
    )
    found = checked(tmp_path, text)
    assert [(fault.line, fault.column, fault.value, fault.rule) for fault in found.faults] == [
        (3, "size", "abc", "not a number"),
        (3, "region", "west", "not one of the 2 allowed values"),
        (3, "at", "2024-02-30", "not a date"),
        (4, "firm", "", "missing key"),
        (4, "size", "-1", "below minimum 0"),
        (5, "size", "1e999", "not a finite number"),
        (7, "size", "2000", "above maximum 1000"),
        (7, "left", "maybe", "not one of the 2 known classes"),
        (8, "", "e,1", "has 2 cells where the header has 5"),
        (9, "firm", "", "missing key"),
    ]
    assert (found.rows, found.quarantined, CONTRACT.labelled(found.table)) == (8, 6, 1)
    assert found.lines.tolist() == [2, 10]
    assert found.table.column("firm").to_pylist() == ["a", "f"]


def test_a_row_without_any_value_is_quarantined(tmp_path):
    """Delimiters alone are no observation, also where nothing is required."""
    contract = Contract(
        1, "regression", (Column("a", "number"), Column("b", "number", "target", required=False))
    )
    found = checked(tmp_path, "a,b\n1,2\n,\n", contract)
    assert [(fault.line, fault.rule) for fault in found.faults] == [(3, "no cell has a value")]
    assert found.lines.tolist() == [2]


def test_limits_are_inclusive(tmp_path):
    """The smallest and the largest allowed value are allowed."""
    found = checked(tmp_path, "firm,size,region,at,left\na,0,north,,1\nb,1000,north,,1\n")
    assert found.faults == ()


def test_a_number_to_predict_has_a_square(tmp_path):
    """A target of 1e300, such as stands for a missing one, costs its row and not the tick."""
    contract = replace(CONTRACT, task="regression", classes=(), positive="")
    columns = (Column("size", "number"), Column("left", "number", "target", required=False))
    found = checked(tmp_path, "size,left\n1e300,-5\n2,1e300\n3,-1e300\n", replace(contract, columns=columns))
    assert [(fault.line, fault.column) for fault in found.faults] == [(3, "left"), (4, "left")]
    assert found.faults[0].rule == "too large a number to predict: beyond 1e+100"


def test_a_cell_that_cannot_be_read_is_not_missing_as_well(tmp_path):
    """One cell is one fault, also where a missing cell would be another."""
    columns = (Column("a", "number", nullable=False), Column("b", "number", "target"))
    found = checked(tmp_path, "a,b\nx,1\n,1\n2,1\n", Contract(1, "regression", columns))
    assert [(fault.line, fault.rule) for fault in found.faults] == [(2, "not a number"), (3, "missing")]


def test_a_missing_required_column_refuses_the_file(tmp_path):
    """The column is named, and the header it was probably renamed to."""
    with pytest.raises(FileRefused, match="'size'") as caught:
        checked(tmp_path, "firm,Sizes,region,at,left\na,1,north,,1\n")
    assert "'Sizes'" in caught.value.hint
    assert '"required": false in contract.json' in caught.value.hint


def test_a_missing_target_makes_the_rows_unlabelled(tmp_path):
    """Labels may come later; the column is there, and empty."""
    found = checked(tmp_path, "firm,size,region,at\na,1,north,\n")
    assert (CONTRACT.labelled(found.table), found.quarantined) == (0, 0)
    assert "lacks the optional columns left;" in found.notes[0]
    assert found.table.column("left").to_pylist() == [None]


def test_a_file_of_ragged_rows_alone_is_checked(tmp_path):
    """Nothing is left, and everything is said."""
    found = checked(tmp_path, "firm,size,region,at,left\na\nb\n")
    assert (found.table.num_rows, found.rows, found.quarantined) == (0, 2, 2)


def test_parquet_and_csv_agree(tmp_path):
    """Integer, float, truth or text: the canonical cells of both kinds of file are equal."""
    table = pa.table(
        {
            "firm": pa.array([1, 2, 3]),
            "size": pa.array([5, 6, None], pa.int16()),
            "region": pa.array(["north", "south", None]).dictionary_encode(),
            "at": pa.array([1_712_102_400, None, 0], pa.timestamp("s")),
            "left": pa.array([1.0, 0.0, float("nan")]),
        }
    )
    path = tmp_path / "may.parquet"
    pyarrow.parquet.write_table(table, path)
    text = "firm,size,region,at,left\n1.0,5,north,2024-04-03,1\n2,6.0,south,,0\n3,,,1970-01-01 00:00,\n"
    assert check(CONTRACT, read(path)).table.equals(checked(tmp_path, text).table)


def test_decimal_commas_are_read_by_the_file(tmp_path):
    """In a file whose other cells show decimal commas, 1,234 is a little more than one."""
    found = checked(tmp_path, "firm;size;region;at;left\na;1,234;north;;1\nb;0,5;north;;1\n")
    assert found.table.column("size").to_pylist() == [1.234, 0.5]


@pytest.mark.parametrize(("other", "size"), [("0,5", 1.234), ("0.5", 1234.0), ("5", 1.234)])
def test_columns_that_could_be_either_follow_the_rest_of_the_file(tmp_path, other, size):
    """The other columns decide, and then the delimiter."""
    columns = (Column("size", "number"), Column("rate", "number"), Column("left", "number", "target"))
    contract = Contract(1, "regression", columns)
    found = checked(tmp_path, f"size;rate;left\n1,234;{other};1\n", contract)
    assert found.table.column("size").to_pylist() == [size]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "", "b "]),
            st.sampled_from(["1", "x", "-5", "inf", "", "1e5"]),
            st.sampled_from(["north", "west", "?"]),
            st.sampled_from(["2024-01-01", "never", ""]),
            st.sampled_from(["1", "0.0", "2", ""]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_row_is_either_kept_or_quarantined_with_a_reason(tmp_path, rows):
    """Lines kept and lines with faults part the file's rows between them."""
    text = "firm,size,region,at,left\n" + "".join(",".join(row) + "\n" for row in rows)
    found = checked(tmp_path, text)
    faulty = {fault.line for fault in found.faults}
    assert faulty | set(found.lines.tolist()) == set(range(2, len(rows) + 2))
    assert not faulty & set(found.lines.tolist())
    assert found.quarantined == len(faulty)
    assert found.table.num_rows == found.lines.size
    sizes = found.table.column("size").to_numpy()
    assert not np.isinf(sizes).any()
