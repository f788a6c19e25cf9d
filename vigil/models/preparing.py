"""The one preparation of columns that training and answering share, as scikit-learn parts.

Numbers become ramps (linear models) or steps (trees); categories with few levels one column each,
rare levels pooled, unseen ones counted to the pool; categories with many levels the mean target of
the level, cross-fitted. Where a model divides levels into groups by itself, a category with few of them is
one column of codes. For trees a number whose values repeat has the mean target of its value beside
it, since a single amount or code may mean something of its own; not a date, whose values do not come
back, and not of more than two classes, which would each take a column. A missing category is a level of
its own. Dates are seconds since 1970 and treated as numbers. Of a column of text, each common word
becomes a number: there or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from vigil.models.spaces import GROUPED, KNOTS, Settings
from vigil.records import Column, Task
from vigil.serving import words
from vigil.serving.coded import array
from vigil.serving.readers import bounded

if TYPE_CHECKING:
    import pandas as pd

#: A category with more levels is encoded by its mean target.
MANY_LEVELS = 30
#: How many rows a ramp wants for each of its knots.
ROWS_PER_KNOT = 40
#: The most steps a number is cut into for trees.
STEPS = 255
#: A number's values repeat where there are three at least, and so many rows for each on average.
ROWS_PER_VALUE = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What a model type needs to know to build its pipeline.

    ``numbers`` holds the columns of ``texts``' words too, see ``serving.words``. ``settings`` are those of
    the model type that differ from its usual ones.
    """

    task: Task
    metric: str
    seed: int
    rows: int
    numbers: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    repeating: tuple[str, ...] = ()
    settings: Settings = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that the model looks at."""
        return self.numbers + tuple(self.levels)

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns of the data that these come from."""
        made = {words.named(column, word) for column, kept in self.texts.items() for word in kept}
        return tuple(name for name in self.names if name not in made) + tuple(self.texts)

    @property
    def few(self) -> tuple[str, ...]:
        """The categories with few levels."""
        return tuple(name for name, found in self.levels.items() if len(found) <= MANY_LEVELS)

    @property
    def grouped(self) -> tuple[str, ...]:
        """The categories whose levels the model divides into groups: the first columns that are prepared."""
        return self.few if self.settings.get(GROUPED) else ()

    @property
    def width(self) -> int:
        """About how many columns the preparation for trees makes of these (rare levels share one)."""
        apart = sum(len(self.levels[name]) - 1 for name in self.few if name not in self.grouped)
        return len(self.numbers) + len(self.repeating) + len(self.levels) + apart


def plan(
    columns: Mapping[str, np.ndarray], features: Sequence[Column], *, task: Task, metric: str, seed: int
) -> Plan:
    """Sort the features by treatment; a text without common words is left out."""
    numbers = tuple(f.name for f in features if f.kind in {"number", "date"})
    repeating = () if task == "multiclass" else _repeating(columns, features)
    levels = {f.name: _levels(columns[f.name]) for f in features if f.kind == "category"}
    found = {f.name: words.vocabulary(columns[f.name]) for f in features if f.kind == "text"}
    texts = {name: kept for name, kept in found.items() if kept}
    numbers += tuple(words.named(name, word) for name, kept in texts.items() for word in kept)
    rows = len(next(iter(columns.values()), ()))
    return Plan(task, metric, seed, rows, numbers, levels, texts, repeating)


def frame(columns: Mapping[str, np.ndarray], made: Plan) -> pd.DataFrame:
    """Lay out the columns for scikit-learn: float64, and objects of str with None."""
    import pandas as pd

    spread = words.spread(columns, made.texts)
    cells: dict[str, Any] = {name: bounded(array(spread[name])) for name in made.numbers}
    cells |= {name: pd.Series(array(spread[name]), dtype=object) for name in made.levels}
    return pd.DataFrame(cells)


