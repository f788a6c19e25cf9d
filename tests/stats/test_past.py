"""The alarm that compares a batch with its own past: exact quantiles, fair bets, what it finds and when."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from vigil.stats import alarm, betting, intervals, metrics, past

F1 = metrics.get("f1")
BUDGET = alarm.budget(0.05)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 40), st.integers(0, 40), st.integers(0, 400), st.integers(0, 400), st.floats(0.001, 0.999)
)
def test_the_quantile_is_that_of_the_hypergeometric(
    hits: int, misses: int, old_hits: int, old_misses: int, place: float
) -> None:
    """The randomised rank in our own summation is the one of the textbook distribution."""
    total, good, drawn = hits + misses + old_hits + old_misses, hits + old_hits, hits + misses
    ours = past.quantile(*(np.array(float(part)) for part in (hits, drawn, good, total, place)))
    law = stats.hypergeom(total, good, drawn)
    below, above = law.cdf(hits - 1), law.sf(hits)
    lower, upper = below + place * law.pmf(hits), above + (1 - place) * law.pmf(hits)
    expected = stats.norm.ppf(lower) if lower < upper else -stats.norm.ppf(upper)
    assert float(ours) == pytest.approx(expected, abs=1e-6)


def test_quantiles_are_standard_normal_and_independent() -> None:
    """With nothing changed, quantiles of 2,000 streams are N(0, 1), also from batch to batch."""
    random = np.random.default_rng(5)
    hits = random.binomial(50, 0.6, 2000).astype(float)
    old, found = np.stack([hits, 50 - hits]), []
    for _ in range(5):
        hits = random.binomial(25, 0.6, 2000).astype(float)
        total = 25 + old.sum(axis=0)
        found.append(past.quantile(hits, np.full(2000, 25.0), hits + old[0], total, random.random(2000)))
        old += np.stack([hits, 25 - hits])
    assert stats.kstest(np.array(found).ravel(), "norm").pvalue > 0.001
    assert np.abs(np.corrcoef(found) - np.eye(5)).max() < 0.08


def test_a_large_batch_is_cheap_and_finite() -> None:
    """A million counted rows use a narrow range of numbers, and an absurd drop stays finite."""
    growth = past.log_growth((300_000, 700_000), (9_000_000, 1_000_000), 0.5)
    assert np.isfinite(growth).all()
    assert growth.max() > 30


def test_a_batch_without_counted_rows_moves_nothing() -> None:
    """No hits and no misses say nothing, and neither does a batch without a past."""
    assert np.array_equal(past.log_growth((0, 0), (30, 20), 0.3), np.zeros(8))
    assert np.array_equal(past.log_growth((9, 4), (0, 0), 0.3), np.zeros(8))


def test_the_place_of_a_batch_never_changes() -> None:
    """A batch's place follows from its id alone, lies inside (0, 1), and is evenly spread."""
    places = [past.place_of(f"batch {number}") for number in range(500)]
    assert places == [past.place_of(f"batch {number}") for number in range(500)]
    assert 0 < min(places) < max(places) < 1
    assert stats.kstest(places, "uniform").pvalue > 0.01


