"""Fisher's exact test of missing rows against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from vigil import drift
from vigil.drift.measures import missing_share
from vigil.profiles import ColumnProfile


def column(lost: int, rows: int) -> ColumnProfile:
    """Return a column without values, but for the number of rows that have one."""
    return ColumnProfile("x", "category", rows, lost)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 120), st.integers(1, 120), st.data())
def test_agrees_with_scipy(n: int, m: int, data: st.DataObject) -> None:
    """For any table with both kinds of rows, p is scipy's exact one."""
    first, second = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    found = drift.measure("missing_share", column(first, n), column(second, m))
    if 0 < first + second < n + m:
        expected = stats.fisher_exact([[first, n - first], [second, m - second]]).pvalue
        assert found.p_value == pytest.approx(expected, rel=1e-8)
    else:
        assert found.p_value is None
    assert found.effect == pytest.approx(abs(second / m - first / n))


def test_large_tables_join_the_exact_ones() -> None:
    """Where χ² takes over from counting, both say nearly the same."""
    table = (15_000, 15_300, 60_000, 60_000)
    exact, approximate = missing_share._exact(*table), missing_share._corrected(*table)
    assert approximate == pytest.approx(exact, rel=0.02)
    assert (
        drift.measure("missing_share", column(15_000, 60_000), column(15_300, 60_000)).p_value == approximate
    )


def test_infinite_numbers_count_as_missing(pair) -> None:
    """A number that no model can use has been lost."""
    found = drift.measure("missing_share", *pair("number", [1.0] * 100, [1.0] * 50 + [np.inf] * 50))
    assert found.effect == 0.5
    assert found.p_value < 1e-9


@pytest.mark.parametrize(("base", "n", "m"), [(0.0, 5000, 60), (0.0, 1000, 1000), (0.1, 2000, 500)])
def test_detectable_is_found_with_80_percent_power(base: float, n: int, m: int) -> None:
    """A share of the size that is named is found in 70 to 97 % of batches."""
    random = np.random.default_rng(1)
    lost = round(base * n)
    rise = missing_share.detectable(column(lost, n), column(round(base * m), m), 0.001)
    draws = random.binomial(m, base + rise, size=400)
    p_values = {
        d: drift.measure("missing_share", column(lost, n), column(int(d), m)).p_value for d in set(draws)
    }
    hits = np.mean([(p_values[d] or 1.0) <= 0.001 for d in draws])
    assert 0.7 <= hits <= 0.97
