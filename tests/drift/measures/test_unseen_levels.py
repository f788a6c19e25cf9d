"""Rows of levels that the reference lacks, beyond those that chance brings."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from tests.drift.conftest import category
from vigil import drift
from vigil.drift.measures import unseen_levels


def test_agrees_with_dealing_the_rows_anew() -> None:
    """The p-value is close to the share of all ways to deal the rows that leave as many unseen."""
    first, second = np.array([5, 2, 1, 0, 0]), np.array([2, 0, 0, 1, 2])
    rows = np.repeat(np.arange(5), first + second)
    seen = []
    for chosen in combinations(range(len(rows)), int(second.sum())):
        rest = np.bincount(np.delete(rows, chosen), minlength=5)
        seen.append(np.bincount(rows[list(chosen)], minlength=5)[rest == 0].sum())
    found = drift.measure("unseen_levels", category(first), category(second))
    assert found.statistic == pytest.approx(3 / 5)
    assert found.p_value == pytest.approx(np.mean(np.array(seen) >= 3), abs=0.03)


@pytest.mark.parametrize(("levels", "n", "m"), [(200, 500, 300), (150, 1000, 50), (250, 400, 4000)])
def test_p_is_valid_when_rare_levels_come_and_go(levels: int, n: int, m: int) -> None:
    """With a reference that lacks many rare levels, p is below 0.05 as seldom as it should be."""
    random = np.random.default_rng(levels)
    chance = np.arange(1.0, levels + 1) ** -1.3
    chance /= chance.sum()
    hits = 0
    for _ in range(200):
        sides = random.multinomial(n, chance), random.multinomial(m, chance)
        hits += drift.measure("unseen_levels", *map(category, sides)).p_value <= 0.05
    assert hits <= stats.binom.ppf(0.999, 200, 0.05)


def test_a_new_level_of_a_few_rows_is_found() -> None:
    """Ten rows in a hundred of one new level cannot be chance."""
    found = drift.measure("unseen_levels", category([500, 500, 0]), category([45, 45, 10]))
    assert found.p_value < 1e-8
    assert found.effect == pytest.approx(0.1, abs=1e-6)


def test_the_bound_is_above_the_sum() -> None:
    """Where the distribution is bounded and not summed up, the bound is never below it."""
    size, levels = np.array([1.0, 2.0, 5.0]), np.array([300.0, 100.0, 20.0])
    chance = np.array([0.3, 0.09, 0.002])
    for unseen in (90, 120, 150, 180):
        assert unseen_levels._bounded(unseen, size, chance, levels) >= unseen_levels._p_value(
            unseen, size, chance, levels
        )


def test_many_unseen_rows_are_bounded() -> None:
    """Thousands of rows of new levels give a tiny p-value, and thousands by chance none."""
    new = drift.measure("unseen_levels", category([50_000, 0]), category([45_000, 5000]))
    assert new.p_value < 1e-12
    chance = np.full(250, 1 / 250)
    random = np.random.default_rng(0)
    few, many = random.multinomial(100, chance), random.multinomial(20_000, chance)
    assert drift.measure("unseen_levels", category(few), category(many)).p_value > 0.05


def test_the_effect_leaves_out_what_chance_brings() -> None:
    """Against a small reference of many levels, half the rows are unseen and hardly any of it counts."""
    random = np.random.default_rng(7)
    chance = np.full(250, 1 / 250)
    found = drift.measure(
        "unseen_levels", *(category(random.multinomial(rows, chance)) for rows in (100, 5000))
    )
    assert found.statistic > 0.5
    assert found.effect < 0.05
