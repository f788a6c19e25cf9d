from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.models import folds


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 120), st.integers(1, 40), st.integers(0, 5))
def test_one_entity_is_never_divided(rows: int, entities: int, seed: int) -> None:
    """Whatever the groups, each lies in one fold, and every fold has rows."""
    draw = np.random.default_rng(seed)
    groups, y = draw.integers(0, entities, rows), draw.integers(0, 3, rows)
    fold = folds.assign(y, task="multiclass", seed=seed, groups=groups)
    if fold is None:
        assert len(np.unique(groups)) < 2
        return
    assert all(len(set(fold[groups == group])) == 1 for group in np.unique(groups))
    assert set(fold) == set(range(fold.max() + 1))


def test_folds_share_out_the_classes() -> None:
    """Without groups, no fold has two more of a class than another."""
    y = np.array([0] * 83 + [1] * 17)
    fold = folds.assign(y, task="binary", seed=0)
    assert fold is not None
    for code in (0, 1):
        counts = np.bincount(fold[y == code], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_folds_share_out_the_size_of_values() -> None:
    """In regression each fold has its part of small and large values."""
    y = np.arange(100.0)
    fold = folds.assign(y, task="regression", seed=0)
    assert fold is not None
    assert all(2 <= (y[fold == number] >= 80).sum() <= 6 for number in range(5))


def test_folds_depend_on_the_seed_only() -> None:
    """The same seed gives the same folds, another seed others."""
    y = np.arange(60) % 2
    first, same, other = (folds.assign(y, task="binary", seed=seed) for seed in (1, 1, 2))
    assert first is not None
    assert other is not None
    assert (first == same).all()
    assert (first != other).any()


def test_a_rare_class_limits_the_folds() -> None:
    """Three positives give three folds; one gives none."""
    fold = folds.assign(np.array([1] * 3 + [0] * 30), task="binary", seed=0)
    assert fold is not None
    assert fold.max() == 2
    assert folds.assign(np.array([1] + [0] * 30), task="binary", seed=0) is None


def test_keys_may_be_hashes_of_two_words() -> None:
    """A group can be a line of numbers."""
    groups = np.array([[1, 2], [1, 3], [1, 2], [4, 4]], dtype=np.uint64)
    fold = folds.assign(np.arange(4.0), task="regression", seed=0, groups=groups)
    assert fold is not None
    assert fold[0] == fold[2]
