from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.models import calibrating
from vigil.serving.prediction import calibrated, expit
from vigil.stats import metrics


def test_platt_undoes_a_known_distortion() -> None:
    """Log-odds doubled and shifted are brought back."""
    draw = np.random.default_rng(0)
    score = draw.normal(size=20_000)
    y = (draw.random(20_000) < expit(score)).astype(np.int64)
    found = calibrating.platt(expit(2 * score - 1), y, np.ones(20_000))
    assert found is not None
    assert found["a"] == pytest.approx(0.5, abs=0.03)
    assert found["b"] == pytest.approx(0.5, abs=0.05)


def test_platt_survives_perfect_separation() -> None:
    """Probabilities of 0 and 1 that are all right give finite numbers."""
    y = np.array([0] * 10 + [1] * 10)
    found = calibrating.platt(y.astype(float), y, np.ones(20))
    assert found is not None
    assert np.isfinite([found["a"], found["b"]]).all()


def test_a_model_that_runs_against_the_labels_is_not_turned_round() -> None:
    """A negative slope is no calibration."""
    y = np.arange(40) % 2
    assert calibrating.platt(np.where(y == 1, 0.2, 0.8), y, np.ones(40)) is None


def test_a_belief_holds_few_rows_and_gives_way_to_many() -> None:
    """Forty rows hardly move slope and offset from 1 and 0; twenty thousand move them as alone."""
    draw = np.random.default_rng(3)
    score = draw.normal(size=20_000)
    y = (draw.random(20_000) < expit(2 * score + 1)).astype(np.int64)

    def found(rows: int, belief: tuple[float, float]) -> tuple[float, float]:
        made = calibrating.platt(expit(score[:rows]), y[:rows], np.ones(rows), belief=belief)
        assert made is not None
        return made["a"], made["b"]

    free, held = found(40, (0.0, 0.0)), found(40, (60.0, 6.0))
    assert abs(held[0] - 1) < abs(free[0] - 1) / 2
    assert 0 < held[1] < 0.7 * free[1]
    assert found(20_000, (60.0, 6.0)) == pytest.approx((2.0, 1.0), abs=0.1)


def test_temperature_finds_overconfidence() -> None:
    """Log-probabilities multiplied by three ask for a temperature of three."""
    draw = np.random.default_rng(1)
    honest = draw.dirichlet(np.ones(4) * 2, size=8000)
    y = np.array([draw.choice(4, p=row) for row in honest])
    sharp = honest**3 / (honest**3).sum(axis=1, keepdims=True)
    assert calibrating.temperature(sharp, y, np.ones(8000)) == pytest.approx(3.0, rel=0.1)


def test_few_rows_of_a_class_give_no_calibration() -> None:
    """Four positives are too few, five are enough."""
    draw = np.random.default_rng(0)
    for positives, enough in ((4, False), (5, True)):
        y = np.array([1] * positives + [0] * 40)
        p = np.clip(0.3 + 0.3 * y + draw.normal(size=len(y)) * 0.1, 0.05, 0.95)
        found = calibrating.calibration(np.column_stack([1 - p, p]), y, np.ones(len(y)))
        assert (found is not None) == enough


def f1(p: np.ndarray, y: np.ndarray, cut: float) -> float:
    """Return F1 at a threshold."""
    called = p >= cut
    return float(2 * (called & (y == 1)).sum() / (called.sum() + (y == 1).sum()))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 19), st.booleans()), min_size=2, max_size=40))
def test_no_threshold_is_better(rows: list[tuple[int, bool]]) -> None:
    """The chosen threshold reaches the best F1 that any threshold reaches, ties and all."""
    p = np.array([value / 20 for value, _ in rows])
    y = np.array([int(label) for _, label in rows])
    if not y.any():
        return
    best = max(f1(p, y, cut) for cut in np.linspace(0, 1, 81))
    assert f1(p, y, calibrating.threshold(p, y, np.ones(len(y)), "f1")) == pytest.approx(best)


def test_the_middle_of_the_widest_plateau_is_taken() -> None:
    """Between the last negative and the first positive, halfway."""
    p, y = np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1])
    assert calibrating.threshold(p, y, np.ones(4), "f1") == pytest.approx(0.5)


def test_accuracy_is_maximised_as_such() -> None:
    """With few positives, F1 calls more rows positive than accuracy does."""
    p = np.array([0.1] * 50 + [0.3] * 10 + [0.6] * 4)
    y = np.array([0] * 50 + [0] * 6 + [1] * 4 + [1] * 4)
    by_f1, by_accuracy = (calibrating.threshold(p, y, np.ones(64), m) for m in ("f1", "accuracy"))
    assert by_f1 < 0.3 < by_accuracy


@pytest.mark.parametrize("name", ["f2", "f05", "balanced_accuracy"])
def test_each_score_has_its_own_best_threshold(name: str) -> None:
    """No threshold has a better score, in the rows at hand or as expected of rows like them."""
    metric, draw = metrics.get(name), np.random.default_rng(5)
    p = expit(draw.normal(-1, 1.5, 3000))
    y = (draw.random(3000) < p).astype(np.int64)

    def reached(cut: float) -> float:
        value = metric.value(metric.tally(y, (p >= cut).astype(np.int64), classes=2))
        return value or 0.0

    best = max(reached(cut) for cut in np.linspace(0.01, 0.99, 99))
    assert reached(calibrating.threshold(p, y, np.ones(3000), name)) >= best
    assert reached(calibrating.threshold_ahead(p, name)) == pytest.approx(best, abs=0.01)
    if name != "balanced_accuracy":
        above = calibrating.threshold_ahead(p, name) > calibrating.threshold_ahead(p, "f1")
        assert above == (name == "f05")


def test_weights_move_the_threshold() -> None:
    """Rows that count for nothing do not choose."""
    p, y = np.array([0.1, 0.4, 0.6, 0.9]), np.array([0, 1, 0, 1])
    weights = np.array([1.0, 1e-9, 1.0, 1.0])
    assert calibrating.threshold(p, y, weights, "f1") > 0.6


def test_nothing_to_calibrate_changes_nothing() -> None:
    """No calibration is the identity."""
    p = np.array([[0.3, 0.7]])
    assert calibrated(p, None) is p


def test_the_threshold_ahead_is_near_half_of_the_best_expected_f1():
    """On calibrated probabilities that is the best threshold of F1; it leans towards one half."""
    positive = np.random.default_rng(0).beta(1.0, 3.0, 20_000)
    found = calibrating.threshold_ahead(positive, "f1")
    grid = np.linspace(0.05, 0.95, 181)
    hits = np.array([positive[positive >= cut].sum() for cut in grid])
    called = np.array([(positive >= cut).sum() for cut in grid])
    expected = 2 * hits / (called + positive.sum())
    assert expected.max() / 2 <= found <= 0.5
    near = expected[np.argmin(np.abs(grid - found))]
    assert near >= expected.max() - 2 * calibrating.SLACK


def test_the_threshold_ahead_of_accuracy_is_one_half():
    """Whatever the probabilities, and also without any."""
    assert calibrating.threshold_ahead(np.array([0.1, 0.2]), "accuracy") == 0.5
    assert calibrating.threshold_ahead(np.array([]), "f1") == 0.5
