"""Mean absolute error: the grid is safe, the level holds, the tail is watched."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.stats import betting, metrics

MAE = metrics.get("mae")
ERRORS = st.lists(st.floats(-5, 5, allow_nan=False), min_size=100, max_size=150).map(np.array)


@settings(max_examples=25, deadline=None)
@given(ERRORS)
def test_the_grid_never_overstates_evidence(errors: np.ndarray) -> None:
    """Evidence from a tally is never more than from its rows, and close to it."""
    level = {"clipped": 0.4, "tail": 0.05, "clip": 3.0}
    rows = MAE.log_l(errors, np.zeros(len(errors)), level)
    grid = MAE.log_l_of(MAE.tally(errors, np.zeros(len(errors)), clip=3.0), level)
    assert (grid <= rows + 1e-9).all()
    assert np.abs(grid - rows).max() < 0.15


def test_the_grid_keeps_the_mean() -> None:
    """Hits and misses of the change point are those of the rows' clipped losses."""
    errors = np.random.default_rng(0).normal(size=500)
    tally = MAE.tally(errors, np.zeros(500), clip=1.5)
    lost = np.minimum(np.abs(errors) / 1.5, 1).sum()
    assert MAE.counts(tally) == pytest.approx((500 - lost, lost))
    assert tally["over"] == int((np.abs(errors) > 1.5).sum())


def test_the_tail_is_a_fair_game_at_its_level() -> None:
    """At a share of rows beyond the clip equal to the level, wealth neither grows nor falls."""
    level = {"clipped": None, "tail": 0.05, "clip": 1.0}
    inside, beyond = (np.exp(MAE.log_l(np.array([size]), np.zeros(1), level)[1]) for size in (0.5, 2.0))
    assert np.allclose(0.95 * inside + 0.05 * beyond, 1)
    assert (beyond > 1).all()


def test_without_a_clip_there_is_a_score_and_no_alarm() -> None:
    """A model without a clip, or with one of zero, is scored and not watched."""
    for clip in (None, 0.0):
        tally = MAE.tally(np.ones(200), np.zeros(200), clip=clip)
        assert MAE.value(tally) == 1
        assert MAE.level(tally, delta=0.02, tolerance=0.02) is None


def test_two_clips_do_not_add() -> None:
    """Losses clipped differently are not the same losses."""
    tallies = [MAE.tally(np.ones(5), np.zeros(5), clip=clip) for clip in (1.0, 2.0)]
    with pytest.raises(ValueError, match="cannot be added"):
        MAE.add(*tallies)


def alarms(scale: float, tail: float, streams: int, batches: int) -> float:
    """Return how often exponential errors, some of them tenfold, raise the alarm against a holdout."""
    random = np.random.default_rng(5)

    def draw(rows: int, scale: float, tail: float) -> np.ndarray:
        return random.exponential(scale, rows) * np.where(random.random(rows) < tail, 10, 1)

    fired = 0
    for _ in range(streams):
        held = draw(1000, 1.0, 0.01)
        level = MAE.level(MAE.tally(held, np.zeros(1000), clip=6.0), delta=0.02, tolerance=0.02)
        evidence, reached = betting.Evidence.fresh(2), False
        for _ in range(batches):
            errors = draw(200, scale, tail)
            evidence = betting.update(evidence, MAE.log_l(errors, np.zeros(200), level))
            reached |= bool(betting.log_e_value(evidence) >= -math.log(0.005))
        fired += reached
    return fired / streams


def test_alarms_for_larger_errors_and_not_for_equal_ones() -> None:
    """Equal errors raise no alarm; errors larger by 40 %, or a heavier tail, do."""
    assert alarms(1.0, 0.01, streams=40, batches=60) == 0
    assert alarms(1.4, 0.01, streams=15, batches=40) == 1
    assert alarms(1.0, 0.10, streams=15, batches=40) == 1


def test_the_level_bounds_the_clipped_mean() -> None:
    """The level lies above the true clipped mean, by no more than a tenth of it at 2,000 rows."""
    random = np.random.default_rng(6)
    true = (1 - math.exp(-6)) / 6
    for _ in range(50):
        tally = MAE.tally(random.exponential(size=2000), np.zeros(2000), clip=6.0)
        level = MAE.level(tally, delta=0.02, tolerance=0.0)
        assert true < level["clipped"] < 1.15 * true
        assert level["value"] > MAE.value(tally)


def test_interval_covers() -> None:
    """The normal interval covers the mean of exponential errors about as often as it says."""
    draws = np.random.default_rng(7).exponential(size=(600, 300))
    intervals = [MAE.interval(MAE.tally(row, np.zeros(300)), 0.95) for row in draws]
    assert 0.91 <= np.mean([low <= 1 <= high for low, high in intervals]) <= 0.98
