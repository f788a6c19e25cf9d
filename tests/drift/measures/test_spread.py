"""Mood's test of scale against scipy, and what it is there to see."""

import numpy as np
import pytest
from scipy import stats

from tests.drift.measures.test_published import numbers
from vigil import drift


def test_agrees_with_scipy() -> None:
    """On values that are all known, statistic and p are scipy's but for its factor of (N − 1)/N."""
    random = np.random.default_rng(3)
    for by in (0.8, 1.0, 1.3):
        ours, theirs = random.normal(size=90), random.normal(scale=by, size=70)
        found = drift.measure("spread", numbers(ours), numbers(theirs))
        peer = stats.mood(theirs, ours)
        assert found.statistic == pytest.approx(peer.statistic, rel=0.01, abs=0.01)
        assert found.p_value == pytest.approx(peer.pvalue, rel=0.05)


def test_a_spread_grown_by_a_third_is_seen() -> None:
    """KS finds it too small to matter; the judgement calls it all the same."""
    random = np.random.default_rng(4)
    ours, theirs = numbers(random.normal(size=5000)), numbers(random.normal(scale=1.33, size=3000))
    assert drift.measure("ks", ours, theirs).effect < 0.1
    found = drift.measure("spread", ours, theirs)
    assert found.effect == pytest.approx(np.log(1.33), abs=0.06)
    assert found.p_value < 1e-20


def test_one_value_on_both_sides_shows_nothing() -> None:
    """A constant has no spread to change; one that begins to vary has gained all of it."""
    same = numbers([7.0] * 200)
    assert drift.measure("spread", same, same).p_value is None
    assert drift.measure("spread", same, numbers(np.arange(200.0))).effect > 1
