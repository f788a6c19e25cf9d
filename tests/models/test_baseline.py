from __future__ import annotations

import numpy as np
import pytest

from vigil.models.baseline import baseline


def test_f1_calls_everything_positive() -> None:
    """Never positive has F1 0; always positive has 2p/(1+p)."""
    best = baseline("binary", "f1", np.array([1] * 3 + [0] * 7))
    assert best.answer == 1
    assert best.score == pytest.approx(2 * 0.3 / 1.3)


def test_accuracy_takes_the_majority() -> None:
    """The other metric prefers the other constant."""
    best = baseline("binary", "accuracy", np.array([1] * 3 + [0] * 7))
    assert best.answer == 0
    assert best.score == pytest.approx(0.7)


def test_macro_f1_takes_the_majority() -> None:
    """Of three classes the most frequent one."""
    best = baseline("multiclass", "macro_f1", np.array([0] * 2 + [1] * 6 + [2] * 2), classes=3)
    assert best.answer == 1
    assert best.score == pytest.approx(2 * 0.6 / 1.6 / 3)


def test_probabilities_of_three_classes_are_their_shares() -> None:
    """Whoever knows the shares alone has half of 1 − Σ share² as Brier score."""
    best = baseline("multiclass", "brier", np.array([0] * 2 + [1] * 6 + [2] * 2), classes=3)
    assert best.answer == 1
    assert best.score == pytest.approx((1 - 0.04 - 0.36 - 0.04) / 2)


def test_mae_takes_the_median() -> None:
    """An outlier does not move it; smaller is better."""
    best = baseline("regression", "mae", np.array([1.0, 2.0, 3.0, 4.0, 90.0]))
    assert best.answer == 3.0
    assert best.score == pytest.approx((2 + 1 + 0 + 1 + 87) / 5)
