"""How likely rows are, as earlier rows go, and how much likelier some explanation makes them.

A Gaussian copula (Sklar 1959; Nelsen, An Introduction to Copulas, 2006): each column has a histogram of
its own, and normal scores tie the columns together, so that a season that moves many columns at once is
no surprise while one column that leaves the others is. An explanation undoes a change of some columns.
The rows that it concerns are a share s of the batch, found by expectation and maximisation, and

    gain(s) = Σ log(1 − s + s·p(undone row)/p(row))

is its log-likelihood ratio against "nothing happened".
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigil.faults.case import is_known
from vigil.records import Column

if TYPE_CHECKING:
    from vigil.faults.case import Case, Floats

#: Rows that the density is fitted on, and that explanations are screened on, at most.
MOST_ROWS = 20_000
SCREENED = 2_000
#: Bins of a number column's histogram, on a scale that is linear in the middle and logarithmic outside.
BINS = 48
#: How much of the correlations is believed: perfect ones would make a rounding error a miracle.
BELIEF = 0.97
#: A row says no more than this for or against an explanation, in nats: its tails are not known better.
MOST_NATS = 200.0

Mask = npt.NDArray[np.bool_]


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

        Slow drift gains a little in many rows. A few rows must gain six nats each, most rows one.
        """
        each = self.gain / max(int(self.mask.sum()), 1)
        needed = 1.0 if self.mask.mean() > 0.6 else 6.0
        return 1 - float(np.exp(-2.4 * max(each / needed, 0.0) ** 2))


class Margin:
    """One column of earlier rows: log-density and normal score of any value."""

    def __init__(self, column: Column, cells: Any) -> None:
        self._numeric = column.kind != "category"
        if self._numeric:
            self._fit_numbers(cells[np.isfinite(cells)])
        else:
            self._fit_levels(cells)
        self._missing = (float((~is_known(cells)).sum()) + 0.5) / (len(cells) + 1)

    def _fit_numbers(self, values: Floats) -> None:
        self._rows = max(len(values), 1)
        self._sorted = np.sort(values) if len(values) else np.zeros(1)
        low, self._middle, high = np.quantile(self._sorted, [0.25, 0.5, 0.75])
        spread = (high - low) / 1.35 or float(self._sorted.std())
        self._scale = spread or max(abs(float(self._middle)), 1e-9) * 1e-2
        bent = self._bent(self._sorted)
        first, last = float(bent[0]) - 0.05, float(bent[-1]) + 0.05
        self._edges = np.linspace(first, last, BINS + 1)
        counts = np.histogram(bent, self._edges)[0].astype(float)
        smooth = np.convolve(counts, [0.25, 0.5, 0.25], mode="same") + 0.1
        self._log_bins = np.log(smooth / smooth.sum() / (self._edges[1] - self._edges[0]))

    def _fit_levels(self, cells: Any) -> None:
        names, counts = np.unique(cells[is_known(cells)].astype(str), return_counts=True)
        self._rows = max(int(counts.sum()), 1)
        order = np.argsort(-counts, kind="stable")
        shares = counts[order] / self._rows
        middle = np.cumsum(shares) - shares / 2
        self._levels = {
            str(names[place]): (float(np.log(share)), float(_normal(np.array([at]))[0]))
            for place, share, at in zip(order, shares, middle, strict=True)
        }

    def _bent(self, values: Floats) -> Floats:
        """Put values on a scale that is linear near the middle and logarithmic far from it."""
        bent: Floats = np.arcsinh((values - self._middle) / self._scale)
        return bent

    def measured(self, cells: Any) -> tuple[Floats, Floats]:
        """Return log-density and normal score of each cell; a missing one has score 0."""
        return self._of_numbers(cells) if self._numeric else self._of_levels(cells)

    def _of_numbers(self, cells: Floats) -> tuple[Floats, Floats]:
        known = np.isfinite(cells)
        values = np.where(known, cells, self._middle)
        bent = self._bent(values)
        place = np.clip(np.searchsorted(self._edges, bent) - 1, 0, BINS - 1)
        beyond = np.maximum(np.maximum(self._edges[0] - bent, bent - self._edges[-1]), 0)
        outside = -np.log(2 * self._rows + 2) - beyond
        inside = self._log_bins[place]
        found = np.where(beyond > 0, outside, inside) - np.log(self._scale) - np.log(np.cosh(bent))
        ends = [np.searchsorted(self._sorted, values, side=side) for side in ("left", "right")]
        score = _normal((ends[0] + ends[1] + 1) / 2 / (self._rows + 1))
        return np.where(known, found, np.log(self._missing)), np.where(known, score, 0.0)

    def _of_levels(self, cells: Any) -> tuple[Floats, Floats]:
        new = (-float(np.log(2 * self._rows)), 0.0)
        lost = (float(np.log(self._missing)), 0.0)
        found = [lost if cell is None else self._levels.get(cell, new) for cell in cells]
        both = np.array(found, dtype=float).reshape(-1, 2)
        return both[:, 0], both[:, 1]


