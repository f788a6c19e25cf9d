"""Exact sums, whatever the size and the order of the values."""

import math
import statistics
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.profiles import sums

finite = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=150, deadline=None)
@given(st.lists(finite, max_size=40))
def test_sums_are_those_of_rational_arithmetic(values: list[float]) -> None:
    """Sums and sums of squares equal those of exact fractions, subnormals and 1e308 included."""
    total, squares = sums.moments(np.array(values, dtype=np.float64))
    exact = [Fraction(value) for value in values]
    assert Fraction(total, 1 << sums.UNIT) == sum(exact)
    assert Fraction(squares, 1 << (2 * sums.UNIT)) == sum(value * value for value in exact)


def test_many_blocks_add_up() -> None:
    """The sum over more values than one block holds is still exact."""
    values = np.random.default_rng(0).normal(size=3 * sums.BLOCK + 7) * 1e10
    total, _ = sums.moments(values)
    assert total / (1 << sums.UNIT) == math.fsum(values)


def test_a_large_mean_does_not_drown_the_deviation() -> None:
    """The deviation of values around 1e15 is right to the last digits."""
    values = np.array([1e15 + step for step in range(1000)])
    total, squares = sums.moments(values)
    assert sums.mean(total, 1000) == 1e15 + 499.5
    assert sums.deviation(total, squares, 1000) == pytest.approx(statistics.stdev(range(1000)), rel=1e-14)


@pytest.mark.parametrize("value", [1.7e308, 5e-324, 0.1])
def test_extremes_have_a_deviation(value: float) -> None:
    """Squares beyond the range of a float64 do not spoil the deviation."""
    total, squares = sums.moments(np.array([value, 0.0]))
    assert sums.deviation(total, squares, 2) == pytest.approx(value / math.sqrt(2), rel=1e-15, abs=5e-324)


def test_a_deviation_beyond_range_is_infinite() -> None:
    """A deviation that no float64 holds is infinite, not an error."""
    total, squares = sums.moments(np.array([1.7e308, -1.7e308]))
    assert sums.deviation(total, squares, 2) == math.inf


def test_constant_values_have_no_deviation() -> None:
    """Equal values deviate by exactly zero."""
    total, squares = sums.moments(np.full(1000, 0.1))
    assert sums.deviation(total, squares, 1000) == 0.0
