"""What would have been found: checked against simulated streams of the alarm itself."""

from __future__ import annotations

import math

import numpy as np

from vigil.stats import betting, power

ALPHA = 0.005


def alarmed(hits: np.ndarray, misses: np.ndarray, share: float) -> float:
    """Return the share of streams, shape (streams, batches), whose evidence has reached 1/α by the end."""
    evidence = betting.Evidence.fresh(1, (len(hits),))
    reached = np.zeros(len(hits), dtype=bool)
    for batch in range(hits.shape[1]):
        growth = betting.log_growth(hits[:, batch, None], misses[:, batch, None], share)
        evidence = betting.update(evidence, growth)
        reached |= betting.log_e_value(evidence) >= -math.log(ALPHA)
    return float(reached.mean())


def test_the_found_share_is_found_in_four_of_five_streams() -> None:
    """At the share that is named, the alarm fires in about 80 % of streams by then."""
    random = np.random.default_rng(0)
    need = power.needed(-math.log(ALPHA), math.log(betting.restart_weight(1)), 1)
    for batches, size in ((5, 100), (40, 50)):
        found = power.found_share(batches * size, 0.55, need)
        assert found is not None
        hits = random.binomial(size, found, size=(1500, batches))
        assert 0.77 <= alarmed(hits, size - hits, 0.55) <= 0.95


def test_more_rows_find_smaller_drops() -> None:
    """With more rows the found share moves towards the level; with too few there is none."""
    found = [power.found_share(count, 0.5, 8.0) for count in (1, 50, 500, 50_000)]
    assert found[0] is None
    assert found[1] < found[2] < found[3] < 0.5


def test_the_found_rise_is_found_in_four_of_five_streams() -> None:
    """Losses that all rise by the named factor raise the alarm in about 80 % of streams by then."""
    random = np.random.default_rng(1)
    points = np.linspace(0, 1, 65)
    shape = np.exp(-4 * points)
    level, rows = float(points @ shape / shape.sum()) * 1.1, 300
    need = power.needed(-math.log(ALPHA), math.log(betting.restart_weight(1)), 2)
    rise = power.found_rise(10 * rows, points, shape, level, need)
    assert rise is not None
    fired = 0
    for _ in range(200):
        evidence, reached = betting.Evidence.fresh(2), False
        for _ in range(10):
            losses = np.minimum(1, random.choice(points, size=rows, p=shape / shape.sum()) * (1 + rise))
            growth = np.zeros((2, 8))
            growth[0] = betting.log_growth_of_losses(losses, np.ones(rows), level)
            evidence = betting.update(evidence, growth)
            reached |= bool(betting.log_e_value(evidence) >= -math.log(ALPHA))
        fired += reached
    assert 0.72 <= fired / 200 <= 0.97
    assert power.found_rise(3, points, shape, level, need) is None
