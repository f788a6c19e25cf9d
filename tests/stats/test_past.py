"""The alarm that compares a batch with its own past: exact quantiles, fair bets, what it finds and when."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from vigil.stats import alarm, betting, metrics, outset, past

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
    """A million counted rows are quickly reckoned, and an absurd drop stays finite."""
    counts, before = ([300_000], [1_000_000]), ([9_000_000], [10_000_000])
    growth = past.log_growth(past.ranked(counts, before, past.places_of("a", 1)), counts[1], before[1])
    assert np.isfinite(growth).all()
    assert growth.max() > 30


def grown(counts: tuple, before: tuple) -> np.ndarray:
    """Return the growth of two classes' bets on one batch."""
    return past.log_growth(past.ranked(counts, before, [0.3, 0.3]), counts[1], before[1])


def test_a_batch_without_counted_rows_moves_nothing() -> None:
    """A class without rows says nothing, and neither does one without a past."""
    assert not grown(([0, 0], [0, 0]), ([30, 40], [50, 50])).any()
    assert not grown(([9, 3], [13, 4]), ([0, 0], [0, 0])).any()
    one = grown(([9, 0], [13, 0]), ([30, 40], [50, 50]))
    assert one[1].any()
    assert not one[[0, 2]].any()


def test_the_capital_is_dealt_among_the_processes() -> None:
    """The parts sum to 1, one for all classes together and one for each; a single class needs but one."""
    assert past.parts(1) == (1.0,)
    for classes in (2, 5):
        assert len(past.parts(classes)) == classes + 1
        assert sum(past.parts(classes)) == pytest.approx(1)


def test_the_places_of_a_batch_never_change() -> None:
    """A batch's places follow from its id alone, lie inside (0, 1), and are evenly spread."""
    places = np.array([past.places_of(f"batch {number}", 2) for number in range(500)])
    assert np.array_equal(places, [past.places_of(f"batch {number}", 2) for number in range(500)])
    assert 0 < places.min() < places.max() < 1
    assert stats.kstest(places.ravel(), "uniform").pvalue > 0.01
    assert abs(np.corrcoef(places.T)[0, 1]) < 0.15


def draw(
    random: np.random.Generator, rows: int, rates: tuple[float, float], streams: int, prevalence: float = 0.2
) -> tuple[np.ndarray, np.ndarray]:
    """Draw right answers and rows by class, each (streams, 2), at rates of true and false positives."""
    positive = random.binomial(rows, prevalence, streams)
    right = [random.binomial(rows - positive, 1 - rates[1]), random.binomial(positive, rates[0])]
    return np.stack(right, -1), np.stack([rows - positive, positive], -1)


GOOD, WORSE, FAR_WORSE = (0.75, 0.0625), (0.70, 0.075), (0.65, 0.0875)


def first_alarms(
    held: int,
    batches: int,
    *,
    after: tuple[float, float] = GOOD,
    change: int = 0,
    rows: int = 500,
    prevalence: float = 0.2,
    streams: int = 200,
) -> np.ndarray:
    """Return at which batch each stream's comparison reaches its alarm, NaN for never."""
    random = np.random.default_rng(held + change)
    old_right, old = draw(random, held, GOOD, streams)
    first_rows, parts = old, past.parts(2)
    evidence, from_start = betting.Evidence.fresh(len(parts), (streams,)), outset.Outset.fresh((streams,))
    first = np.full(streams, np.nan)
    for batch in range(1, batches + 1):
        late = batch > change
        right, size = draw(random, rows, after if late else GOOD, streams, prevalence if late else 0.2)
        z = past.ranked((right, size), (old_right, old), random.random((streams, 2)))
        evidence = betting.update(evidence, past.log_growth(z, size, old))
        from_start = outset.update(from_start, z, size, old, held=first_rows)
        old_right, old = old_right + right, old + size
        log_e = outset.together(betting.log_e_value(evidence, parts), from_start, BUDGET.alpha_b)
        fired = log_e >= -math.log(BUDGET.alpha_b)
        first[fired & np.isnan(first)] = batch
    return first


def test_nothing_changed_means_no_alarm() -> None:
    """Over 150 batches after small holdouts at most 2 % of streams fire, where 2.5 % are allowed."""
    for held in (200, 2000):
        assert np.mean(~np.isnan(first_alarms(held, 150))) <= 0.02


