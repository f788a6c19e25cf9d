"""The alarm at the holdout's class mix: silent when only the mix moves, awake when the model does."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from vigil.stats import alarm, betting, intervals, metrics, rates, standardised

F1 = metrics.get("f1")
BUDGET = alarm.budget(0.05)
HOLDOUT = {"confusion": [[75_000, 5_000], [5_000, 15_000]]}


def level(**changes) -> dict:
    """Return the level of a large holdout at prevalence 0.2, TPR 0.75, FPR 0.0625."""
    made = standardised.level(F1, HOLDOUT, **{"delta": 0.02, "tolerance": 0.02, **changes})
    assert made is not None
    return made


def batches(
    random: np.random.Generator, streams: int, prevalence: float, recall: float, fpr: float
) -> np.ndarray:
    """Draw tables of batches of 1,000 rows, shape (streams, 2, 2)."""
    positive = random.binomial(1000, prevalence, streams)
    tp, fp = random.binomial(positive, recall), random.binomial(1000 - positive, fpr)
    return np.stack([np.stack([1000 - positive - fp, fp], -1), np.stack([positive - tp, tp], -1)], -2)


def fired(prevalence: float, recall: float, fpr: float, count: int, streams: int = 100) -> tuple:
    """Return by when plain and standardised alarms fire, NaN for never."""
    random = np.random.default_rng(3)
    plain_level = F1.level(HOLDOUT, delta=0.02, tolerance=0.02)
    plain, even = betting.Evidence.fresh(1, (streams,)), betting.Evidence.fresh(1, (streams,))
    first = np.full((2, streams), np.nan)
    for batch in range(1, count + 1):
        tables = batches(random, streams, prevalence, recall, fpr)
        hits, misses = tables[:, 1, 1], tables[:, 0, 1] + tables[:, 1, 0]
        share = plain_level["shares"][0]
        plain = betting.update(plain, betting.log_growth(hits, misses, share)[:, None, :])
        even = betting.update(even, standardised.log_growth(F1, tables, level()))
        for row, evidence in ((0, plain), (1, even)):
            over = betting.log_e_value(evidence) >= -math.log(BUDGET.alpha_a)
            first[row, over & np.isnan(first[row])] = batch
    return first[0], first[1]


def test_a_changed_mix_alone_raises_no_alarm() -> None:
    """Prevalence 0.20 → 0.15 moves F1 from 0.750 to 0.713: plain F1 fires in time, standardised never."""
    plain, even = fired(0.15, 0.75, 0.0625, 150)
    assert np.mean(~np.isnan(plain)) > 0.9
    assert np.isnan(even).all()


def test_a_real_drop_is_found_whatever_the_mix() -> None:
    """F1 at the holdout's mix falls from 0.75 to 0.65: found in 2 to 6 batches, at either prevalence."""
    for prevalence in (0.15, 0.2):
        _, even = fired(prevalence, 0.65, 0.0875, 20)
        assert 2 <= np.median(even) <= 6


def test_at_the_level_itself_the_bets_are_fair() -> None:
    """With rates that give exactly the level at the holdout's mix, wealth does not grow on average."""
    made = level()
    random = np.random.default_rng(8)
    for recall, prevalence in ((0.75, 0.2), (0.75, 0.08), (0.9, 0.35)):
        # c = 2·π0·TPR/(π0·TPR + π0 + (1 − π0)·FPR), solved for FPR
        fpr = (2 * 0.2 * recall / made["value"] - 0.2 * recall - 0.2) / 0.8
        growth = standardised.log_growth(F1, batches(random, 20_000, prevalence, recall, fpr), made)[:, 0]
        # The boldest bets' wealth is carried by too few streams to be averaged.
        assert np.exp(growth[:, :3]).mean(axis=0).max() < 1.03


def test_at_the_holdouts_own_mix_it_is_the_plain_bet() -> None:
    """Weights of one leave the bets of F1 as they are."""
    made = {"value": 0.7, "shares": [0.7 / 1.3], "mix": [0.8, 0.2]}
    even = standardised.log_growth(F1, [[750, 50], [60, 140]], made)
    assert even[0] == pytest.approx(betting.log_growth(140, 110, 0.7 / 1.3))


@settings(max_examples=60)
@given(st.lists(st.integers(0, 30), min_size=4, max_size=4), st.floats(0.05, 0.95))
def test_no_bet_loses_everything(counts: list[int], mix: float) -> None:
    """Whatever a batch holds, the growth is finite, and zero when it lacks a class that could have helped."""
    table = np.array(counts).reshape(2, 2)
    for name in ("f1", "precision", "recall", "accuracy"):
        made = {"value": 0.6, "shares": [0.5], "mix": [1 - mix, mix]}
        growth = standardised.log_growth(metrics.get(name), table, made)
        assert np.isfinite(growth).all()
        rows = table.sum(axis=1)
        assert rows.all() or not growth.any() or (rows[1] and name != "accuracy")


