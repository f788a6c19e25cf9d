"""The band of a weighted estimate, by held-out rows that play the new ones."""

from __future__ import annotations

import numpy as np
import pytest

from vigil import estimate
from vigil.estimate import bands, halving, ratio
from vigil.estimate.halving import HALVINGS, Held
from vigil.stats import metrics


def drawn(
    random: np.random.Generator, rows: int, share: float
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Return a column that the model overlooks, its probabilities, and the truth."""
    x, kind = random.normal(size=rows), random.random(rows) < share
    truth = (random.random(rows) < 1 / (1 + np.exp(-(2 * x - 2 * kind)))).astype(int)
    return {"x": x, "kind": kind.astype(float)}, 1 / (1 + np.exp(-2 * x)), truth


@pytest.mark.parametrize("name", ["accuracy", "f1"])
def test_the_band_holds_the_score_where_rows_have_moved(name: str) -> None:
    """In nearly all of 60 lives, and it is not so wide that it says nothing."""
    metric, covered, widths = metrics.get(name), 0, []
    for seed in range(60):
        random = np.random.default_rng(seed)
        columns, said, truth = drawn(random, 1000, 0.2)
        new, later, real_truth = drawn(random, 300, 0.6)
        answer, later_answer = (said > 0.5).astype(int), (later > 0.5).astype(int)
        weight = ratio.weights(columns, new).weight
        learnt = estimate.learn(truth, answer, said, weight)
        assert learnt is not None
        score = estimate.estimate(learnt, later_answer, later, metric, 2)["score"]
        real = metric.value(metric.tally(real_truth, later_answer, classes=2, clip=None))
        width = bands.half_width(halving.misses(Held(truth, answer, said, weight), 300, metric, 2))
        assert score is not None
        assert real is not None
        assert width is not None
        covered += abs(score - real) <= width
        widths.append(width)
    assert covered >= 55
    assert np.mean(widths) < 0.15


def test_the_same_rows_have_the_same_misses() -> None:
    """A report that is made again says the same; more new rows have a narrower band."""
    random = np.random.default_rng(1)
    _, said, truth = drawn(random, 2000, 0.2)
    held = Held(truth, (said > 0.5).astype(int), said, np.ones(2000))
    metric = metrics.get("accuracy")
    assert halving.misses(held, 200, metric, 2) == halving.misses(held, 200, metric, 2)
    few, many = (bands.half_width(halving.misses(held, count, metric, 2)) for count in (50, 2000))
    assert few is not None
    assert many is not None
    assert few > 2 * many


def test_regressions_and_several_classes_have_misses_too() -> None:
    """Errors of values, and probabilities of each class."""
    random = np.random.default_rng(2)
    answer = random.uniform(0, 10, 500)
    held = Held(answer + random.normal(size=500), answer, None, np.ones(500))
    assert len(halving.misses(held, 100, metrics.get("mae"), 0)) == HALVINGS
    probability = random.dirichlet([1, 1, 1], 500)
    truth = np.array([random.choice(3, p=row) for row in probability])
    several = Held(truth, probability.argmax(axis=1), probability, np.ones(500))
    found = halving.misses(several, 100, metrics.get("accuracy"), 3)
    assert len(found) == HALVINGS
    assert abs(np.mean(found)) < 0.05


def test_too_few_rows_have_none() -> None:
    """Half of them would teach nothing, and there is no band."""
    held = Held(np.zeros(60), np.zeros(60), None, np.ones(60))
    assert bands.half_width(halving.misses(held, 20, metrics.get("mae"), 0)) is None
