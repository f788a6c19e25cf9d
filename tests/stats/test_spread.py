"""Rows that come together weigh less; batches that vary more than their rows explain, too."""

from __future__ import annotations

import json

import numpy as np
import pytest

from vigil.stats import spread
from vigil.stats.spread import Spread


def test_a_customer_ten_times_over_is_one_customer() -> None:
    """Ten rows of each of 100 entities that agree fully: the factor is ten; independent ones: about 1."""
    random = np.random.default_rng(0)
    entity = np.repeat(np.arange(100), 10)
    same = np.repeat(random.normal(size=100), 10)
    assert spread.after(Spread(), same, entity, None, rule="design_effect").factor == pytest.approx(10)
    apart = random.normal(size=1000)
    assert spread.after(Spread(), apart, entity, None, rule="design_effect").factor < 1.3


def test_the_largest_entity_is_the_exact_choice() -> None:
    """Whatever the rows say, the exact rule divides by the rows of the largest entity."""
    entity = np.array([0, 0, 0, 1, 2])
    found = spread.after(Spread(), np.array([1.0, -1, 0, 1, -1]), entity, None, rule="largest")
    assert found.factor == 3
    assert spread.after(Spread(), np.ones(5), entity, None, rule="ignore").factor == 1


def test_without_repetition_nothing_is_divided() -> None:
    """No key, or each entity once: the factor is 1, also for what earlier batches said."""
    moved = np.random.default_rng(1).normal(size=50)
    assert spread.after(Spread(), moved, None, None, rule="design_effect").factor == 1
    clustered = Spread(apart=10, together=50)
    assert spread.after(clustered, moved, np.arange(50), None, rule="design_effect").factor == 1
    assert spread.after(Spread(), np.zeros(0), np.zeros(0, int), None, rule="design_effect").factor == 1


def fed(shares: np.ndarray, rows: int = 400) -> Spread:
    """Return the spread after batches whose classes are answered right in these shares."""
    random, now = np.random.default_rng(2), Spread()
    for share in shares:
        right = random.binomial(rows, share, 2).astype(float)
        now = spread.after(now, np.zeros(0), None, (right, np.full(2, float(rows))), rule="design_effect")
    return now


def test_restless_batches_are_noticed() -> None:
    """Shares that jump from batch to batch give a large factor; steady ones, and one lasting drop, none."""
    assert fed(np.full(60, 0.8)).factor == 1
    assert fed(np.repeat([0.8, 0.7], 30)).factor == 1
    assert fed(np.tile([0.85, 0.75], 30)).factor > 3


def test_it_is_stored() -> None:
    """Through JSON nothing is lost."""
    found = fed(np.full(5, 0.7))
    assert Spread(**json.loads(json.dumps(found.as_json()))) == found