def test_the_level_is_below_the_reference_and_tightens() -> None:
    """The level lies below F1 less the tolerance, less far for more rows or a larger error."""
    small = {"confusion": [[750, 50], [50, 150]]}
    found = standardised.level(F1, small, delta=0.02, tolerance=0.02)
    assert found["value"] < level()["value"] < 0.73
    assert level(choices=4)["value"] < level()["value"]
    assert level()["mix"] == pytest.approx([0.8, 0.2])


@pytest.mark.parametrize("table", [[[90, 3], [3, 6]], [[0, 0], [10, 60]], [[50, 40], [40, 1]]])
def test_too_little_gives_no_level(table: list) -> None:
    """Few counted rows, a missing class, or a bound at zero: no level is claimed."""
    assert standardised.level(F1, {"confusion": table}, delta=0.02, tolerance=0.02) is None


def test_the_score_at_another_mix() -> None:
    """TPR 0.75 and FPR 0.0625 make F1 0.750 at prevalence 0.20 and 0.713 at 0.15."""
    batch = {"confusion": [[850 * 15 / 16, 850 / 16], [37.5, 112.5]]}
    assert F1.value(batch) == pytest.approx(0.713, abs=0.001)
    assert standardised.value(F1, batch, [0.8, 0.2]) == pytest.approx(0.75)
    assert standardised.value(F1, {"confusion": [[9, 1], [0, 0]]}, [0.8, 0.2]) is None


def test_which_metrics_it_fits() -> None:
    """Single shares over two classes, and of more the classes' F1 and what is right."""
    assert standardised.fits(F1, HOLDOUT)
    assert not standardised.fits(metrics.get("recall"), HOLDOUT)
    for name in ("macro_f1", "accuracy"):
        assert standardised.fits(metrics.get(name), {"confusion": [[1] * 3] * 3})
    assert not standardised.fits(metrics.get("mae"), {"rows": 3})


@pytest.mark.parametrize("name", ["f1", "f2", "precision", "balanced_accuracy"])
def test_the_bound_is_above_the_truth_as_seldom_as_allowed(name: str) -> None:
    """Over all tables of 24 and 6 rows, weighed by their chances, whatever both rates are."""
    metric, sizes, delta = metrics.get(name), (24, 6), 0.1
    right = [np.arange(size + 1) for size in sizes]
    bounds = np.array(
        [
            [
                rates.score_lower(metric, table(sizes, (good, hits)), delta, mix=mix_of(name))
                for good in right[0]
            ]
            for hits in right[1]
        ]
    )
    grid = np.concatenate([[0.01], np.linspace(0.05, 0.95, 19), [0.99]])
    for specificity, recall in itertools.product(grid, grid):
        truth = float(metric.score(table(sizes, (24 * specificity, 6 * recall)) * 1e6))
        chances = stats.binom.pmf(right[1], 6, recall)[:, None] * stats.binom.pmf(right[0], 24, specificity)
        assert chances[bounds > truth + 1e-9].sum() <= delta


def table(sizes: tuple[int, int], good: tuple[float, float]) -> np.ndarray:
    """Return the counts of classes of these sizes with so many right answers."""
    return np.array([[good[0], sizes[0] - good[0]], [sizes[1] - good[1], good[1]]], dtype=float)


def mix_of(name: str) -> tuple[float, float] | None:
    """Return how a score weighs the classes, None for as they are."""
    return (0.5, 0.5) if name == "balanced_accuracy" else None


def test_a_level_costs_little_however_many_rows() -> None:
    """A million held-out rows give a level too, close below their score."""
    large = {"confusion": [[750_000, 50_000], [50_000, 150_000]]}
    found = standardised.level(F1, large, delta=0.02, tolerance=0.0)
    assert 0.747 < found["value"] < 0.75


def test_the_bound_is_as_tight_as_the_plain_one_and_holds() -> None:
    """Over 150 small holdouts the bound is near that of plain F1, and above the truth at most rarely."""
    random, wrong, gap = np.random.default_rng(1), 0, []
    for _ in range(150):
        positive = random.binomial(300, 0.2)
        tp, fp = random.binomial(positive, 0.75), random.binomial(300 - positive, 0.0625)
        table = np.array([[300 - positive - fp, fp], [positive - tp, tp]], dtype=float)
        found = rates.score_lower(F1, table, 0.1)
        truth = 2 * positive * 0.75 / (positive * 1.75 + (300 - positive) * 0.0625)
        wrong += found > truth
        gap.append(found - float(intervals.f1_from_share(intervals.share_lower(tp, fp + positive - tp, 0.1))))
    assert wrong <= 25
    assert abs(np.mean(gap)) < 0.01
