"""Whether a classifier can tell the batch's rows from those of before: changes that no column shows alone.

It needs rows, so that it is used when asked for. Trees learn on one half of the rows; on the other half their
area under the curve is compared with what dealing the sides at random gives (Lopez-Paz, Oquab 2017,
arXiv 1610.06545). That half was not learnt from, so that its scores are fixed and the permutation null is
that of Mann and Whitney's test, ties included, whatever the classifier. What a column adds is the area
that is lost when its cells are shuffled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from vigil import figures
from vigil.drift.cells import Floats
from vigil.drift.measures import Measured, Rows, Side
from vigil.stats import ordering

NAME = "domain_classifier"
KINDS: tuple[Literal["batch"]] = ("batch",)
TITLE = "all columns together"
#: Of a row of now and one of before, the classifier picks the right one in six cases of ten.
FLOOR = 0.1
DECIDES = True

#: Rows of either side that are compared: more are thinned evenly, fewer than the least say nothing.
MOST, LEAST = 10_000, 100
#: Columns that are named, and the area that each must add.
_NAMED, _ADDS = 5, 0.005
#: Levels of a category that are told apart, the most frequent first.
_LEVELS = 200

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A fitted classifier, the half it was not fitted on, and which rows of that are the batch's."""

    model: Any
    held: Floats
    is_now: Bools
    names: tuple[str, ...]
    rows: tuple[int, int]

    def area(self, held: Floats | None = None) -> tuple[float, Floats]:
        """Return the area under the curve, and the scores it is of."""
        scores = self.model.predict_proba(self.held if held is None else held)[:, 1]
        return ordering.area(ordering.ranks(scores), self.is_now), scores


def measure(reference: Side, current: Side) -> Measured | None:
    """Return the area under the curve, how far it is above ½ as effect, and the permutation p-value."""
    fitted = _fit(reference, current)
    if fitted is None:
        return None
    area, scores = fitted.area()
    return Measured(area, p_value(scores, fitted.is_now, area), max(0.0, area - 0.5), *fitted.rows)


def detectable(reference: Side, current: Side, alpha: float) -> float | None:
    """Return the smallest rise of the area over ½ found with 80 % power."""
    from scipy.special import ndtri

    if reference.rows is None or current.rows is None:
        return None
    n, m = (max(1, min(_count(side), MOST) // 2) for side in (reference.rows, current.rows))
    return min(0.5, float(0.84 - ndtri(alpha)) * math.sqrt((n + m + 1) / (12 * n * m)))


def words(reference: Side, current: Side) -> str:
    """Say how well the rows are told apart, and by which columns."""
    fitted = _fit(reference, current)
    if fitted is None:
        return f"{TITLE}: too little data to compare rows"
    area, _ = fitted.area()
    named = [f"{name} adds {figures.score(gain)}" for name, gain in importance(fitted, area)]
    told = f"{TITLE}: rows of now are told from those of before with area {figures.score(area)}"
    return f"{told} ({', '.join(named)})" if named else told


def importance(fitted: _Fitted, area: float) -> list[tuple[str, float]]:
    """Return the columns that matter most, with the area that is lost when one is shuffled."""
    random = np.random.default_rng(0)
    lost = []
    for place, name in enumerate(fitted.names):
        shuffled = fitted.held.copy()
        shuffled[:, place] = random.permutation(shuffled[:, place])
        lost.append((name, area - fitted.area(shuffled)[0]))
    return sorted((pair for pair in lost if pair[1] > _ADDS), key=lambda pair: -pair[1])[:_NAMED]


def p_value(scores: Floats, is_now: Bools, area: float) -> float:
    """Return P(area at least this) when the sides are dealt at random: the limit, with ties."""
    n, m = int(is_now.sum()), int((~is_now).sum())
    _, ties = np.unique(scores, return_counts=True)
    rows = n + m
    tied = float((ties.astype(np.float64) ** 3 - ties).sum()) / (rows * (rows - 1))
    deviation = math.sqrt(max((rows + 1 - tied) / (12 * n * m), 1e-300))
    return 0.5 * math.erfc((area - 0.5) / deviation / math.sqrt(2))


def _fit(reference: Side, current: Side) -> _Fitted | None:
    """Fit on a random half of the rows; None when the rows were not read, or are too few."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    if reference.rows is None or current.rows is None:
        return None
    ours, theirs = _thinned(reference.rows), _thinned(current.rows)
    names = tuple(sorted(ours.keys() & theirs.keys()))
    sizes = (_count(ours), _count(theirs))
    if not names or min(sizes) < LEAST:
        return None
    kinds = {column.name: column.kind for column in reference.profile.columns}
    cells = np.column_stack([_coded(kinds.get(name), ours[name], theirs[name]) for name in names])
    is_now = np.repeat(np.array([False, True]), sizes)
    held = np.random.default_rng(0).random(len(is_now)) < 0.5
    categories = [kinds.get(name) == "category" for name in names]
    model = HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=15, min_samples_leaf=20, categorical_features=categories, random_state=0
    )
    model.fit(cells[~held], is_now[~held])
    return _Fitted(model, cells[held], is_now[held], names, sizes)


def _coded(kind: str | None, ours: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> Floats:
    """Return a column of both sides as numbers: codes of levels, lengths of texts; NaN for missing."""
    cells = np.concatenate([ours, theirs])
    if cells.dtype != np.object_:
        return np.asarray(cells, dtype=np.float64)
    if kind == "text":
        return np.array([np.nan if cell is None else len(cell) for cell in cells], dtype=np.float64)
    return _levels(cells.tolist())


def _levels(cells: Sequence[str | None]) -> Floats:
    """Return the places of levels by how frequent they are; rare ones share the last."""
    counts: dict[str, int] = {}
    for cell in cells:
        if cell is not None:
            counts[cell] = counts.get(cell, 0) + 1
    ranked = sorted(counts, key=lambda level: (-counts[level], level))
    places = {level: float(min(place, _LEVELS)) for place, level in enumerate(ranked)}
    return np.array([np.nan if cell is None else places[cell] for cell in cells], dtype=np.float64)


def _thinned(rows: Rows) -> Rows:
    """Return at most `MOST` rows, spread evenly."""
    step = max(1, -(-_count(rows) // MOST))
    return {name: cells[::step] for name, cells in rows.items()}


def _count(rows: Rows) -> int:
    return len(next(iter(rows.values()), ()))
