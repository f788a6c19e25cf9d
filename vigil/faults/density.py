"""How likely rows are, as earlier rows go, and how much likelier some explanation makes them.

A Gaussian copula (Sklar 1959; Nelsen, An Introduction to Copulas, 2006): each column has a histogram of
its own, and normal scores tie the columns together, so that a season that moves many columns at once is
no surprise while one column that leaves the others is. An explanation undoes a change of some columns.
The rows that it concerns are a share s of the batch, the most likely one, and

    gain(s) = Σ log(1 − s + s·p(undone row)/p(row))

is its log-likelihood ratio against "nothing happened". Explanations are many and true ones few: each is
screened on some of the rows first, and what the earlier batches say is asked for the few that are left.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigil.faults import margins

if TYPE_CHECKING:
    from vigil.faults.case import Case, Floats
    from vigil.records import Column

#: Rows that the density is fitted on, that explanations are screened on, and that they are tried on in each
#: earlier batch, at most.
MOST_ROWS, SCREENED, TRIED = 20_000, 300, 1_000
#: How much of the correlations is believed: perfect ones would make a rounding error a miracle.
BELIEF = 0.97
#: A row says no more than this for or against an explanation, in nats for each column that it changes: its
#: tails are not known better. The second is the most in all.
MOST_NATS = 100.0, 600.0
#: Explanations of rows that are less clear are not tried on all rows.
LEAST_CLEAR = 0.35
#: A category with more levels has no likelihood.
MOST_LEVELS = 200

Mask = npt.NDArray[np.bool_]
Cells = Mapping[str, Any]


class Undo(ABC):
    """An explanation: which cells would have arrived, had the fault not been.

    ``jacobian`` is the log of the volume that undoing takes away, per row. ``is_clear`` asks that each row
    speaks for itself.
    """

    jacobian: float = 0.0
    is_clear: bool = True

    @abstractmethod
    def __call__(self, cells: Cells) -> dict[str, Any]:
        """Return the changed columns, from all of them."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What an explanation comes to: share of rows, gain in nats, and which rows it concerns.

    ``usual`` is the gain of the same explanation on earlier batches, for as many rows; ``misfit`` how much
    less likely the undone cells are than earlier ones, in nats per row, beyond what batches differ by.
    """

    share: float
    gain: float
    usual: float
    misfit: float
    mask: Mask

    @property
    def confidence(self) -> float:
        """Turn the gain beyond the usual into 0 … 1, less where the undone rows do not fit."""
        excess = self.gain - 2 * self.usual
        sure = 1 - float(np.exp(-max(excess, 0.0) / 8))
        return sure * float(np.exp(-max(self.misfit, 0.0)))

    @property
    def clear(self) -> float:
        """Ask that each row speaks for itself: 0 … 1.

        Slow drift gains a little in many rows. A few rows must gain four nats each, most rows one.
        """
        return _clear(self.gain, int(self.mask.sum()), float(self.mask.mean()))


class Density:
    """The earlier rows of a case. Needs at least one earlier batch with rows."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._past = _Past(case)

    def seen_by(self, case: Case) -> Density:
        """Return the same density for a case that only suspects other columns."""
        other = copy.copy(self)
        other._case = case  # noqa: SLF001 — its own copy
        return other

    @property
    def columns(self) -> list[Column]:
        """The columns that it knows."""
        return self._past.columns

    def least_usual(self, most: int) -> list[Column]:
        """Return at most so many of the columns, in their order: those least like before, each by itself."""
        if len(self.columns) <= most:
            return self.columns
        unlike = {column.name: self._unlike(column.name) for column in self.columns}
        kept = set(sorted(unlike, key=lambda name: -unlike[name])[:most])
        return [column for column in self.columns if column.name in kept]

    def _unlike(self, name: str) -> float:
        """Return by how many nats a column's cells are less likely than those of the tested batches."""
        ours, *theirs = (
            self._past.whole.typical({name: self._past.cells(at, SCREENED)[name]})
            for at in (-1, *self._past.tested)
        )
        return sum(theirs) / len(theirs) - ours

    def screened(self, undone: Sequence[Undo]) -> list[tuple[float, float]]:
        """Return what some of the rows say of explanations: the gain in nats for all rows, and the share.

        Where the rows that one concerns are far from clear, it has gained nothing.
        """
        cells, whole = self._past.cells(-1, SCREENED), self._past.whole
        whole.measure([undo(cells) for undo in undone])
        return [self._worth(self._ratios(whole, cells, undo), is_clear=undo.is_clear) for undo in undone]

    def screened_each(self, name: str, undone: Sequence[Undo]) -> list[tuple[float, float]]:
        """Return the same of explanations that change one column only, measured in one go."""
        cells = self._past.cells(-1, SCREENED)
        values = np.stack([undo(cells)[name] for undo in undone])
        volumes = np.array([undo.jacobian for undo in undone])
        ratios = self._past.whole.ratios_each(cells, name, values, volumes, self._case.suspects)
        return [self._worth(row, is_clear=True) for row in ratios]

    @property
    def tested(self) -> Sequence[int]:
        """The places of the earlier batches that the still earlier ones are tried on."""
        return self._past.tested

    def gain_within(self, undo: Undo, at: int, rows: slice) -> float:
        """Return an explanation's gain on some rows of the batch (−1) or of a tested earlier one, in nats."""
        fitted = self._past.whole if at < 0 else self._past.older
        return _gain(self._ratios(fitted, self._past.cells(at), undo)[rows])[1]

    def _worth(self, ratios: Floats, *, is_clear: bool) -> tuple[float, float]:
        """Return the gain for all rows, and the share."""
        share, gain, _ = _gain(ratios)
        if is_clear and _clear(gain, share * len(ratios), share) < LEAST_CLEAR:
            return 0.0, share
        return gain * self._case.count / max(len(ratios), 1), share

    def could_reach(self, undo: Undo, least: float) -> bool:
        """Say whether an explanation's confidence, times how clear its rows are, can come to ``least``.

        It is asked of the batch alone, which costs little: earlier batches can only take from it.
        """
        share, gain, weight = _gain(self._ratios(self._past.whole, self._past.cells(-1), undo))
        best = Explained(share, gain, 0.0, 0.0, weight > 0.5)
        return best.confidence * best.clear >= least

    def explained(self, undo: Undo) -> Explained:
        """Return what an explanation comes to on all rows, and on earlier batches."""
        cells = self._past.cells(-1)
        ratios = self._ratios(self._past.whole, cells, undo)
        share, gain, weight = _gain(ratios)
        mask = weight > 0.5
        rates = [self._rate(at, undo) for at in self._past.tested]
        return Explained(share, gain, max(rates) * len(ratios), self._misfit(undo(cells), mask), mask)

    def _ratios(self, fitted: _Fitted, cells: Cells, undo: Undo) -> Floats:
        """Return what each row says for an explanation, in nats."""
        return fitted.ratios(cells, undo(cells), undo.jacobian, self._case.suspects)

    def _rate(self, at: int, undo: Undo) -> float:
        """Return an explanation's gain per row on one earlier batch, as the still earlier ones see it."""
        ratios = self._ratios(self._past.older, self._past.cells(at, TRIED), undo)
        return _gain(ratios)[1] / max(len(ratios), 1)

    def _misfit(self, changed: Cells, mask: Mask) -> float:
        """Return by how much the undone cells are less likely than those of the least likely batch."""
        if not mask.any():
            return float("inf")
        ours = self._past.whole.typical({name: cells[mask] for name, cells in changed.items()})
        tested = [self._past.cells(at, TRIED) for at in self._past.tested]
        theirs = [self._past.older.typical({name: cells[name] for name in changed}) for cells in tested]
        return (min(theirs) - ours) / max(len(changed), 1) - 0.35 - 2 / float(np.sqrt(mask.sum()))