class Rows:
    """Some rows as the density sees them."""

    def __init__(self, names: Sequence[str], measured: Sequence[tuple[Floats, Floats]], tie: Floats) -> None:
        self.place = {name: at for at, name in enumerate(names)}
        self.logs = np.column_stack([log for log, _ in measured])
        self.scores = np.column_stack([score for _, score in measured])
        self.tied = self.scores @ tie


class Density:
    """The earlier rows of a case. Needs at least one earlier batch with rows."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._columns = [c for c in case.columns("number", "category") if c.kind == "number" or _few(case, c)]
        half = max(1, len(case.past) // 2)
        self._whole = _Fitted(
            self._columns, [_cells(self._columns, case, at) for at in range(len(case.past))]
        )
        older = [_cells(self._columns, case, at) for at in range(half)]
        self._older = _Fitted(self._columns, older) if len(case.past) > 1 else self._whole
        self._kept: dict[tuple[int, int | None], dict[str, Any]] = {}
        self._tested = range(half, len(case.past)) if len(case.past) > 1 else range(1)

    def seen_by(self, case: Case) -> Density:
        """Return the same density for a case that only suspects other columns."""
        other = copy.copy(self)
        other._case = case  # noqa: SLF001 — its own copy
        return other

    @property
    def columns(self) -> list[Column]:
        """The columns that it knows."""
        return self._columns

    def screened(self, undo: Undo) -> float:
        """Return about what an explanation gains, from some of the rows, in nats for all rows."""
        cells = self._batch(SCREENED)
        ratios = self._whole.ratios(cells, undo(cells), undo.jacobian, self._case.suspects)
        return _gain(ratios)[1] * self._case.count / max(len(ratios), 1)

    def explained(self, undo: Undo) -> Explained:
        """Return what an explanation comes to on all rows, and on earlier batches."""
        cells = self._batch()
        changed = undo(cells)
        ratios = self._whole.ratios(cells, changed, undo.jacobian, self._case.suspects)
        share, gain, weight = _gain(ratios)
        mask = weight > 0.5
        rates = [self._rate(at, undo) for at in self._tested]
        misfit = self._misfit(changed, mask)
        return Explained(share, gain, max(rates) * len(ratios), misfit, mask)

    def _rate(self, at: int, undo: Undo) -> float:
        """Return an explanation's gain per row on one earlier batch, as the still earlier ones see it."""
        cells = self._thin(at, SCREENED)
        ratios = self._older.ratios(cells, undo(cells), undo.jacobian, self._case.suspects)
        return _gain(ratios)[1] / max(len(ratios), 1)

    def _misfit(self, changed: Mapping[str, Any], mask: Mask) -> float:
        """Return by how much the undone cells are less likely than those of the least likely batch."""
        if not mask.any():
            return float("inf")
        names = list(changed)
        ours = self._whole.typical({name: changed[name][mask] for name in names})
        theirs = []
        for at in self._tested:
            cells = self._thin(at, SCREENED)
            theirs.append(self._older.typical({name: cells[name] for name in names}))
        return (min(theirs) - ours) / max(len(names), 1) - 0.35 - 2 / float(np.sqrt(mask.sum()))

    def _batch(self, most: int | None = None) -> dict[str, Any]:
        """Return the batch's cells, or some of its rows."""
        return self._thin(-1, most)

    def _thin(self, at: int, most: int | None) -> dict[str, Any]:
        """Return the cells of a batch, or of some of its rows; the same arrays each time."""
        if (at, most) not in self._kept:
            cells = _cells(self._columns, self._case, at)
            self._kept[at, most] = cells if most is None else _thinned(cells, most)
        return self._kept[at, most]


