"""The betting martingale: recursion, budget, storage, and what it promises on simulated streams."""

from __future__ import annotations

import json
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.stats import betting, intervals

BATCH = st.tuples(st.integers(0, 12), st.integers(0, 12))


def naive_e_value(batches: list[tuple[int, int]], c: float) -> float:
    """Multiply wealth out as F1 bets on every row, without logs."""
    wealth = [0.0] * len(betting.BETS)
    left = 1.0
    for number, (tp, errors) in enumerate(batches, start=1):
        weight = betting.restart_weight(number)
        left -= weight
        for place, bet in enumerate(betting.BETS):
            stake = bet / (2 - 2 * c)
            factor = (1 - stake * (2 - 2 * c)) ** tp * (1 + stake * c) ** errors
            wealth[place] = (wealth[place] + weight) * factor
    return sum(wealth) / len(wealth) + left


@settings(max_examples=60)
@given(st.lists(BATCH, max_size=20), st.floats(0.05, 0.95))
def test_updates_in_logs_equal_the_plain_product(batches: list[tuple[int, int]], c: float) -> None:
    """The recursion in logs gives the e-value that multiplying out gives."""
    evidence = betting.Evidence.fresh(1)
    share = intervals.share_from_f1(c)
    for tp, errors in batches:
        evidence = betting.update(evidence, betting.log_growth([tp], [errors], share))
    expected = math.log(naive_e_value(batches, c))
    assert math.isclose(float(betting.log_e_value(evidence)), expected, abs_tol=1e-9)


def test_fresh_evidence_is_one() -> None:
    """Before the first batch the e-value is 1, whatever the number of processes."""
    for processes in (1, 2, 7):
        assert float(betting.log_e_value(betting.Evidence.fresh(processes))) == 0.0


def test_bets_run_from_a_fiftieth_to_three_fifths() -> None:
    """There are eight bets, geometric from 0.02 to 0.6."""
    ratios = np.diff(np.log(betting.BETS))
    assert np.allclose(betting.BETS[0], 0.02)
    assert np.allclose(betting.BETS[-1], 0.6)
    assert np.allclose(ratios, ratios[0])
    assert len(betting.BETS) == 8


def test_restart_capital_never_exceeds_one() -> None:
    """Half of the capital is out after the planned life, and the rest is never overspent."""
    weights = [betting.restart_weight(batch) for batch in range(1, 100_001)]
    assert sum(weights) < 1
    assert math.isclose(sum(weights), 1, abs_tol=1e-5)
    assert math.isclose(sum(weights[: betting.PLANNED_BATCHES]), 1, abs_tol=6e-4)


def test_evidence_survives_strict_json() -> None:
    """Evidence comes back to the last bit, and needs no NaN or infinity in its JSON."""
    for evidence in (betting.Evidence.fresh(2), grown(2)):
        stored = json.loads(json.dumps(evidence.as_json(), allow_nan=False))
        back = betting.Evidence.from_json(stored)
        assert np.array_equal(back.log_wealth, evidence.log_wealth)
        assert (back.batches, back.spent) == (evidence.batches, evidence.spent)


def grown(processes: int) -> betting.Evidence:
    """Return evidence after three batches."""
    evidence = betting.Evidence.fresh(processes)
    for errors in (3, 9, 4):
        evidence = betting.update(evidence, betting.log_growth([10] * processes, [errors] * processes, 0.6))
    return evidence


def test_long_alarms_do_not_overflow() -> None:
    """Wealth beyond any float stays finite in logs."""
    evidence = betting.update(betting.Evidence.fresh(1), betting.log_growth([0], [100_000], 0.5))
    assert 10_000 < float(betting.log_e_value(evidence)) < math.inf


def test_a_fair_row_multiplies_wealth_by_one() -> None:
    """At the level itself the mean factor of each bet is exactly 1; above it, below 1."""
    hit, miss = (np.exp(betting.log_growth(*counts, 0.6)) for counts in ((1, 0), (0, 1)))
    assert np.allclose(0.6 * hit + 0.4 * miss, 1)
    assert (0.7 * hit + 0.3 * miss < 1 - 1e-3).all()


def first_alarms(share: float, streams: int, batches: int, seed: int) -> np.ndarray:
    """Return the first batch with e >= 100 for batches of 50 hits and misses, level F1 0.73."""
    random = np.random.default_rng(seed)
    evidence = betting.Evidence.fresh(1, (streams,))
    level = intervals.share_from_f1(0.73)
    first = np.full(streams, batches + 1)
    for batch in range(1, batches + 1):
        hits = random.binomial(50, share, size=(streams, 1))
        evidence = betting.update(evidence, betting.log_growth(hits, 50 - hits, level))
        first[(betting.log_e_value(evidence) >= math.log(100)) & (first > batches)] = batch
    return first


def test_nothing_changed_means_no_alarm() -> None:
    """Three hundred streams of three hundred batches at the reference raise no alarm."""
    assert (first_alarms(0.6, 300, 300, seed=1) > 300).all()


def test_at_the_level_false_alarms_stay_within_alpha() -> None:
    """At the worst case of the null hypothesis alarms are as rare as promised: 1 in 100."""
    level = float(intervals.share_from_f1(0.73))
    fired = int((first_alarms(level, 1000, 300, seed=2) <= 300).sum())
    assert fired <= 20  # 10 expected at most; three standard deviations above that


def test_a_drop_is_found_in_time() -> None:
    """A drop of F1 by 0.10 is found in about 7 batches of 200 rows, one of 0.05 in about 42."""
    large = np.median(first_alarms(float(intervals.share_from_f1(0.65)), 300, 60, seed=3))
    small = np.median(first_alarms(float(intervals.share_from_f1(0.70)), 300, 150, seed=4))
    assert 5 <= large <= 10
    assert 32 <= small <= 58


def test_losses_bet_against_a_mean_that_is_too_high() -> None:
    """Wealth is a fair game at the level, and grows for larger losses."""
    losses, even = np.array([0.0, 1.0]), np.array([0.5, 0.5])
    for weight_of_one, sign in ((0.3, 0), (0.6, 1)):
        shares = np.array([1 - weight_of_one, weight_of_one])
        factors = [np.exp(betting.log_growth_of_losses(losses[[k]], np.ones(1), 0.3)) for k in (0, 1)]
        mean = shares[0] * factors[0] + shares[1] * factors[1]
        assert (np.sign(np.round(mean - 1, 9)) == sign).all()
    assert betting.log_growth_of_losses(losses, even, 0.3).shape == (8,)
