"""Pearson's test and the G test against scipy and published values, with rare and unseen levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.drift.conftest import category
from vigil import drift

FIRST, SECOND = [16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8]


def test_frequent_levels_agree_with_scipy() -> None:
    """With no rare level, statistic and p are those of scipy's two-sample table."""
    found = drift.measure("chi_squared", category(FIRST), category(SECOND))
    expected = stats.chi2_contingency([FIRST, SECOND], correction=False)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-12)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)


def test_the_likelihood_ratio_agrees_with_scipy() -> None:
    """G is scipy's; its p is that of G divided by Williams' factor, a little larger."""
    found = drift.measure("likelihood_ratio", category(FIRST), category(SECOND))
    expected = stats.chi2_contingency([FIRST, SECOND], correction=False, lambda_="log-likelihood")
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert expected.pvalue < found.p_value < expected.pvalue + 0.01


def test_reproduces_evidentlys_published_value() -> None:
    """Against a reference known without error, as that tool takes it to be, p = 0.67309."""
    known = category(FIRST)
    counts = tuple((level, count * 10**9) for level, count in known.levels.counts)
    known = replace(known, rows=known.rows * 10**9, levels=replace(known.levels, counts=counts))
    assert drift.measure("chi_squared", known, category(SECOND)).p_value == pytest.approx(0.67309, abs=1e-5)


def test_reproduces_deepchecks_published_cramers_v() -> None:
    """Its data gives V = 0.23: χ² over all rows, of a table with a new level."""
    random = np.random.RandomState(42)
    levels, chance = ["apple", "orange", "banana"], [0.5, 0.3, 0.2]
    random.randn(1000, 2)
    reference = random.choice(levels, p=chance, size=(1000, 2))[:, 1]
    random.randn(1000, 2)
    random.choice(levels, p=chance, size=(1000, 2))
    random.randn(1000)
    current = random.choice([*levels, "lemon"], p=[0.5, 0.25, 0.15, 0.1], size=(1000, 1))[:, 0]
    sides = [[int(np.sum(side == level)) for level in [*levels, "lemon"]] for side in (reference, current)]
    found = drift.measure("chi_squared", category(sides[0]), category(sides[1]))
    assert np.sqrt(found.statistic / 2000) == pytest.approx(0.23, abs=0.01)
    assert drift.measure("psi", category(sides[0]), category(sides[1])).effect == pytest.approx(
        0.22, abs=0.01
    )


def test_the_effect_does_not_depend_on_how_rows_are_divided() -> None:
    """Ten times the reference rows in the same shares: the same share of moved rows."""
    small = drift.measure("chi_squared", category([500, 500]), category([600, 400]))
    large = drift.measure("chi_squared", category([5000, 5000]), category([600, 400]))
    assert small.effect == pytest.approx(0.1)
    assert large.effect == pytest.approx(0.1)


@pytest.mark.parametrize("name", ["chi_squared", "likelihood_ratio"])
@pytest.mark.parametrize(("levels", "n", "m"), [(50, 1000, 100), (200, 1000, 300), (400, 2000, 2000)])
def test_rare_levels_keep_p_valid(name: str, levels: int, n: int, m: int) -> None:
    """With many rare levels, and unseen ones, p is below 0.05 no more often than chance allows."""
    random = np.random.default_rng(levels)
    chance = np.arange(1.0, levels + 1) ** -1.0
    chance /= chance.sum()
    hits = 0
    for _ in range(150):
        first, second = random.multinomial(n, chance), random.multinomial(m, chance)
        hits += drift.measure(name, category(first), category(second)).p_value <= 0.05
    assert hits <= stats.binom.ppf(0.999, 150, 0.06)


def test_one_level_cannot_show_a_change() -> None:
    """A constant column has no p-value and no effect."""
    found = drift.measure("chi_squared", category([100]), category([80]))
    assert found.p_value is None
    assert found.effect == 0
