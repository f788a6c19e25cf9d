"""The gate: exact tests, honest levels, abstention, margins."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.stats import gate, metrics, swaps
from vigil.stats.metrics._cells import CellMetric

CELLS = st.lists(st.integers(0, 8), min_size=8, max_size=8).map(lambda c: np.reshape(c, (2, 2, 2)))
#: Metrics of counts: those of probabilities are compared row by row.
BINARY = [name for name in metrics.names("binary") if isinstance(metrics.get(name), CellMetric)]


def every_swap(metric, cells: np.ndarray) -> float:
    """Add up the probability of every way to share the discordant rows that does as well."""
    n1, n0 = int(cells[1, 0, 1] + cells[1, 1, 0]), int(cells[0, 0, 1] + cells[0, 1, 0])

    def gain(first: int, second: int) -> float:
        left = np.array([n0 - second, n1 - first])
        taken = np.array([second, first])
        no, yes = cells[:, 0, 0], cells[:, 1, 1]
        after = metric.value({"confusion": np.stack([no + left, yes + taken], axis=1).tolist()})
        before = metric.value({"confusion": np.stack([no + taken, yes + left], axis=1).tolist()})
        return (after or 0.0) - (before or 0.0)

    seen = gain(int(cells[1, 0, 1]), int(cells[0, 0, 1]))
    ways = [
        math.comb(n1, first) * math.comb(n0, second)
        for first in range(n1 + 1)
        for second in range(n0 + 1)
        if gain(first, second) >= seen - 1e-12
    ]
    return sum(ways) / 2 ** (n1 + n0)


@pytest.mark.parametrize("name", BINARY)
@settings(max_examples=15, deadline=None)
@given(cells=CELLS)
def test_swap_test_is_exact(name: str, cells: np.ndarray) -> None:
    """Halving gives the p-value that adding up every swap gives, ties included."""
    metric = metrics.get(name)
    p_value = swaps.exact(metric, cells.astype(float))
    assert p_value == pytest.approx(every_swap(metric, cells), abs=1e-9)


def test_swap_test_stands_large_counts() -> None:
    """A billion rows cost no more than their discordant rows' spread."""
    cells = np.array([[[7e8, 4e6], [4.1e6, 3e7]], [[3e7, 5e6], [4.99e6, 2e8]]])
    p_value = swaps.exact(metrics.get("f1"), cells)
    assert 0 <= p_value < 1e-6


def equal_cells(rows: int, tries: int, gain: float = 0.0) -> np.ndarray:
    """Draw counts for a champion of F1 0.75 and a challenger of 0.75 + gain that copies half of it."""
    cells = np.zeros((2, 2, 2))
    for truth, weight in ((0, 0.8), (1, 0.2)):
        first, second = (0.25 * (1 - f1) if truth == 0 else f1 for f1 in (0.75, 0.75 + gain))
        rest = max((second - 0.5 * first) / 0.5, 0)
        for old, share in ((0, 1 - first), (1, first)):
            yes = 0.5 * old + 0.5 * rest
            cells[truth, old] = weight * share * np.array([1 - yes, yes])
    drawn = np.random.default_rng(rows).multinomial(rows, cells.ravel(), size=tries)
    return drawn.reshape(-1, 2, 2, 2)


def promoted(cells: np.ndarray, **options) -> float:
    """Return the share of draws that are promoted."""
    f1 = metrics.get("f1")
    return float(np.mean([gate.compare_cells(f1, draw, **options).promote for draw in cells]))


def test_equal_challengers_are_rarely_promoted() -> None:
    """On 500 rows an equal challenger passes in about 1 of 25 tries, one 0.05 better in about half."""
    assert 0.02 <= promoted(equal_cells(500, 1200), attempt=0) <= 0.065
    assert 0.30 <= promoted(equal_cells(500, 400, gain=0.05), attempt=0) <= 0.60
    assert promoted(equal_cells(2000, 300, gain=0.05), attempt=0) >= 0.85


def test_attempts_share_one_level() -> None:
    """The levels of all attempts on the same rows add up to no more than the whole."""
    levels = [gate.attempt_level(0.05, attempt) for attempt in range(1, 2000)]
    assert levels[0] == pytest.approx(0.025)
    assert sum(levels) <= 0.05
    assert gate.attempt_level(0.05, 0) == 0.05


def test_lower_bound_is_below_the_true_difference() -> None:
    """The delta-method bound at level 0.05 exceeds the true difference in about 1 of 20 draws."""
    f1 = metrics.get("f1")
    results = [gate.compare_cells(f1, draw, attempt=0) for draw in equal_cells(2000, 800)]
    assert 0.03 <= np.mean([result.lower_bound > 0 for result in results]) <= 0.075


def test_the_error_is_that_of_the_difference() -> None:
    """For models that mostly agree, the bound's width is the spread of the difference, not of a score."""
    f1 = metrics.get("f1")
    chances = np.array([[[0.76, 0.01], [0.01, 0.02]], [[0.04, 0.01], [0.01, 0.14]]])
    drawn = np.random.default_rng(8).multinomial(1000, chances.ravel(), size=500).reshape(-1, 2, 2, 2)
    results = [gate.compare_cells(f1, draw, attempt=0) for draw in drawn]
    spread = np.std([result.difference for result in results])
    widths = [(result.difference - result.lower_bound) / 1.6449 for result in results]
    assert np.mean(widths) == pytest.approx(spread, rel=0.1)


def test_both_hurdles_must_be_taken() -> None:
    """A bound above zero does not promote without the swap test, nor the swap test without the bound."""
    f1 = metrics.get("f1")
    results = [gate.compare_cells(f1, draw, attempt=0) for draw in equal_cells(150, 1200, gain=0.08)]
    decided = [result for result in results if result.p_value is not None]
    hurdles = {(result.lower_bound > 0, result.p_value <= 0.05) for result in decided}
    assert {(True, False), (False, True)} <= hurdles
    for result in decided:
        assert result.promote == (result.lower_bound > 0 and result.p_value <= 0.05)


