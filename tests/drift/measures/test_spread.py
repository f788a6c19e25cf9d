"""Klotz's test of scale, and what it is there to see; tests/drift/test_ranks.py asks for its p-values."""

import numpy as np
import pytest
from scipy import stats

from tests.drift.measures.test_published import numbers
from vigil import drift


def test_a_spread_grown_by_a_third_is_seen() -> None:
    """KS finds it too small to matter; the judgement calls it all the same."""
    random = np.random.default_rng(4)
    ours, theirs = numbers(random.normal(size=5000)), numbers(random.normal(scale=1.33, size=3000))
    assert drift.measure("ks", ours, theirs).effect < 0.1
    found = drift.measure("spread", ours, theirs)
    assert found.effect == pytest.approx(np.log(1.33), abs=0.06)
    assert found.p_value < 1e-20


def test_longer_tails_around_the_same_middle_are_seen() -> None:
    """Student's t with three degrees of freedom, its quartiles those of the normal law."""
    random = np.random.default_rng(5)
    heavy = random.standard_t(3, size=500) * stats.norm.ppf(0.75) / stats.t.ppf(0.75, 3)
    assert drift.measure("spread", numbers(random.normal(size=5000)), numbers(heavy)).p_value < 1e-4


def test_one_value_on_both_sides_shows_nothing() -> None:
    """A constant has no spread to change; one that begins to vary has gained all of it."""
    same = numbers([7.0] * 200)
    assert drift.measure("spread", same, same).p_value is None
    assert drift.measure("spread", same, numbers(np.arange(200.0))).effect > 1
