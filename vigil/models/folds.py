"""Divide rows into folds: like shares of each class, and never one entity in two folds."""

from __future__ import annotations

import numpy as np

from vigil.records import Task

FOLDS = 5


def assign(y: np.ndarray, *, task: Task, seed: int, groups: np.ndarray | None = None) -> np.ndarray | None:
    """Return the fold of each row, shape (n,), or None when there is too little to divide.

    ``groups`` (n,) or (n, m) holds what must stay together, one value or one line per row. Units
    are dealt out like cards, class by class, large before small, in an order drawn with ``seed``.
    """
    strata = _strata(y, task)
    unit = _units(groups, len(y))
    count, size, stratum = int(unit.max()) + 1, np.bincount(unit), _rarest(strata, unit)
    folds = min(FOLDS, count, _limit(strata, task))
    if folds < 2:
        return None
    order = np.lexsort((np.random.default_rng(seed).permutation(count), -size, stratum))
    dealt = np.empty(count, dtype=np.intp)
    dealt[order] = np.arange(count) % folds
    return np.asarray(dealt[unit])


def _strata(y: np.ndarray, task: Task) -> np.ndarray:
    """Return what is shared out evenly: the class, or the tenth of the values' ranking."""
    if task != "regression":
        return y.astype(np.intp)
    ranks = np.empty(len(y), dtype=np.intp)
    ranks[np.argsort(y, kind="stable")] = np.arange(len(y))
    return ranks * 10 // len(y)


def _units(groups: np.ndarray | None, rows: int) -> np.ndarray:
    """Return the number of each row's unit: one per row, or one per distinct group."""
    if groups is None:
        return np.arange(rows)
    _, unit = np.unique(groups, axis=0, return_inverse=True)
    return np.asarray(unit.reshape(-1))


def _rarest(strata: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Return each unit's stratum; of several the rarest, which needs the care."""
    rank = np.empty(int(strata.max()) + 1, dtype=np.intp)
    rank[np.argsort(-np.bincount(strata), kind="stable")] = np.arange(len(rank))
    out = np.zeros(int(unit.max()) + 1, dtype=np.intp)
    np.maximum.at(out, unit, rank[strata])
    return out


def _limit(strata: np.ndarray, task: Task) -> int:
    """Return the most folds for which every fold's other rows still hold both of two classes."""
    if task != "binary":
        return FOLDS
    return int(np.bincount(strata, minlength=2).min())