class Undo:
    """An explanation: which cells would have arrived, had the fault not been.

    ``jacobian`` is the log of the volume that undoing takes away, per row.
    """

    jacobian: float = 0.0

    def __call__(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """Return the changed columns, from all of them."""
        raise NotImplementedError


class _Fitted:
    """Margins and correlations of some rows."""

    def __init__(self, columns: Sequence[Column], parts: Sequence[Mapping[str, Any]]) -> None:
        self._names = [column.name for column in columns]
        whole = {name: np.concatenate([part[name] for part in parts]) for name in self._names}
        whole = _thinned(whole, MOST_ROWS)
        self._margins = {column.name: Margin(column, whole[column.name]) for column in columns}
        scores = np.column_stack([self._margins[name].measured(whole[name])[1] for name in self._names])
        scores = scores / np.maximum(scores.std(axis=0), 1e-9)
        together = BELIEF * (scores.T @ scores / max(len(scores), 1))
        together[np.diag_indices_from(together)] = 1.0
        self._together: Floats = together
        self._ties: dict[frozenset[str], Floats] = {}
        self._memory: dict[str, tuple[Any, tuple[Floats, Floats]]] = {}
        self._seen: dict[frozenset[str], tuple[Any, Rows]] = {}

    def ratios(
        self,
        cells: Mapping[str, Any],
        changed: Mapping[str, Any],
        jacobian: float,
        suspects: frozenset[str],
    ) -> Floats:
        """Return log p(undone row) − log p(row) of each row; unchanged suspects say nothing."""
        rows = self._rows(cells, suspects - set(changed))
        tie = self._tie_without(suspects - set(changed))
        moved = np.zeros_like(rows.scores)
        gained = np.full(len(rows.scores), jacobian)
        for name, values in changed.items():
            at = rows.place[name]
            log, score = self._margins[name].measured(values)
            gained += log - rows.logs[:, at]
            moved[:, at] = score - rows.scores[:, at]
        tied = np.einsum("ij,ij->i", moved, rows.tied + 0.5 * (moved @ tie))
        found: Floats = np.clip(gained - tied, -MOST_NATS, MOST_NATS)
        return found

    def _rows(self, cells: Mapping[str, Any], left_out: frozenset[str]) -> Rows:
        """Return rows as the density sees them, put together once for the same cells and witnesses."""
        known = self._seen.get(left_out)
        if known is None or known[0] is not cells:
            measured = [self._measured(cells, name) for name in self._names]
            known = (cells, Rows(self._names, measured, self._tie_without(left_out)))
            self._seen[left_out] = known
        return known[1]

    def _measured(self, cells: Mapping[str, Any], name: str) -> tuple[Floats, Floats]:
        """Return log-density and score of a column's cells, measured once for the same cells."""
        known = self._memory.get(name)
        if known is None or known[0] is not cells[name]:
            known = (cells[name], self._margins[name].measured(cells[name]))
            self._memory[name] = known
        return known[1]

    def _tie_without(self, left_out: frozenset[str]) -> Floats:
        """Return what ties the columns together when some are not looked at."""
        if left_out not in self._ties:
            kept = [at for at, name in enumerate(self._names) if name not in left_out]
            tie = np.zeros_like(self._together)
            tie[np.ix_(kept, kept)] = np.linalg.inv(self._together[np.ix_(kept, kept)]) - np.eye(len(kept))
            self._ties[left_out] = tie
        return self._ties[left_out]

    def typical(self, changed: Mapping[str, Any]) -> float:
        """Return the mean log-density of some columns' cells, each by itself."""
        found = [
            np.maximum(self._margins[name].measured(cells)[0], -25).mean() for name, cells in changed.items()
        ]
        return float(sum(found))


def _gain(ratios: Floats) -> tuple[float, float, Floats]:
    """Return the share of rows that an explanation concerns, its gain, and each row's weight."""
    if not len(ratios):
        return 0.0, 0.0, np.zeros(0)
    odds = np.exp(ratios)
    if odds.mean() <= 1:
        # The gain is concave in the share, and falls from 0 on: no row is better explained so.
        return 0.0, 0.0, np.zeros(len(ratios))
    share = 0.5
    for _ in range(40):
        weight = share * odds / (1 - share + share * odds)
        share = min(max(float(weight.mean()), 1e-6), 1 - 1e-6)
    weight = share * odds / (1 - share + share * odds)
    return share, float(np.log(1 - share + share * odds).sum()), weight


def _cells(columns: Sequence[Column], case: Case, at: int) -> dict[str, Any]:
    """Return the columns of the batch (−1) or of an earlier one."""
    found = {}
    for column in columns:
        read = case.past_numbers if column.kind == "number" else case.past_texts
        one = case.numbers if column.kind == "number" else case.texts
        found[column.name] = one(column.name) if at < 0 else read(column.name)[at]
    return found


def _thinned(cells: Mapping[str, Any], most: int) -> dict[str, Any]:
    """Keep every so many rows."""
    rows = len(next(iter(cells.values()), ()))
    step = max(1, -(-rows // most))
    return {name: values[::step] for name, values in cells.items()}


def _few(case: Case, column: Column) -> bool:
    """Say whether a category has few enough levels to have a likelihood."""
    levels = len(case.known_levels(column.name))
    return 0 < levels <= 200


def _normal(share: Floats) -> Floats:
    """Return the normal quantile (Acklam's rational form is not needed: scipy has it)."""
    from scipy.special import ndtri

    found: Floats = np.clip(ndtri(np.clip(share, 1e-4, 1 - 1e-4)), -3.2, 3.2)
    return found