def draw(random: np.random.Generator, rows: int, f1: float, streams: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw TP and FP + FN of batches with prevalence 0.2, recall and precision at ``f1``."""
    share = f1 / (2 - f1)
    counted = random.binomial(rows, 0.2 * f1 / share, streams)
    tp = random.binomial(counted, share)
    return tp, counted - tp


def first_alarms(
    held: int, batches: int, *, drop: float = 0.0, change: int = 0, rows: int = 500, streams: int = 200
) -> tuple[np.ndarray, np.ndarray]:
    """Return at which batch the alarm against a level and the one without fire, NaN for never."""
    random = np.random.default_rng(held + change)
    hits, misses = draw(random, held, 0.75, streams)
    level = np.maximum(intervals.f1_lower(hits, misses, BUDGET.delta_a) - 0.02, 1e-6)
    share = intervals.share_from_f1(level)[:, None]
    a, b = betting.Evidence.fresh(1, (streams,)), betting.Evidence.fresh(1, (streams,))
    first = np.full((2, streams), np.nan)
    for batch in range(1, batches + 1):
        tp, errors = draw(random, rows, 0.75 - drop * (batch > change), streams)
        a = betting.update(a, betting.log_growth(tp[:, None], errors[:, None], share))
        growth = past.log_growth((tp, errors), (hits, misses), random.random(streams))
        b = betting.update(b, growth[:, None, :])
        hits, misses = hits + tp, misses + errors
        for row, evidence, alpha in ((0, a, BUDGET.alpha_a), (1, b, BUDGET.alpha_b)):
            fired = betting.log_e_value(evidence) >= -math.log(alpha)
            first[row, fired & np.isnan(first[row])] = batch
    return first[0], first[1]


def test_nothing_changed_means_no_alarm() -> None:
    """Over 150 batches after small holdouts at most 2 % of streams fire, where 2.5 % are allowed."""
    for held in (200, 2000):
        _, b = first_alarms(held, 150)
        assert np.mean(~np.isnan(b)) <= 0.02


def test_a_late_drop_is_found_that_a_level_cannot_see() -> None:
    """A drop of 0.05 after 50 batches, holdout 500: found within 100 nearly always; by a level rarely."""
    a, b = first_alarms(500, 150, drop=0.05, change=50)
    assert np.mean((b > 50) & (b <= 150)) >= 0.97
    assert np.mean(~np.isnan(a)) <= 0.15


def test_a_drop_at_the_start_needs_a_large_holdout() -> None:
    """A change before the first batch is absorbed by a small holdout's past and found by a large one's."""
    found = [np.mean(~np.isnan(np.fmin(*first_alarms(held, 60, drop=0.1)))) for held in (200, 500, 2000)]
    assert found[0] < found[1] < found[2]
    assert found[2] >= 0.9


def test_evidence_of_both_alarms_is_of_one_kind() -> None:
    """One stream's growth updates the same evidence as the other alarm's, and survives storage."""
    growth = past.log_growth((30, 20), (300, 100), past.place_of("a"))
    evidence = betting.update(betting.Evidence.fresh(1), growth)
    assert betting.Evidence.from_json(evidence.as_json()).log_wealth.shape == (1, 8)
    assert not past.alarms(evidence, alpha=0.025)


def test_choosing_among_candidates_raises_the_bar() -> None:
    """Evidence that alarms alone does not alarm for the best of four."""
    evidence = betting.Evidence(np.full((1, 8), math.log(100.0)), batches=3, spent=0.9)
    assert past.alarms(evidence, alpha=0.025)
    assert not past.alarms(evidence, alpha=0.025, choices=4)


def table(tp: int, errors: int) -> dict:
    """Return the tally of a batch."""
    return {"confusion": [[500, errors // 2], [errors - errors // 2, tp]]}


def test_the_change_is_told_in_metric_units() -> None:
    """Where it changed, and F1 before and after; a rise is no worsening."""
    tallies = [table(80, 40)] * 6 + [table(50, 70)] * 3
    found = past.change(F1, tallies, table(160, 80))
    assert found.index == 6
    assert (found.before, found.after) == pytest.approx((0.8, 100 / 170))
    assert found.worse_by(F1) == pytest.approx(0.8 - 100 / 170)
    assert past.change(F1, tallies[::-1], table(80, 120)).worse_by(F1) < 0


def test_an_undefined_side_is_no_worsening() -> None:
    """Without a counted row after the change nothing is claimed."""
    assert past.Change(0, 0.8, None).worse_by(F1) == 0.0


def test_only_whole_rows_are_compared() -> None:
    """Counts of rows can be compared with their past; sums of losses cannot."""
    mae = metrics.get("mae").tally(np.zeros(3), np.ones(3), classes=0, clip=2.0)
    assert past.compares(table(3, 4))
    assert not past.compares(mae)
