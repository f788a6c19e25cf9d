"""A change with the first batch: a fair game that ends, and what it finds where the past is blind."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vigil.stats import outset

HELD = np.array([160.0, 40.0])


def walked(streams: int, batches: int, shift: float = 0.0, rows: float = 1.0) -> list[outset.Outset]:
    """Return the states after each batch of ``rows`` times the holdout, quantiles about −shift·weight."""
    random, old = np.random.default_rng(7), HELD
    states = [outset.Outset.fresh((streams,))]
    for _ in range(batches):
        size = HELD * rows
        weight = np.sqrt(HELD * size / (old * (old + size)))
        z = random.normal(size=(streams, 2)) - shift * weight
        states.append(outset.update(states[-1], z, size, old, held=HELD))
        old = old + size
    return states


def test_it_is_a_fair_game() -> None:
    """At any batch the e-value averages 1 while nothing changes, and never passes 1/(0.75·alpha)."""
    for state in walked(40_000, 30)[::6]:
        e_value = np.exp(outset.log_e_value(state, 0.1))
        assert e_value.mean() == pytest.approx(1, abs=0.05)
        assert e_value.max() <= 1 / 0.075 + 1e-9


@pytest.mark.parametrize("rows", [0.1, 5.0])
def test_it_seldom_fires_when_nothing_has_changed(rows: float) -> None:
    """Looked at after each batch, small or large, it reaches the alarm with the probability that is meant."""
    peak = np.max([outset.log_e_value(state, 0.05) for state in walked(20_000, 60, rows=rows)], axis=0)
    assert 0.02 < np.mean(peak >= -math.log(0.05)) < 0.053


def test_time_never_runs_out() -> None:
    """What has passed is 1 less the share of the holdout in all rows, so that the game ends at 1 at most."""
    states = walked(1, 40)
    for batches in (1, 7, 40):
        assert states[batches].passed == pytest.approx(1 - 1 / (1 + batches))


def test_a_change_at_the_outset_is_found() -> None:
    """Answers three standard errors of the holdout's worse are mostly found, and never if they are better."""
    found = [
        np.mean(outset.log_e_value(walked(2000, 60, shift)[-1], 0.01) >= math.log(100))
        for shift in (3 / math.sqrt(2), -3 / math.sqrt(2))
    ]
    assert found[0] > 0.65
    assert found[1] == 0


def test_classes_that_the_holdout_lacks_count_for_nothing() -> None:
    """Of three classes one is new: its quantile moves nothing; without any class held out nothing moves."""
    old, z = np.array([50.0, 30.0, 0.0]), np.array([0.0, 0.0, -9.0])
    moved = outset.update(outset.Outset.fresh(), z, np.array([10.0, 10.0, 10.0]), old, held=old)
    assert moved.worse == 0
    assert 0 < moved.passed < 1
    nothing = outset.update(outset.Outset.fresh(), z, old, old * 0, held=old * 0)
    assert (nothing.worse, nothing.passed) == (0, 0)


def test_the_average_is_1_at_rest_and_either_part_can_alarm() -> None:
    """Both games start at 1; each alone can bring the average to the alarm, and the outset no further."""
    rest = outset.Outset.fresh()
    assert float(outset.together(0.0, rest, 0.025)) == pytest.approx(0, abs=1e-12)
    sure = outset.Outset(np.asarray(9.0), np.asarray(0.99))
    assert float(outset.together(-math.inf, sure, 0.025)) > math.log(40)
    assert float(outset.together(math.log(40 / 0.6), rest, 0.025)) > math.log(40)


def test_it_is_stored_to_the_last_bit() -> None:
    """Through JSON nothing is lost."""
    state = outset.update(outset.Outset.fresh(), np.array([0.3, -1.2]), np.array([9.0, 5.0]), HELD, held=HELD)
    assert outset.Outset.from_json(state.as_json()) == state
