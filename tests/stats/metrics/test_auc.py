"""Area under the curve: the grid is close, the bound holds, the game is fair, and the gate ranks."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from vigil.stats import betting, gate, intervals, metrics

AUC = metrics.get("auc")


def rows(random: np.random.Generator, count: int, apart: float, share: float = 0.2):
    """Draw labels and probabilities of a model whose log-odds of the classes lie ``apart``."""
    truth = (random.random(count) < share).astype(np.int64)
    return truth, 1 / (1 + np.exp(2 - apart * truth - random.normal(size=count)))


def test_the_grid_is_close_to_all_pairs() -> None:
    """Probabilities rounded on the log-odds give the area to a few ten-thousandths."""
    truth, chance = rows(np.random.default_rng(0), 5000, 1.2)
    assert AUC.value(AUC.tally(truth, chance)) == pytest.approx(roc_auc_score(truth, chance), abs=5e-4)


def test_one_class_alone_has_no_score() -> None:
    """Without positives there is no pair: no value, no level, and a batch that says nothing."""
    tally = AUC.tally(np.zeros(50), np.linspace(0.1, 0.9, 50))
    assert AUC.value(tally) is None
    assert AUC.counts(tally) == (0.0, 0.0)
    assert not AUC.log_l_of(tally, {"value": 0.8}).any()
    assert not AUC.moved(np.zeros(50), np.linspace(0.1, 0.9, 50)).any()


def test_no_bet_grows_at_the_level_itself() -> None:
    """With an area of exactly the level, the mean wealth after a batch is at most 1, whatever the mix."""
    random = np.random.default_rng(1)
    for share in (0.1, 0.5):
        truth, chance = rows(random, 400_000, 1.0, share)
        level = {"value": AUC.value(AUC.tally(truth, chance))}
        batches = [rows(random, 60, 1.0, share) for _ in range(3000)]
        wealth = np.exp([AUC.log_l(*batch, level)[0] for batch in batches])
        assert (wealth.mean(axis=0) <= 1 + 3 * wealth.std(axis=0) / np.sqrt(3000)).all()


def test_the_lower_bound_is_seldom_too_high() -> None:
    """Of 1,000 holdouts at most 2 % give a bound above the true area."""
    random = np.random.default_rng(2)
    true = AUC.value(AUC.tally(*rows(random, 400_000, 1.2)))
    tallies = [AUC.tally(*rows(random, 200, 1.2)) for _ in range(1000)]
    bounds = np.array([intervals.chernoff_lower(*AUC.counts(tally), 0.02) for tally in tallies])
    assert np.mean(bounds > true) <= 0.02
    assert 0 < bounds.mean() < true


def test_the_error_of_the_area_is_that_of_its_rows() -> None:
    """The spread of rows' parts gives the standard deviation of the score over holdouts (DeLong)."""
    random = np.random.default_rng(3)
    drawn = [rows(random, 500, 1.2) for _ in range(600)]
    values = [AUC.value(AUC.tally(*one)) for one in drawn]
    told = np.mean([AUC.moved(*one).std() / np.sqrt(500) for one in drawn])
    assert told == pytest.approx(np.std(values), rel=0.1)
    assert AUC.parts(*drawn[0]).mean() == pytest.approx(values[0])


def test_the_gate_lets_few_equals_pass() -> None:
    """Challengers with an area like the champion's pass the gate in at most 0.05 and a little."""
    passed = []
    for seed in range(300):
        random = np.random.default_rng([4, seed])
        truth, chance = rows(random, 400, 1.2)
        other = 1 / (1 + np.exp(2 - 1.2 * truth - random.normal(size=400)))
        passed.append(gate.compare(AUC, truth, chance, other).promote)
    assert np.mean(passed) <= 0.09


def test_evidence_is_that_of_pairs_that_count() -> None:
    """Forty positives among four hundred rows weigh as forty pairs."""
    truth = np.repeat([1, 0], [40, 360])
    chance = np.where(np.arange(400) % 4 == 0, 0.2, np.where(truth == 1, 0.9, 0.4))
    tally = AUC.tally(truth, chance)
    hits, misses = AUC.counts(tally)
    assert hits + misses == pytest.approx(40)
    assert np.allclose(AUC.log_l_of(tally, {"value": 0.7}), betting.log_growth([hits], [misses], [0.7]))
