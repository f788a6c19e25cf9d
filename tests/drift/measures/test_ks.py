"""Kolmogorov and Smirnov's test against scipy, and its validity with ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from vigil import drift
from vigil.drift.measures import ks


@pytest.mark.parametrize(("n", "m", "by"), [(60, 50, 0.2), (100, 100, 0.0), (128, 37, 0.5), (7, 200, 0.9)])
def test_small_samples_agree_with_scipy(pair, n: int, m: int, by: float) -> None:
    """Where every value is known, statistic and exact p are scipy's."""
    random = np.random.default_rng(n + m)
    first, second = random.normal(size=n), random.normal(by, 1, size=m)
    found = drift.measure("ks", *pair("number", first, second))
    expected = stats.ks_2samp(first, second, method="exact")
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-12)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-10)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_the_exact_count_is_scipys(n: int, m: int, data: st.DataObject) -> None:
    """For any sizes and any distance that can occur, p is scipy's exact one."""
    first = data.draw(st.permutations(range(n + m)))
    ours, theirs = np.array(first[:n], float), np.array(first[n:], float)
    expected = stats.ks_2samp(ours, theirs, method="exact")
    gap = round(expected.statistic * n * m)
    assert ks._p_value(n, m, gap) == pytest.approx(expected.pvalue, abs=1e-10)


@pytest.mark.parametrize(("n", "m"), [(2000, 2000), (500, 20_000)])
def test_large_samples_are_a_little_too_careful(pair, n: int, m: int) -> None:
    """Bucketed values and the limiting distribution overstate p, by a quarter at most."""
    random = np.random.default_rng(5)
    first, second = random.normal(size=n), random.normal(0.06, 1, size=m)
    found = drift.measure("ks", *pair("number", first, second))
    expected = stats.ks_2samp(first, second)
    assert expected.pvalue * 0.9 <= found.p_value <= max(expected.pvalue * 1.35, expected.pvalue + 0.02)
    assert found.statistic == pytest.approx(expected.statistic, abs=0.006)


def test_very_small_p_values_do_not_vanish(pair) -> None:
    """Samples far apart give a tiny p-value, and not zero or less."""
    found = drift.measure("ks", *pair("number", np.arange(100.0), np.arange(100.0) + 1000))
    assert 0 < found.p_value < 1e-11
    assert found.statistic == 1


def test_ties_keep_p_valid() -> None:
    """On five values, p is below 0.05 in at most that share of comparisons of equals."""
    random = np.random.default_rng(3)
    counts = random.multinomial(80, [0.2] * 5, size=(2, 1500)).cumsum(axis=2)
    gaps = np.abs(counts[0] - counts[1]).max(axis=1) * 80
    p_values = {int(gap): ks._p_value(80, 80, int(gap)) for gap in np.unique(gaps)}
    assert np.mean([p_values[int(gap)] <= 0.05 for gap in gaps]) <= 0.05


def test_counts_beyond_64_bits() -> None:
    """The product of two counts may pass 64 bits."""
    from vigil.drift.cells import Cells

    side = np.array([2**33, 2**33], dtype=np.int64)
    other = np.array([2**32, 3 * 2**32], dtype=np.int64)
    assert ks._gap(Cells(side, other)) == 2**34 * 2**34 // 4


def test_detectable_is_found_with_80_percent_power(pair) -> None:
    """A moved mean of the size that is named is found in 70 to 97 % of samples."""
    random = np.random.default_rng(4)
    n, m, alpha = 400, 100, 0.01
    size = ks.detectable(*pair("number", range(n), range(m)), alpha)
    shift = 2 * stats.norm.ppf((1 + size) / 2)
    hits = 0
    for _ in range(300):
        first, second = random.normal(size=n), random.normal(shift, 1, size=m)
        distance = stats.ks_2samp(first, second).statistic
        hits += ks._p_value(n, m, round(distance * n * m)) <= alpha
    assert 0.7 <= hits / 300 <= 0.97
