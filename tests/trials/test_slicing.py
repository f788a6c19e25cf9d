"""Slices of rows by the values of a column."""

from __future__ import annotations

import pyarrow as pa

from vigil.trials import slicing

TABLE = pa.table({"region": ["n"] * 60 + ["s"] * 70 + ["w"] * 5 + [None] * 60, "size": [1.0] * 195})


def test_large_enough_values_are_slices() -> None:
    """Values with enough rows, largest first; missing cells and unknown columns are none."""
    found = slicing.masks(TABLE, ["region", "absent"])
    assert list(found) == ["region = s", "region = n"]
    assert [int(rows.sum()) for rows in found.values()] == [70, 60]


def test_a_slice_is_found_again_by_its_name() -> None:
    """A name leads to the same rows, of numbers too; of a column that is gone to none."""
    (name,) = slicing.masks(TABLE, ["size"])
    assert slicing.masked(TABLE, name).all()
    assert not slicing.masked(TABLE, "absent = 1").any()
    assert slicing.masked(TABLE, "region = w").sum() == 5
