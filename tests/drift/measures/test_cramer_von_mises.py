"""Cramér and von Mises' test against scipy and a peer's published value, and its validity with ties."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from vigil import drift
from vigil.drift.measures import cramer_von_mises


@pytest.mark.parametrize(("n", "m", "by"), [(60, 50, 0.2), (100, 100, 0.0), (120, 30, 0.8)])
def test_distinct_values_agree_with_scipy(pair, n: int, m: int, by: float) -> None:
    """Without ties, statistic and p are scipy's."""
    random = np.random.default_rng(n)
    first, second = random.normal(size=n), random.normal(by, 1, size=m)
    found = drift.measure("cramer_von_mises", *pair("number", first, second))
    expected = stats.cramervonmises_2samp(first, second, method="asymptotic")
    assert found.statistic == pytest.approx(expected.statistic, abs=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-7)


def test_reproduces_evidentlys_published_value(pair) -> None:
    """Two normal samples of 100 from seeds 0 and 1 give p = 0.80768."""
    first, second = (stats.norm.rvs(size=100, random_state=seed) for seed in (0, 1))
    found = drift.measure("cramer_von_mises", *pair("number", first, second))
    assert found.p_value == pytest.approx(0.8076839, abs=1e-6)


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.7, 0.2, 0.1], [0.1] * 10])
def test_ties_keep_p_valid(shares: list[float]) -> None:
    """On few values, p is below 0.05 and 0.01 about that often or less when nothing has changed."""
    random = np.random.default_rng(len(shares))
    tries, p_values = 1200, []
    for first, second in zip(*random.multinomial(300, shares, size=(2, tries)), strict=True):
        mass = (first + second) / 600
        gap = (np.cumsum(first) - np.cumsum(second)) / 300
        p_values.append(cramer_von_mises._p_value(150 * float(mass @ gap**2), mass, 300, 300))
    for level in (0.05, 0.01):
        limit = stats.binom.ppf(0.999, tries, level) / tries
        assert np.mean(np.array(p_values) <= level) <= limit


def test_the_tail_goes_on() -> None:
    """Where the series has no digits left, p goes on falling and stays positive."""
    tail = [cramer_von_mises._limiting(x) for x in (1.0, 2.0, 3.9, 4.1, 6.0, 10.0)]
    assert all(before > after > 0 for before, after in pairwise(tail))
