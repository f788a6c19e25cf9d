"""Held-out rows weighted until they look like new ones, on generators whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from vigil import estimate
from vigil.estimate import ratio
from vigil.stats import metrics


def test_a_moved_normal_is_weighted_as_its_formula_says() -> None:
    """From N(0, 1) to N(0.8, 1): weights near exp(0.8 x - 0.32), weighted means where the new ones are."""
    random = np.random.default_rng(0)
    held, new = random.normal(0, 1, 20_000), random.normal(0.8, 1, 20_000)
    found = ratio.weights({"x": held}, {"x": new})
    true = np.exp(0.8 * held - 0.32)
    assert np.corrcoef(np.log(found.weight), np.log(true))[0, 1] > 0.98
    assert np.average(held, weights=found.weight) == pytest.approx(0.8, abs=0.05)
    assert np.average(held**2, weights=found.weight) == pytest.approx(1 + 0.8**2, abs=0.15)
    effective = true.sum() ** 2 / (true**2).sum()
    assert found.effective == pytest.approx(effective, rel=0.25)


def test_levels_and_missing_cells_are_weighted_by_their_shares() -> None:
    """A level that is three times as frequent counts three times; so do missing numbers."""
    random = np.random.default_rng(1)

    def drawn(shares: list[float], gaps: float) -> dict[str, np.ndarray]:
        level = random.choice(np.array(["a", "b", None], dtype=object), 20_000, p=shares)
        number = np.where(random.random(20_000) < gaps, np.nan, random.normal(size=20_000))
        return {"level": level, "number": number}

    held, new = drawn([0.2, 0.7, 0.1], 0.1), drawn([0.6, 0.3, 0.1], 0.3)
    weight = ratio.weights(held, new).weight
    for level, share in (("a", 0.6), ("b", 0.3), (None, 0.1)):
        assert weight[held["level"] == level].sum() / weight.sum() == pytest.approx(share, abs=0.02)
    assert weight[np.isnan(held["number"])].sum() / weight.sum() == pytest.approx(0.3, abs=0.02)


def test_unmoved_rows_are_left_as_they_are() -> None:
    """Two samples of one kind: nearly every row counts fully."""
    random = np.random.default_rng(2)
    held, new = (
        {"x": random.normal(size=2_000), "c": random.choice(np.array(["a", "b"], dtype=object), 2_000)}
        for _ in range(2)
    )
    found = ratio.weights(held, new)
    assert found.effective > 1_950
    assert found.weight.mean() == pytest.approx(1)


def test_rows_that_do_not_overlap_leave_few_that_count() -> None:
    """What says that nothing can be said; no row stands for more than it may."""
    random = np.random.default_rng(3)
    found = ratio.weights({"x": random.normal(0, 1, 2_000)}, {"x": random.normal(6, 1, 2_000)})
    assert found.effective < ratio.OVERLAP * 2_000
    assert np.isfinite(found.weight).all()


@pytest.mark.parametrize("name", ["accuracy", "f1", "recall"])
def test_weighting_finds_the_score_where_probabilities_alone_do_not(name: str) -> None:
    """Probabilities that ignore a column which moves: only the weighted estimate is near the truth."""
    random = np.random.default_rng(4)

    def drawn(count: int, share: float) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        x, kind = random.normal(size=count), random.random(count) < share
        truth = (random.random(count) < 1 / (1 + np.exp(-(2 * x - 3 * kind)))).astype(int)
        columns = {"x": x, "kind": np.where(kind, "new", "old").astype(object)}
        return columns, 1 / (1 + np.exp(-2 * x)), truth

    held, said, truth = drawn(20_000, 0.2)
    new, later, real_truth = drawn(20_000, 0.8)
    answer, later_answer = (said > 0.5).astype(int), (later > 0.5).astype(int)
    metric = metrics.get(name)
    real = metric.value(metric.tally(real_truth, later_answer, classes=2, clip=None))
    assert real is not None
    off = {}
    for way, weight in (("plain", None), ("weighted", ratio.weights(held, new).weight)):
        learnt = estimate.learn(truth, answer, said, weight)
        assert learnt is not None
        score = estimate.estimate(learnt, later_answer, later, metric, 2)["score"]
        assert score is not None
        off[way] = abs(score - real)
    assert off["weighted"] < 0.02
    assert off["weighted"] < off["plain"] / 3


def test_a_regressions_error_is_weighted_too() -> None:
    """Errors that hang on a column which the answer does not show."""
    random = np.random.default_rng(5)

    def drawn(count: int, share: float) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        noisy = random.random(count) < share
        answer = random.uniform(0, 10, count)
        truth = answer + random.normal(0, np.where(noisy, 4.0, 1.0))
        return {"noisy": noisy.astype(float)}, answer, truth

    held, answer, truth = drawn(20_000, 0.1)
    new, later, real = drawn(20_000, 0.7)
    learnt = estimate.learn(truth, answer, None, ratio.weights(held, new).weight)
    assert learnt is not None
    found = estimate.estimate(learnt, later, None, metrics.get("mae"), 0)["score"]
    assert found == pytest.approx(np.abs(later - real).mean(), rel=0.05)