def test_abstains_on_few_discordant_rows() -> None:
    """Four rows of difference decide nothing, however good the challenger."""
    truth = np.array([1] * 50 + [0] * 50)
    champion, challenger = truth.copy(), truth.copy()
    champion[:4] = 0
    result = gate.compare(metrics.get("f1"), truth, champion, challenger)
    assert (result.outcome, result.promote, result.discordant) == ("abstain", False, 4)
    assert "fewer than 5" in result.reason


def test_abstains_on_few_hits_and_misses() -> None:
    """TP + FP + FN below 20 decides nothing."""
    truth = np.array([1] * 10 + [0] * 500)
    champion = np.where(np.arange(510) < 7, 0, truth)
    assert gate.compare(metrics.get("f1"), truth, champion, truth).outcome == "abstain"


@pytest.mark.parametrize(("name", "classes"), [("f1", 2), ("macro_f1", 3), ("mae", 0)])
def test_no_rows_abstain(name: str, classes: int) -> None:
    """Without a row there is no verdict and no crash."""
    empty = np.array([], dtype=int)
    result = gate.compare(metrics.get(name), empty, empty, empty, classes=classes)
    assert (result.outcome, result.difference) == ("abstain", None)


def test_a_margin_admits_an_equal_challenger() -> None:
    """Not better, but not worse by the margin: kept without it, promoted with it."""
    cells = np.array([[[7000, 100], [100, 300]], [[300, 100], [100, 2000]]])
    f1 = metrics.get("f1")
    assert gate.compare_cells(f1, cells).outcome == "keep"
    assert gate.compare_cells(f1, cells, margin=0.02).outcome == "promote"
    assert gate.compare_cells(f1, cells, margin=0.001).outcome == "keep"


def three_classes(better: float, rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw truth, a champion right in 0.7 of rows and a challenger right in 0.7 + better."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, rows)

    def answers(right: float) -> np.ndarray:
        return np.where(random.random(rows) < right, truth, (truth + random.integers(1, 3, rows)) % 3)

    return truth, answers(0.7), answers(0.7 + better)


def test_classes_swap_at_random_and_repeatably() -> None:
    """With three classes a better challenger passes, an equal one rarely; a seed repeats the p-value."""
    metric = metrics.get("macro_f1")
    better = three_classes(0.1, 800, seed=0)
    first, second = (gate.compare(metric, *better, classes=3, seed=4) for _ in range(2))
    assert first.promote
    assert first == second
    equal = [gate.compare(metric, *three_classes(0, 300, seed=s), classes=3, attempt=0) for s in range(150)]
    assert np.mean([result.promote for result in equal]) <= 0.11
    assert np.mean([result.p_value <= 0.5 for result in equal]) == pytest.approx(0.5, abs=0.13)


def test_random_swaps_agree_with_the_exact_test() -> None:
    """On two classes the random swap test finds the exact p-value within its own noise."""
    f1 = metrics.get("f1")
    for cells in equal_cells(400, 6).astype(float):
        assert swaps.drawn(f1, cells, 0.05, seed=1) == pytest.approx(swaps.exact(f1, cells), abs=0.05)


def test_losses_flip_signs() -> None:
    """A challenger with smaller errors passes; an equal one passes in about 1 of 20 tries."""
    metric = metrics.get("mae")
    random = np.random.default_rng(0)
    truth = random.normal(size=600)
    champion, challenger = (truth + size * random.normal(size=600) for size in (1.0, 0.7))
    result = gate.compare(metric, truth, champion, challenger)
    assert result.promote
    assert result.difference > 0
    noise = random.normal(size=(200, 2, 600))
    equal = [gate.compare(metric, truth, truth + a, truth + b, attempt=0).promote for a, b in noise]
    assert np.mean(equal) <= 0.10


def test_flips_beyond_the_budget_use_the_normal_law() -> None:
    """Where random flips are too many, the normal law of the same flips stands in, close to them."""
    gained = np.random.default_rng(3).normal(0.01, 1, size=20_000)
    many, few = swaps.flipped(gained, 0.0001, seed=0), swaps.flipped(gained, 0.05, seed=0)
    assert many == pytest.approx(few, abs=0.04)


def test_a_margin_for_losses_is_relative() -> None:
    """For mae a margin of 0.05 allows 5 % of the champion's error, whatever the unit."""
    random = np.random.default_rng(1)
    truth, noise = np.zeros(4000), random.normal(size=4000)
    for unit in (1.0, 1000.0):
        champion, challenger = unit * noise, unit * (1.02 * noise)
        for margin, outcome in ((0.05, "promote"), (0.01, "keep")):
            result = gate.compare(metrics.get("mae"), truth, champion, challenger, margin=margin)
            assert result.outcome == outcome


@pytest.mark.parametrize("name", ["f1", "mae"])
def test_results_are_plain_json(name: str) -> None:
    """A result can be stored with the decision it led to."""
    random = np.random.default_rng(0)
    truth, champion, challenger = random.integers(0, 2, size=(3, 300))
    result = gate.compare(metrics.get(name), truth, champion, challenger)
    stored = json.dumps(asdict(result), allow_nan=False)
    assert json.loads(stored)["reason"] == result.reason


def test_a_loss_has_no_cells() -> None:
    """Counts of classes cannot be compared by a metric of losses."""
    with pytest.raises(TypeError, match="not a score of classes"):
        gate.compare_cells(metrics.get("mae"), np.zeros((2, 2, 2), dtype=int))
