"""Exact bounds: known values, coverage, and their order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.stats import intervals


def binomial_tail(hits: int, total: int, share: float) -> float:
    """Return P(Bin(total, share) >= hits), summed term by term."""
    from math import comb

    return sum(comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(hits, total + 1))


@settings(max_examples=50)
@given(st.integers(1, 30), st.integers(0, 30))
def test_the_lower_bound_solves_the_binomial_tail(hits: int, misses: int) -> None:
    """At the lower bound, as many hits or more have probability delta."""
    bound = float(intervals.share_lower(hits, misses, 0.025))
    assert binomial_tail(hits, hits + misses, bound) == pytest.approx(0.025, rel=1e-6)


def test_extremes_have_closed_bounds() -> None:
    """No hits bound below by 0, no misses above by 1, and all hits below by δ^(1/n)."""
    assert float(intervals.share_lower(0, 10, 0.05)) == 0
    assert float(intervals.share_upper(10, 0, 0.05)) == 1
    assert float(intervals.share_lower(10, 0, 0.05)) == pytest.approx(0.05**0.1)


@given(st.floats(0, 1))
def test_f1_and_share_are_inverse_maps(f1: float) -> None:
    """F1 to share and back is the identity."""
    assert float(intervals.f1_from_share(intervals.share_from_f1(f1))) == pytest.approx(f1, abs=1e-12)


def test_lower_bound_of_f1_covers_as_often_as_it_says() -> None:
    """A 95 % bound is below the true F1 in at least 95 % of holdouts, small and good ones too."""
    random = np.random.default_rng(0)
    for total, share in ((20, 0.6), (60, 0.9), (300, 0.6)):
        tp = random.binomial(total, share, size=4000)
        true = float(intervals.f1_from_share(share))
        low = intervals.f1_from_share(intervals.share_lower(tp, total - tp, 0.05))
        assert (low <= true).mean() >= 0.95 - 0.01


@pytest.mark.parametrize(("a", "b", "rows"), [(0.5, 1.5, 100), (2.0, 5.0, 400), (0.1, 3.0, 200)])
def test_mean_bounds_cover(a: float, b: float, rows: int) -> None:
    """The bounds of a mean hold at least as often as they say, for skewed values as well."""
    random = np.random.default_rng(1)
    draws = random.beta(a, b, size=(150, rows))
    true = a / (a + b)
    assert np.mean([intervals.mean_upper(row, 0.05) >= true for row in draws]) >= 0.93


def test_mean_bounds_tighten_with_rows() -> None:
    """With 5,000 rows the bound is within twice the normal one; values at 0 give a small bound."""
    values = np.random.default_rng(2).beta(2, 5, size=5000)
    room = intervals.mean_upper(values, 0.01) - values.mean()
    assert 0 < room < 2 * 2.33 * values.std() / np.sqrt(5000)
    assert 0 < intervals.mean_upper(np.zeros(1000), 0.01) < 0.02


def test_weights_count_values() -> None:
    """A value with weight 3 counts as three values."""
    values = np.array([0.1, 0.4, 0.9])
    weights = np.array([30.0, 20.0, 10.0])
    repeated = np.repeat(values, weights.astype(int))
    assert intervals.mean_upper(values, 0.05, weights) == pytest.approx(intervals.mean_upper(repeated, 0.05))
