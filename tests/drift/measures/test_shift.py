"""Van der Waerden's test of location, beside the t-test of scipy."""

import numpy as np
import pytest
from scipy import stats

from tests.drift.measures.test_published import numbers
from vigil import drift


def test_a_moved_mean_is_as_clear_as_to_the_t_test() -> None:
    """On normal values the statistic is nearly that of the t-test, and the effect is in deviations."""
    random = np.random.default_rng(3)
    ours, theirs = random.normal(size=5000), random.normal(loc=0.3, size=2000)
    found = drift.measure("shift", numbers(ours), numbers(theirs))
    assert found.statistic == pytest.approx(stats.ttest_ind(theirs, ours).statistic, rel=0.05)
    assert found.effect == pytest.approx(0.3, abs=0.06)


def test_a_quarter_of_a_deviation_is_found_where_ks_is_not_sure() -> None:
    """Five hundred rows against five thousand: at the level of one test of a hundred KS often misses it."""
    found = {"ks": 0, "shift": 0}
    for seed in range(40):
        random = np.random.default_rng(seed)
        sides = numbers(random.normal(size=5000)), numbers(random.normal(loc=0.25, size=500))
        for name in found:
            found[name] += drift.measure(name, *sides).p_value < 1e-4
    assert found["shift"] >= 36 > found["ks"]


@pytest.mark.parametrize("ties", [False, True])
def test_p_values_are_even_when_nothing_has_changed(ties: bool) -> None:
    """Of skewed values, with ties and without."""
    random = np.random.default_rng(7)
    p_values = []
    for _ in range(400):
        sides = [np.exp(random.normal(size=size)) for size in (400, 60)]
        sides = [np.floor(side) for side in sides] if ties else sides
        p_values.append(drift.measure("shift", *map(numbers, sides)).p_value)
    assert stats.kstest(p_values, "uniform").pvalue > 0.001


def test_one_value_on_both_sides_shows_nothing() -> None:
    """A constant has no place to move from."""
    same = numbers([7.0] * 200)
    assert drift.measure("shift", same, same).p_value is None
