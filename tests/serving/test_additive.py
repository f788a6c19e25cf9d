from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vigil.serving.additive import Additive, Knots, Table
from vigil.serving.readers import Levels, bounded


def model() -> Additive:
    """Return a curve through (0, 0), (1, 10), (3, 20), and two levels."""
    curve = Knots("x", np.array([0.0, 1.0, 3.0]), np.array([[0.0], [10.0], [20.0]]))
    table = Table(Levels.of("c", ("a", "b")), np.array([[1.0], [2.0], [3.0], [4.0]]))
    return Additive.of(np.array([100.0]), [curve, table])


CASES = [
    (0.5, "a", 106.0),
    (2.0, "b", 117.0),
    (3.0, None, 123.0),
    (-9.0, "new", 104.0),
    (1e300, "a", 121.0),
    (np.nan, "a", 101.0),
]


def test_columns_add_up() -> None:
    """Linear between knots, constant beyond, nothing for a missing number; levels by table."""
    columns = {
        "x": np.array([case[0] for case in CASES]),
        "c": np.array([case[1] for case in CASES], dtype=object),
    }
    np.testing.assert_allclose(model().raw(columns)[:, 0], [case[2] for case in CASES])


def test_one_row_adds_up_alike() -> None:
    """The quick path for a row of plain values gives the same sums; an absent column is missing."""
    for x, level, expected in CASES:
        np.testing.assert_allclose(model().raw_one({"x": x, "c": level}), [expected])
    np.testing.assert_allclose(model().raw_one({}), [103.0])


_KNOTS = st.lists(
    st.integers(-(10**8), 10**8).map(lambda n: n / 64), min_size=1, max_size=9, unique=True
).map(sorted)


@given(st.lists(_KNOTS, min_size=1, max_size=4), st.integers(1, 3), st.integers(0, 2**32))
def test_all_columns_at_once_are_numpys_own_interpolation(
    columns: list[list[float]], outputs: int, seed: int
) -> None:
    """To the last bit, on the knots, between and beyond them, missing cells, many rows and one included."""
    random = np.random.default_rng(seed)
    made = [
        Knots(str(place), np.array(knots), random.normal(size=(len(knots), outputs)))
        for place, knots in enumerate(columns)
    ]
    odd = [np.nan, 1e300, -1e300, np.inf, *itertools.chain(*columns)]
    cells = {column.name: np.concatenate([odd, random.normal(0, 1e6, 1500)]) for column in made}
    expected = np.tile(np.arange(outputs, dtype=float), (len(odd) + 1500, 1))
    for column in made:
        given_cells = bounded(cells[column.name])
        for output in range(outputs):
            share = np.interp(given_cells, column.knots, column.values[:, output])
            expected[:, output] += np.where(np.isnan(given_cells), 0.0, share)
    model = Additive.of(np.arange(outputs, dtype=float), made)
    np.testing.assert_array_equal(model.raw(cells), expected)
    for place in range(len(odd)):
        row = {name: float(column[place]) for name, column in cells.items()}
        np.testing.assert_array_equal(model.raw_one(row), expected[place])


def test_two_outputs_are_kept_apart() -> None:
    """Each output has its own values."""
    curve = Knots("x", np.array([0.0, 2.0]), np.array([[0.0, 5.0], [4.0, 1.0]]))
    two = Additive.of(np.array([0.0, 1.0]), [curve])
    np.testing.assert_allclose(two.raw({"x": np.array([1.0])}), [[2.0, 4.0]])
    np.testing.assert_allclose(two.raw_one({"x": 1.0}), [2.0, 4.0])


def test_what_is_dumped_is_restored() -> None:
    """A round trip keeps the answers."""
    again = Additive.restore(*model().dump())
    columns = {"x": np.array([0.3, np.nan]), "c": np.array(["b", None], dtype=object)}
    np.testing.assert_array_equal(again.raw(columns), model().raw(columns))
    assert again.levels() == {"c": ("a", "b")}
