"""Rows that come together weigh less; batches that vary more than their rows explain, too."""

from __future__ import annotations

import json

import numpy as np
import pytest

from vigil.stats import spread
from vigil.stats.spread import Spread


def test_a_customer_ten_times_over_is_one_customer() -> None:
    """Ten rows of each of 100 entities that agree fully: the factor is ten; independent ones: far less."""
    random = np.random.default_rng(0)
    entity = np.repeat(np.arange(100), 10)
    same = np.repeat(random.normal(size=100), 10)
    assert spread.after(
        Spread(), spread.grouped(same, entity), None, rule="design_effect"
    ).factor == pytest.approx(10)
    apart = random.normal(size=1000)
    assert spread.after(Spread(), spread.grouped(apart, entity), None, rule="design_effect").factor < 1.6


def test_the_largest_entity_is_the_exact_choice() -> None:
    """Whatever the rows say, the exact rule divides by the rows of the largest entity."""
    entity = np.array([0, 0, 0, 1, 2])
    found = spread.after(
        Spread(), spread.grouped(np.array([1.0, -1, 0, 1, -1]), entity), None, rule="largest"
    )
    assert found.factor == 3
    assert spread.after(Spread(), spread.grouped(np.ones(5), entity), None, rule="ignore").factor == 1


def test_without_repetition_nothing_is_divided() -> None:
    """No key, or each entity once: the factor is 1, also for what earlier batches said."""
    moved = np.random.default_rng(1).normal(size=50)
    assert spread.after(Spread(), spread.grouped(moved, None), None, rule="design_effect").factor == 1
    clustered = Spread(apart=10, together=50)
    assert (
        spread.after(clustered, spread.grouped(moved, np.arange(50)), None, rule="design_effect").factor == 1
    )
    assert spread.grouped(np.zeros(0), np.zeros(0, int)) == spread.Grouped()


def fed(shares: np.ndarray, rows: int = 400) -> Spread:
    """Return the spread after batches whose classes are answered right in these shares."""
    random, now = np.random.default_rng(2), Spread()
    for share in shares:
        right = random.binomial(rows, share, 2).astype(float)
        counts = right, np.full(2, float(rows))
        now = spread.after(now, spread.Grouped(), counts, rule="design_effect")
    return now


def test_restless_batches_are_noticed() -> None:
    """Shares that jump from batch to batch give a large factor; steady ones, and one lasting drop, none."""
    assert fed(np.full(60, 0.8)).factor == 1
    assert fed(np.repeat([0.8, 0.7], 30)).factor == 1
    assert fed(np.tile([0.85, 0.75], 30)).factor > 3


def test_little_is_known_of_few_entities() -> None:
    """The factor is an upper limit: the largest entity at first, close to the truth after many."""
    random, entity, now, factors = np.random.default_rng(3), np.repeat(np.arange(5), 10), Spread(), []
    for _ in range(400):
        # Half of the variance is the entity's own: the design effect is 1 + 9/2. Most rows say nothing.
        heard = random.random(5) < 0.2
        rows = np.sqrt(0.5) * (np.repeat(random.normal(size=5), 10) + random.normal(size=50))
        now = spread.after(now, spread.grouped(rows * heard[entity], entity), None, rule="design_effect")
        factors.append(float(now.factor))
    assert factors[0] == 10
    assert min(factors) > 5.5
    assert factors[-1] < 7.5
    mute = spread.grouped(np.zeros(50), entity)
    assert spread.after(Spread(), mute, None, rule="design_effect").factor == 10


def test_rows_that_hang_together_count_as_fewer() -> None:
    """Sums are divided, a clip is not; cells stay whole, right ones rounded down and wrong ones up."""
    table = {"confusion": [[70, 9], [5, 11]]}
    assert spread.thinned(table, 1.0) == table
    assert spread.thinned(table, 2.0) == {"confusion": [[35, 5], [3, 5]]}
    three = spread.thinned({"confusion": [[10, 1, 1], [0, 20, 0], [1, 2, 7]]}, 2.0)["confusion"]
    assert [three[0][0], three[1], three[2][2]] == [5, [0, 10, 0], 3]
    assert [sum(three[0]), sum(three[2])] == [6, 5]
    loss = {"rows": 10, "sum": 4.0, "clip": 3.0, "grid": [1.0, 3.0], "over": None}
    assert spread.thinned(loss, 4.0) == {
        "rows": 2.5,
        "sum": 1.0,
        "clip": 3.0,
        "grid": [0.25, 0.75],
        "over": None,
    }


def test_it_is_stored() -> None:
    """Through JSON nothing is lost."""
    found = fed(np.full(5, 0.7))
    stored = json.dumps(found.as_json())
    assert Spread(**json.loads(stored)).as_json() == json.loads(stored)