class _Past:
    """The earlier batches: fitted together, and the older half of them to test on the newer half."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._count = len(case.past)
        self._first = max(1, self._count // 2)
        # The older half is a measure by itself, so that a column must be known there, too.
        known = (c for c in case.columns("number", "category") if case.has_history(c, self._first))
        self.columns = [c for c in known if c.kind == "number" or _few(case, c)]
        self._kept: dict[tuple[int, int], dict[str, Any]] = {}
        self.tested = range(self._first, self._count) if self._count > 1 else range(1)

    @cached_property
    def whole(self) -> _Fitted:
        """All earlier batches."""
        return _Fitted(self.columns, [self.cells(at) for at in range(self._count)])

    @cached_property
    def older(self) -> _Fitted:
        """The batches before the tested ones."""
        return _Fitted(self.columns, [self.cells(at) for at in range(self._first)])

    def cells(self, at: int, most: int = 2**62) -> dict[str, Any]:
        """Return the cells of a batch (−1 is the one under suspicion), or of some of its rows.

        The same arrays each time, so that what was measured of them is found again.
        """
        if (at, most) not in self._kept:
            self._kept[at, most] = _thinned(
                {column.name: self._case.cells(column, at) for column in self.columns}, most
            )
        return self._kept[at, most]


class _Fitted:
    """Margins and correlations of some rows."""

    def __init__(self, columns: Sequence[Column], parts: Sequence[Cells]) -> None:
        names = [column.name for column in columns]
        whole = _thinned({name: np.concatenate([part[name] for part in parts]) for name in names}, MOST_ROWS)
        self._place = {name: at for at, name in enumerate(names)}
        self._margins = {column.name: margins.fitted(column, whole[column.name]) for column in columns}
        scores = np.column_stack([self._margins[name].scores(whole[name]) for name in names])
        scores = scores / np.maximum(scores.std(axis=0), 1e-9)
        self._together: Floats = BELIEF * (scores.T @ scores / max(len(scores), 1))
        self._together[np.diag_indices_from(self._together)] = 1.0
        self._ties: dict[frozenset[str], Floats] = {}
        self._measured: dict[tuple[str, int], tuple[Any, tuple[Floats, Floats]]] = {}
        self._tied: dict[tuple[int, frozenset[str]], tuple[Any, Floats]] = {}

    def measure(self, changed: Sequence[Cells]) -> None:
        """Measure what is new, all cells in one column's place in one go; they are found again."""
        for name in self._place:
            arrays = {id(one[name]): one[name] for one in changed if name in one}
            fresh = [array for key, array in arrays.items() if (name, key) not in self._measured]
            if len(fresh) > 1:
                ends = np.cumsum([len(array) for array in fresh])[:-1]
                both = self._margins[name].measured(np.concatenate(fresh))
                for array, logs, scores in zip(fresh, *(np.split(part, ends) for part in both), strict=True):
                    self._measured[name, id(array)] = (array, (logs, scores))

    def ratios(self, cells: Cells, changed: Cells, jacobian: float, suspects: frozenset[str]) -> Floats:
        """Return log p(undone row) − log p(row) of each row; unchanged suspects say nothing."""
        left_out = suspects - set(changed)
        places = [self._place[name] for name in changed]
        before = [self._measure(name, cells[name]) for name in changed]
        after = [self._measure(name, values) for name, values in changed.items()]
        moved = np.column_stack([new[1] - old[1] for new, old in zip(after, before, strict=True)])
        tie = self._tie_without(left_out).take(places, axis=0).take(places, axis=1)
        tied = self._tied_scores(cells, left_out)[:, places] + 0.5 * (moved @ tie)
        gained = sum(new[0] - old[0] for new, old in zip(after, before, strict=True)) + jacobian
        most = min(MOST_NATS[0] * len(places), MOST_NATS[1])
        found: Floats = np.clip(gained - (moved * tied).sum(axis=1), -most, most)
        return found

    def ratios_each(
        self, cells: Cells, name: str, values: Floats, volumes: Floats, suspects: frozenset[str]
    ) -> Floats:
        """Return the ratios of several changes of one column, ``values`` and the result (changes, rows)."""
        left_out, at = suspects - {name}, self._place[name]
        log, score = self._measure(name, cells[name])
        logs, scores = (part.reshape(values.shape) for part in self._margins[name].measured(values.ravel()))
        moved = scores - score
        tied = self._tied_scores(cells, left_out)[:, at] + 0.5 * moved * self._tie_without(left_out)[at, at]
        found: Floats = np.clip(logs - log + volumes[:, None] - moved * tied, -MOST_NATS[0], MOST_NATS[0])
        return found

    def typical(self, changed: Cells) -> float:
        """Return the mean log-density of some columns' cells, each by itself."""
        logs = [self._margins[name].logs(cells) for name, cells in changed.items()]
        return float(sum(np.maximum(log, -25).mean() for log in logs))

    def _measure(self, name: str, cells: Any) -> tuple[Floats, Floats]:
        """Return log-density and score of cells in a column's place, measured once for the same array."""
        key = (name, id(cells))
        if key not in self._measured:
            self._measured[key] = (cells, self._margins[name].measured(cells))
        return self._measured[key][1]

    def _tied_scores(self, cells: Cells, left_out: frozenset[str]) -> Floats:
        """Return what the other columns of each row make of a column's score, once for the same cells."""
        key = (id(cells), left_out)
        if key not in self._tied:
            scores = np.column_stack([self._measure(name, cells[name])[1] for name in self._place])
            self._tied[key] = (cells, scores @ self._tie_without(left_out))
        return self._tied[key][1]

    def _tie_without(self, left_out: frozenset[str]) -> Floats:
        """Return what ties the columns together when some are not looked at."""
        if left_out not in self._ties:
            kept = [at for name, at in self._place.items() if name not in left_out]
            tie = np.zeros_like(self._together)
            tie[np.ix_(kept, kept)] = np.linalg.inv(self._together[np.ix_(kept, kept)]) - np.eye(len(kept))
            self._ties[left_out] = tie
        return self._ties[left_out]


