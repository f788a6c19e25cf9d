from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.serving.coded import Coded, array
from vigil.serving.readers import LARGEST, Levels, Steps, bounded

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


def test_levels_tell_missing_from_unseen() -> None:
    """Known levels come first, then missing, then anything else; an empty string is a string."""
    reader = Levels.of("x", ("a", "b"))
    assert reader.read(np.array(["b", None, "", "a", "c"], dtype=object)).tolist() == [1, 2, 3, 0, 3]


def test_levels_are_read_by_their_codes_too() -> None:
    """Coded cells have the codes that the same cells have as objects, whole and in part."""
    reader = Levels.of("x", ("a", "b"))
    coded = Coded(("c", None, "b", "a", ""), np.array([3, 1, 2, 0, 4, 3], dtype=np.uint8))
    assert coded.tolist() == ["a", None, "b", "c", "", "a"]
    assert array(coded).tolist() == coded.tolist()
    assert reader.read(coded).tolist() == reader.read(array(coded)).tolist()
    assert reader.read(coded[1:4]).tolist() == [2, 1, 3]


def test_steps_close_on_the_right() -> None:
    """A number at an edge belongs to the step below it."""
    reader = Steps("x", np.array([1.0, 2.0]))
    assert reader.read(np.array([0.0, 1.0, 1.5, 2.0, 9.0, np.nan])).tolist() == [0, 0, 1, 1, 2, 3]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), max_size=6, unique=True), st.lists(NUMBERS, min_size=1, max_size=8))
def test_one_cell_reads_like_many(edges: list[float], cells: list[float]) -> None:
    """The path for one cell gives the code that the path for a column gives."""
    reader = Steps("x", np.array(sorted(edges)))
    assert reader.read(np.array(cells)).tolist() == [reader.read_one(cell) for cell in cells]


def test_numbers_are_bounded_and_missing_stays_missing() -> None:
    """Infinities and overflowing numbers become the largest number; NaN stays."""
    out = bounded(np.array([np.inf, -1e308, 3.0, np.nan]))
    np.testing.assert_array_equal(out, [LARGEST, -LARGEST, 3.0, np.nan])
