"""Macro F1: its parts, and what it does when one class fails."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vigil.stats import alarm, betting, metrics

MACRO = metrics.get("macro_f1")


def draw(rows: int, right: tuple[float, ...], seed: int) -> dict:
    """Draw a tally of as many classes as there are shares of right answers."""
    random = np.random.default_rng(seed)
    classes = len(right)
    truth = random.integers(0, classes, rows)
    wrong = (truth + random.integers(1, classes, rows)) % classes
    guess = np.where(random.random(rows) < np.array(right)[truth], truth, wrong)
    return MACRO.tally(truth, guess, classes=classes)


def test_one_process_for_each_class_and_one_over_all() -> None:
    """Masks of four classes: five processes, of which the last counts rows right and wrong."""
    tally = draw(400, (0.8, 0.8, 0.7, 0.6), seed=0)
    table = np.array(tally["confusion"])
    hits, misses = MACRO._counts(table.astype(float))
    assert MACRO.processes(4) == 5
    for c in range(4):
        assert hits[c] == table[c, c]
        assert misses[c] == table[c].sum() + table[:, c].sum() - 2 * table[c, c]
    assert (hits[4], misses[4]) == (np.trace(table), 400 - np.trace(table))


def test_an_absent_class_is_left_out_of_the_mean() -> None:
    """A class in neither truth nor prediction does not count as 0."""
    tally = {"confusion": [[10, 0, 0], [0, 10, 0], [0, 0, 0]]}
    assert MACRO.value(tally) == 1
    assert MACRO.interval(tally, 0.95)[0] > 0.6


def test_one_failing_class_raises_the_alarm() -> None:
    """A class that fails is noticed though the others hold."""
    level = MACRO.level(draw(3000, (0.85,) * 3, seed=1), delta=0.02, tolerance=0.02)
    evidence = {shares: betting.Evidence.fresh(4) for shares in ((0.85,) * 3, (0.85, 0.85, 0.6))}
    for seed in range(12):
        for shares in evidence:
            growth = MACRO.log_l_of(draw(400, shares, seed=10 + seed), level)
            evidence[shares] = betting.update(evidence[shares], growth)
    values = [float(betting.log_e_value(found)) for found in evidence.values()]
    assert values[0] < math.log(20) < math.log(200) < values[1]


def test_a_rare_class_is_mute_and_the_rest_is_heard() -> None:
    """A class with one row has no level; the alarm works without it."""
    tally = draw(600, (0.9, 0.9, 0.9), seed=2)
    tally["confusion"] = np.pad(np.array(tally["confusion"]), ((0, 1), (0, 1))).tolist()
    tally["confusion"][3][0] = 1
    level = MACRO.level(tally, delta=0.02, tolerance=0.02)
    assert level["shares"][3] is None
    assert level["scored"] == [True, True, True, True, False]
    growth = MACRO.log_l_of(tally, level)
    assert (growth[3] == 0).all()
    assert (growth[[0, 1, 2, 4]] != 0).all()


def test_too_few_rows_give_no_level() -> None:
    """Nineteen rows, or rows of one class only, are not a reference."""
    assert MACRO.level(draw(19, (1, 1, 1), seed=3), delta=0.02, tolerance=0.02) is None
    assert not MACRO.enough({"confusion": [[40, 0], [0, 0]]})


def test_the_detectable_drop_holds_however_it_is_spread() -> None:
    """The named drop is found whether one class takes it or all do."""
    holdout = draw(4000, (0.85,) * 3, seed=4)
    level = MACRO.level(holdout, delta=0.02, tolerance=0.02)
    since = draw(3000, (0.85,) * 3, seed=5)
    drop = alarm.smallest_drop(MACRO, level, since, holdout, alpha=0.005)
    assert 0.02 < drop < 0.2
    for right in (0.85 - drop, 0.85 - drop, 0.85 - drop), (0.85 - 3.2 * drop, 0.85, 0.85):
        fired = 0
        for seed in range(25):
            batch = draw(3000, right, seed=100 + seed)
            evidence = betting.update(betting.Evidence.fresh(4), MACRO.log_l_of(batch, level))
            fired += bool(betting.log_e_value(evidence) >= math.log(200))
        assert fired >= 18


def test_interval_covers_the_truth() -> None:
    """The interval in logits covers the long-run score about as often as it says."""
    true = MACRO.value(draw(400_000, (0.9, 0.8, 0.7), seed=6))
    found = [MACRO.interval(draw(300, (0.9, 0.8, 0.7), seed=200 + seed), 0.95) for seed in range(300)]
    assert np.mean([low <= true <= high for low, high in found]) == pytest.approx(0.95, abs=0.04)