def _clear(gain: float, rows: float, share: float) -> float:
    """Return how clearly each of some rows speaks for itself, 0 … 1."""
    needed = 1.0 if share > 0.6 else 4.0
    return 1 - float(np.exp(-2.4 * max(gain / max(rows, 1.0) / needed, 0.0) ** 2))


def _gain(ratios: Floats) -> tuple[float, float, Floats]:
    """Return the share of rows that an explanation concerns, its gain, and each row's weight.

    The gain is concave in the share. Its slope Σ r/(1 + s·r), with r the odds less one, has one root, or
    the gain falls from 0 on and no row is better explained so.
    """
    excess = np.expm1(ratios)
    if not len(ratios) or excess.sum() <= 0:
        return 0.0, 0.0, np.zeros(len(ratios))
    low, high = 0.0, 1 - 1e-6
    for _ in range(20):
        share = (low + high) / 2
        low, high = (share, high) if (excess / (1 + share * excess)).sum() > 0 else (low, share)
    likelier = 1 + share * excess
    return share, float(np.log(likelier).sum()), share * (1 + excess) / likelier


def _thinned(cells: Cells, most: int) -> dict[str, Any]:
    """Keep every so many rows."""
    rows = len(next(iter(cells.values()), ()))
    step = max(1, -(-rows // most))
    return {name: values[::step] for name, values in cells.items()}


def _few(case: Case, column: Column) -> bool:
    """Say whether a category has few enough levels to have a likelihood."""
    return 0 < len(case.known_levels(column.name)) <= MOST_LEVELS
