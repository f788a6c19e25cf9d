"""Each metric's own alarm: silent while nothing changes, also at the level itself; awake after a drop."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vigil.stats import alarm, betting, metrics

BUDGET = alarm.budget(0.05)
NAMES = (
    "accuracy",
    "auc",
    "balanced_accuracy",
    "brier",
    "f05",
    "f1",
    "f2",
    "log_loss",
    "precision",
    "recall",
    "specificity",
)


def batch(random: np.random.Generator, metric, rows: int, worse: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw truth and what the metric listens to; ``worse`` of the rows are answered at random."""
    truth = (random.random(rows) < 0.3).astype(np.int64)
    log_odds = np.where(truth == 1, 1.5, -1.5) + random.normal(0, 1.2, rows)
    log_odds = np.where(random.random(rows) < worse, random.normal(0, 2, rows), log_odds)
    chance = 1 / (1 + np.exp(-log_odds))
    return truth, chance if metric.of == "probability" else (chance > 0.5).astype(np.int64)


def share_fired(metric, *, worse: float, batches: int, streams: int = 40) -> float:
    """Return the share of streams that ever reach the alarm, each with a holdout of 600 rows of its own."""
    fired = 0
    for stream in range(streams):
        random = np.random.default_rng([stream, batches])
        held = metric.tally(*batch(random, metric, 600, 0.0), classes=2, clip=None)
        level = metric.level(held, delta=BUDGET.delta_a, tolerance=0.02)
        evidence, peak = betting.Evidence.fresh(metric.processes(2)), -math.inf
        for _ in range(batches):
            rows = batch(random, metric, 300, worse)
            evidence = betting.update(evidence, metric.log_l(*rows, level, classes=2))
            peak = max(peak, float(betting.log_e_value(evidence)))
        fired += peak >= -math.log(BUDGET.alpha_a)
    return fired / streams


@pytest.mark.parametrize("name", NAMES)
def test_silent_without_a_change(name: str) -> None:
    """Over 60 batches hardly a stream fires: 0.025 is allowed in a whole life."""
    assert share_fired(metrics.get(name), worse=0.0, batches=60) <= 0.05


@pytest.mark.parametrize("name", NAMES)
def test_a_drop_is_found(name: str) -> None:
    """With nearly half of the rows answered at random, each alarm fires in most streams within 30 batches."""
    assert share_fired(metrics.get(name), worse=0.45, batches=30, streams=15) >= 0.9


@pytest.mark.parametrize(("name", "masks"), [("f2", (0.2, 0.8)), ("f05", (0.8, 0.2))])
def test_weighted_misses_are_fair(name: str, masks: tuple[float, float]) -> None:
    """At a score of exactly the level no bet grows on average, though misses count by halves."""
    metric, random = metrics.get(name), np.random.default_rng(1)
    table = np.array([[700.0, 60.0], [50.0, 190.0]])
    level = {"shares": [float(metric.score(table))]}
    drawn = random.multinomial(200, table.ravel() / table.sum(), size=20_000).reshape(-1, 2, 2)
    growth = [metric.log_l_of({"confusion": one}, level)[0, :3] for one in drawn[:4000]]
    assert np.exp(growth).mean(axis=0).max() < 1.03
    assert metric.masks(2)[1][0, 0, 1] == pytest.approx(masks[0])
