from __future__ import annotations

import numpy as np
import pytest

from vigil.serving import prediction


def test_expit_does_not_overflow() -> None:
    """The ends are 0 and 1, without a warning."""
    with np.errstate(all="raise", under="ignore"):
        out = prediction.expit(np.array([-800.0, 0.0, 800.0]))
    np.testing.assert_array_equal(out, [0.0, 0.5, 1.0])


def test_logit_inverts_expit() -> None:
    """Between the ends the two undo each other."""
    scores = np.linspace(-15, 15, 31)
    np.testing.assert_allclose(prediction.logit(prediction.expit(scores)), scores, atol=1e-6)


def test_platt_moves_log_odds() -> None:
    """P' = expit(a·logit(p) + b)."""
    before = np.array([[0.8, 0.2], [0.5, 0.5]])
    after = prediction.calibrated(before, {"method": "platt", "a": 2.0, "b": 1.0})
    np.testing.assert_allclose(after[:, 1], prediction.expit(2 * np.log([0.25, 1.0]) + 1))
    np.testing.assert_allclose(after.sum(axis=1), 1.0)


@pytest.mark.parametrize("calibration", [None, {"method": "platt", "a": 0.7, "b": -0.3}])
def test_one_positive_is_the_same_without_arrays(calibration: dict[str, float] | None) -> None:
    """The path for one row agrees with the path for many, also far out."""
    scores = np.array([-900.0, -30.0, -2.0, 0.0, 0.5, 19.0, 40.0, 900.0])
    many = prediction.calibrated(prediction.probabilities(scores[:, None], "logit"), calibration)[:, 1]
    one = [prediction.one_positive(float(score), calibration) for score in scores]
    np.testing.assert_allclose(one, many, rtol=0, atol=1e-12)


def test_temperature_flattens_and_keeps_the_order() -> None:
    """A temperature above 1 draws probabilities together; the likeliest class stays."""
    before = np.array([[0.7, 0.2, 0.1]])
    after = prediction.calibrated(before, {"method": "temperature", "temperature": 3.0})
    assert after[0, 0] < 0.7
    assert list(np.argsort(after[0])) == [2, 1, 0]
    np.testing.assert_allclose(after, before ** (1 / 3) / (before ** (1 / 3)).sum())


def test_threshold_is_inclusive() -> None:
    """A probability at the threshold is positive."""
    answer = prediction.decide(np.array([[0.7, 0.3], [0.71, 0.29]]), 0.3)
    assert answer.outcome.tolist() == [1, 0]


def test_classes_not_seen_get_nothing() -> None:
    """Columns land at their codes, the rest is 0."""
    out = prediction.spread(np.array([[0.4, 0.6]]), [0, 2], 3)
    assert out.tolist() == [[0.4, 0.0, 0.6]]


@pytest.mark.parametrize("raw", [[[1000.0, 0.0, -1000.0]], [[0.0, 0.0, 0.0]]])
def test_softmax_sums_to_one(raw: list[list[float]]) -> None:
    """Also for outputs that exp cannot hold."""
    assert prediction.probabilities(np.array(raw), "softmax").sum() == pytest.approx(1.0)