def test_a_changed_class_mix_is_no_change() -> None:
    """Positives fall from 0.20 to 0.10 of the rows, which takes F1 far down, and nothing fires."""
    assert np.mean(~np.isnan(first_alarms(500, 150, change=50, prevalence=0.1))) <= 0.02


def test_a_late_drop_is_found_that_a_level_cannot_see() -> None:
    """A drop of F1 by 0.05 after 50 batches, holdout 500: found within 100 nearly always."""
    found = first_alarms(500, 150, after=WORSE, change=50)
    assert np.mean((found > 50) & (found <= 150)) >= 0.97


def test_a_drop_in_one_class_alone_is_found() -> None:
    """A drop of F1 by 0.05 that is all false negatives, or all false positives, is found as well."""
    for rates in ((0.6835, 0.0625), (0.75, 0.0925)):
        assert np.mean(first_alarms(500, 150, after=rates, change=50) > 50) >= 0.97


def test_a_drop_at_the_start_is_found_as_the_holdout_allows() -> None:
    """A fall of F1 by 0.10 before the first batch: in a quarter of lives with 200 rows held out, or more."""
    found = [np.mean(~np.isnan(first_alarms(held, 60, after=FAR_WORSE))) for held in (200, 500, 2000)]
    assert found[0] >= 0.2
    assert found[1] >= 0.5
    assert found[2] >= 0.97


def test_clusters_are_divided_out() -> None:
    """Counts that vary four times as much as those of single rows raise no alarm when that is said."""
    random, streams = np.random.default_rng(4), 300
    fired = []
    for spread in (1.0, 4.0):
        old_right, old = np.full((streams, 1), 300.0), np.full((streams, 1), 400.0)
        evidence, ever = betting.Evidence.fresh(1, (streams,)), np.zeros(streams, dtype=bool)
        for _ in range(100):
            right = 4.0 * random.binomial(25, 0.75, (streams, 1))
            rows, places = np.full((streams, 1), 100.0), random.random((streams, 1))
            z = past.ranked((right, rows), (old_right, old), places, spread=spread)
            evidence = betting.update(evidence, past.log_growth(z, rows, old, spread=spread))
            old_right, old = old_right + right, old + 100
            ever |= betting.log_e_value(evidence) >= -math.log(BUDGET.alpha_b)
        fired.append(ever.mean())
    assert fired[0] > 0.3
    assert fired[1] <= 0.025


def table(tp: int, errors: int) -> dict:
    """Return the tally of a batch."""
    return {"confusion": [[500, errors // 2], [errors - errors // 2, tp]]}


def test_the_change_is_told_in_metric_units() -> None:
    """Where it changed, how surely, and F1 before and after; a rise is no worsening."""
    tallies = [table(80, 40)] * 6 + [table(50, 70)] * 3
    found = past.change(F1, tallies, table(160, 80))
    assert found.index == 6
    assert 6 in found.likely
    assert found.before == pytest.approx(0.8, abs=0.05)
    assert found.after < 0.7
    assert found.worse_by(F1) == found.before - found.after
    assert past.change(F1, tallies[::-1], table(80, 120)).worse_by(F1) < 0


def test_an_undefined_side_is_no_worsening() -> None:
    """Without a counted row after the change nothing is claimed."""
    assert past.Change(0, 0.8, None).worse_by(F1) == 0.0


def test_classes_that_move_the_score_are_compared() -> None:
    """Recall looks at positives alone, F1 at both classes, a loss at none."""
    binary = table(3, 4)
    assert past.watched(F1, binary) == (0, 1)
    assert past.watched(metrics.get("recall"), binary) == (1,)
    assert past.watched(metrics.get("macro_f1"), {"confusion": [[1] * 3] * 3}) == (0, 1, 2)
    assert past.watched(metrics.get("mae"), {"rows": 3}) == ()
    assert [part.tolist() for part in past.counted(binary, (0, 1))] == [[500, 3], [502, 5]]


def test_when_it_changed_is_said_with_its_range() -> None:
    """The likeliest batch, and the range that holds 90 % of the probability."""
    names = ["a.csv", "b.csv", "c.csv"]
    assert past.Change(1, 0.8, 0.6, (0, 1)).words(names) == (
        "It changed most likely with b.csv, surely at 90 % between a.csv and b.csv."
    )
    assert past.Change(2, 0.8, 0.6, (2,)).words(names).endswith("c.csv, at 90 % with no other.")