def pipeline(made: Plan, estimator: Any, numbers: Literal["ramps", "steps"]) -> Pipeline:
    """Return preparation and estimator as one, not yet fitted."""
    few = [name for name in made.few if name not in made.grouped]
    many = [name for name in made.levels if name not in made.few]
    knots = int(np.clip(made.rows // ROWS_PER_KNOT, 2, made.settings.get("knots", KNOTS)))
    scale: Any = Ramps(knots) if numbers == "ramps" else Steps()
    mean = _mean_target(made)
    repeating = made.repeating if numbers == "steps" else ()
    parts = [
        ("grouped", _one_code_each(made.rows), list(made.grouped)),
        ("numbers", scale, list(made.numbers)),
        ("few", _one_column_each(made.rows), few),
        ("many", Pipeline([("mean", mean), ("ramps", Ramps(knots))]) if numbers == "ramps" else mean, many),
        ("values", Pipeline([("cut", Steps()), ("mean", mean)]), list(repeating)),
    ]
    used = [part for part in parts if part[2]]
    return Pipeline([("prepare", ColumnTransformer(used, sparse_threshold=0)), ("model", estimator)])


class Ramps(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Numbers as hat functions between quantiles: a linear model on them is piecewise linear.

    Constant beyond the outer knots, so that an absurd value cannot dominate; the outer knots are
    the extremes, or one central 98 % range beyond it where these lie further out. Missing
    cells stand at the median, and a column of their own says so where training had any.
    """

    def __init__(self, knots: int = KNOTS) -> None:
        self.knots = knots

    def fit(self, x: Any, y: Any = None) -> Ramps:  # noqa: ARG002  (the interface asks for y)
        """Place the knots. ``x`` is (n, d) with NaN for missing."""
        cells = np.asarray(x, dtype=np.float64)
        self.knots_ = [_knots(column[~np.isnan(column)], self.knots) for column in cells.T]
        self.medians_ = np.array([_median(column) for column in cells.T])
        self.missing_ = np.asarray(np.isnan(cells).any(axis=0))
        return self

    def transform(self, x: Any) -> np.ndarray:
        """Return the ramps of all columns side by side, float64."""
        cells = np.asarray(x, dtype=np.float64)
        parts: list[np.ndarray] = []
        for i, column in enumerate(cells.T):
            absent = np.isnan(column)
            filled = np.where(absent, self.medians_[i], column)
            parts.append(_hats(filled, self.knots_[i]))
            if self.missing_[i]:
                parts.append(absent.astype(np.float64))
        return np.column_stack(parts)


class Steps(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Numbers as the ordinal of their quantile step (at most 255), missing ones as NaN.

    Trees split between observed values only, so little is lost, and every value of a column,
    however extreme, is one of a few hundred codes that single precision holds exactly.
    """

    def fit(self, x: Any, y: Any = None) -> Steps:  # noqa: ARG002  (the interface asks for y)
        """Place the edges. ``x`` is (n, d) with NaN for missing."""
        cells = np.asarray(x, dtype=np.float64)
        self.edges_ = [_edges(column[~np.isnan(column)]) for column in cells.T]
        self.empty_ = np.asarray(np.isnan(cells).all(axis=0))
        return self

    def transform(self, x: Any) -> np.ndarray:
        """Return the ordinals, float64, in the shape of ``x``; 0 in a column that was all missing."""
        cells = np.asarray(x, dtype=np.float64)
        codes = np.empty_like(cells)
        for i, column in enumerate(cells.T):
            codes[:, i] = np.searchsorted(self.edges_[i], column, side="left")
        codes[np.isnan(cells)] = np.nan
        codes[:, self.empty_] = 0.0
        return codes


def _levels(cells: np.ndarray) -> tuple[str, ...]:
    """Return the distinct strings of a column, sorted."""
    return tuple(sorted(set(cells.tolist()) - {None}))


def _repeating(columns: Mapping[str, np.ndarray], features: Sequence[Column]) -> tuple[str, ...]:
    """Return the numbers whose values repeat; of a date the days to come are all new."""
    return tuple(f.name for f in features if f.kind == "number" and _repeats(columns[f.name]))


def _repeats(cells: np.ndarray) -> bool:
    """Say whether a number is one of few values, each of them in many rows."""
    known = cells[~np.isnan(cells)]
    distinct = len(np.unique(known))
    return 3 <= distinct <= min(STEPS, len(known) // ROWS_PER_VALUE)


def _one_column_each(rows: int) -> OneHotEncoder:
    """Encode levels one by one; the rare ones share a column."""
    return OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=_rare(rows), sparse_output=False, dtype=np.float64
    )


def _one_code_each(rows: int) -> OrdinalEncoder:
    """Encode levels as numbers: one number for all rare ones, NaN for one that training did not see."""
    return OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan,
        min_frequency=_rare(rows), dtype=np.float64,
    )  # fmt: skip


def _rare(rows: int) -> int:
    """Return the rows below which a level is rare: 1 %, 2 at least and 10 at most."""
    return int(np.clip(rows // 100, 2, 10))


def _mean_target(made: Plan) -> TargetEncoder:
    """Encode a level by the mean target of its rows, shrunk; cross-fitted on the training rows."""
    # "auto" counts the classes that occur: of three, a small fold may hold two.
    kind = "continuous" if made.task == "regression" else "auto"
    return TargetEncoder(target_type=kind, cv=KFold(5, shuffle=True, random_state=made.seed))


def _knots(values: np.ndarray, count: int) -> np.ndarray:
    """Return sorted distinct knots; one knot where the column is constant or empty."""
    if not len(values):
        return np.zeros(1)
    low, high, *knots = np.quantile(values, [0.01, 0.99, *np.linspace(0, 1, count)])
    return np.unique(np.clip(knots, low - (high - low), high + (high - low)))


def _hats(cells: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return the hat function of each knot at each cell, (n, k), as ``np.interp`` has them, to the bit.

    Only the two knots around a cell have a hat above it, so that they are looked for once.
    """
    if len(knots) == 1:
        return np.ones((len(cells), 1))
    hats = np.zeros((len(cells), len(knots)))
    rows, left = np.arange(len(cells)), np.searchsorted(knots[1:-1], cells, side="right")
    with np.errstate(over="ignore"):  # between knots that are next to no distance apart
        steep = 1.0 / np.diff(knots)
    steep[np.isinf(steep)] = 0.0
    share = steep[left] * (np.clip(cells, knots[0], knots[-1]) - knots[left])
    share[cells >= knots[-1]] = 1.0
    hats[rows, left], hats[rows, left + 1] = 1.0 - share, share
    return hats


def _edges(values: np.ndarray) -> np.ndarray:
    """Return edges between distinct values, or between quantiles where there are too many."""
    distinct = np.unique(values)
    if len(distinct) > STEPS:
        distinct = np.unique(np.quantile(values, np.linspace(0, 1, STEPS), method="lower"))
    return np.unique((distinct[:-1] + distinct[1:]) / 2)


def _median(column: np.ndarray) -> float:
    """Return the median of what is not missing, 0 where everything is."""
    known = column[~np.isnan(column)]
    return float(np.median(known)) if len(known) else 0.0
