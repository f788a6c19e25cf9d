from __future__ import annotations

import pickle

import numpy as np
import pytest

from tests.models.samples import FEATURES, fit, fitted, rows, target
from vigil.errors import VigilError
from vigil.records import Column


def test_probabilities_are_calibrated_out_of_fold() -> None:
    """Among rows given about p, about p are positive: a forest's raw votes are not like that."""
    model = fitted("forest", "binary", 1500)
    assert model.calibration is not None
    assert model.out_of_fold is not None
    _, score = rows(1500)
    y, p = target(score, "binary"), model.out_of_fold.probability
    assert p is not None
    for low, high in ((0.0, 0.3), (0.3, 0.6), (0.6, 1.0)):
        some = (p >= low) & (p < high)
        assert abs(p[some].mean() - y[some].mean()) < 0.05


def test_threshold_suits_the_metric() -> None:
    """Chosen for F1 on a rare class it lies below one half, and beats one half."""
    model = fitted("logistic", "binary", 1500)
    assert model.threshold is not None
    assert model.threshold < 0.5
    assert model.out_of_fold is not None
    assert model.out_of_fold.probability is not None
    y = target(rows(1500)[1], "binary")
    half = model.out_of_fold.probability >= 0.5
    f1 = 2 * (half & (y == 1)).sum() / (half.sum() + (y == 1).sum())
    assert model.score is not None
    assert model.score >= f1


def test_an_entity_does_not_vouch_for_itself() -> None:
    """A key's rows all alike look well predicted until its rows stay in one fold."""
    draw = np.random.default_rng(0)
    entity = np.repeat(np.arange(60), 8)
    trait, label = draw.normal(size=60), draw.integers(0, 2, 60)
    columns, y = {"trait": trait[entity]}, label[entity]
    settings = {"features": (Column("trait", "number"),), "metric": "accuracy"}
    loose = fit("forest", "binary", columns, y, **settings)
    held = fit("forest", "binary", columns, y, groups=entity, **settings)
    assert loose.score is not None
    assert held.score is not None
    assert loose.score > 0.9
    assert held.score < 0.7


def test_a_lone_positive_gives_a_model_without_a_score() -> None:
    """Nothing can be held out: no calibration, threshold one half, score unknown."""
    columns, _ = rows(12)
    model = fit("logistic", "binary", columns, np.array([1] + [0] * 11))
    assert (model.score, model.calibration, model.threshold) == (None, None, 0.5)
    assert not model.scored.any()


def test_few_positives_give_a_score_and_no_calibration() -> None:
    """Three positives are dealt to three folds and are too few to calibrate."""
    columns, _ = rows(19)
    model = fit("logistic", "binary", columns, np.array([1] * 3 + [0] * 16))
    assert model.scored.all()
    assert model.calibration is None
    assert model.score is not None


def test_clip_is_the_large_error_of_rows_not_seen() -> None:
    """One row in a hundred errs by more."""
    model = fitted("logistic", "regression", 1500)
    assert model.clip is not None
    assert model.out_of_fold is not None
    error = np.abs(model.out_of_fold.outcome - rows(1500)[1])
    assert (error > model.clip).mean() == pytest.approx(0.01, abs=0.002)


def test_a_fitted_model_travels_between_processes() -> None:
    """Workers send it back pickled; it answers as before."""
    model = fitted("logistic", "binary")
    again = pickle.loads(pickle.dumps(model))
    columns, _ = rows(20, seed=2)
    np.testing.assert_array_equal(again.predict(columns).probability, model.predict(columns).probability)


def test_nothing_to_learn_from_is_said_in_words() -> None:
    """No usable column, too few rows, an unknown type."""
    columns, score = rows(20)
    y = target(score, "binary")
    silent = columns | {"remark": np.full(20, "the same for all", dtype=object)}
    with pytest.raises(VigilError, match="no column to learn from"):
        fit("logistic", "binary", silent, y, features=(FEATURES[-1],))
    with pytest.raises(VigilError, match="no column to learn from"):
        fit("logistic", "binary", {}, y, features=())
    with pytest.raises(VigilError, match="too few"):
        fit("logistic", "binary", {n: c[:1] for n, c in columns.items()}, y[:1])
    with pytest.raises(VigilError, match="not a model type"):
        fit("oracle", "binary", columns, y)
