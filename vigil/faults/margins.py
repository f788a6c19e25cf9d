"""One column of earlier rows: how likely any value is there, and where it lies among them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from vigil.faults.lattice import decimals_of, on_grid, place_among

if TYPE_CHECKING:
    from vigil.faults.case import Floats
    from vigil.records import Column

#: A column whose values come so often each is one of few values: half of its density stands on them, in
#: spikes that are so wide, as a part of the distance between values. A quarter stands on the other values
#: with no more decimals than it has, and a quarter anywhere.
REPEATS, WIDTH = 5, 1e-3
#: Bins of a number column's histogram, on a scale that is linear in the middle and logarithmic outside.
BINS = 48


class Margin(Protocol):
    """A column's cells as earlier rows have them."""

    def measured(self, cells: Any) -> tuple[Floats, Floats]:
        """Return log-density and normal score of each cell; a missing one has score 0."""

    def logs(self, cells: Any) -> Floats:
        """Return the log-density of each cell alone."""

    def scores(self, cells: Any) -> Floats:
        """Return the normal score of each cell alone."""


def fitted(column: Column, cells: Any) -> Margin:
    """Fit a column's earlier cells."""
    return Levels(cells) if column.kind == "category" else Numbers(cells)


class Numbers:
    """A smoothed histogram of numbers, and their ranks."""

    def __init__(self, cells: Floats) -> None:
        values = np.sort(cells[np.isfinite(cells)])
        self._missing = _missing(len(cells) - len(values), len(cells))
        self._rows = max(len(values), 1)
        self._sorted = values if len(values) else np.zeros(1)
        low, self._middle, high = _quartiles(self._sorted)
        # Asked of the ends: the deviation of equal numbers may be a rounding error.
        is_constant = self._sorted[0] == self._sorted[-1]
        spread = 0.0 if is_constant else (high - low) / 1.35 or float(self._sorted.std())
        self._scale = spread or max(abs(self._middle), 1e-9) * 1e-2
        bent = self._bent(self._sorted)
        self._edges = np.linspace(bent[0] - 0.05, bent[-1] + 0.05, BINS + 1)
        counts = np.diff(np.searchsorted(bent, self._edges)).astype(float)
        smooth = np.convolve(counts, [0.25, 0.5, 0.25], mode="same") + 0.1
        self._log_bins = np.log(smooth / smooth.sum() / (self._edges[1] - self._edges[0]))
        first = np.flatnonzero(np.append(True, self._sorted[1:] != self._sorted[:-1]))
        self._atoms, counts = self._sorted[first], np.diff(first, append=len(self._sorted))
        self._ends = np.append(first, len(self._sorted))
        self._is_spiky = 1 < len(self._atoms) <= self._rows / REPEATS
        if self._is_spiky:
            width = WIDTH * float(np.median(np.diff(self._atoms)))
            self._log_spikes = np.log(counts / self._rows / width / 2)
            self._decimals = decimals_of(self._atoms)
            self._on_grid = 0.0 if self._decimals is None else 10.0**-self._decimals / width

    def _bent(self, values: Floats) -> Floats:
        """Put values on a scale that is linear near the middle and logarithmic far from it."""
        bent: Floats = np.arcsinh((values - self._middle) / self._scale)
        return bent

    def measured(self, cells: Floats) -> tuple[Floats, Floats]:
        """Return log-density and normal score of each cell; a missing one has score 0."""
        return self.logs(cells), self.scores(cells)

    def logs(self, cells: Floats) -> Floats:
        """Return the log-density of each cell."""
        known = np.isfinite(cells)
        values = np.where(known, cells, self._middle)
        bent, first, width = self._bent(values), self._edges[0], self._edges[1] - self._edges[0]
        place = np.clip((bent - first) / width, 0, BINS - 1).astype(np.intp)
        beyond = np.maximum(np.maximum(first - bent, bent - self._edges[-1]), 0)
        outside = -np.log(2 * self._rows + 2) - beyond
        found = np.where(beyond > 0, outside, self._log_bins[place])
        # The scale is bent, so that the density is too: cosh(asinh x) = √(1 + x²).
        found -= np.log(self._scale * np.hypot(1.0, (values - self._middle) / self._scale))
        if self._is_spiky:
            place = place_among(values, self._atoms)
            spike = np.where(place >= 0, self._log_spikes[place], -np.inf)
            fits = 0.0 if self._decimals is None else on_grid(values, self._decimals) * self._on_grid
            found = np.logaddexp(found + np.log((1 + fits) / 4), spike)
        logs: Floats = np.where(known, found, np.log(self._missing))
        return logs

    def scores(self, cells: Floats) -> Floats:
        """Return the normal score of each cell: where it lies among the ranks of the earlier ones."""
        known = np.isfinite(cells)
        values = np.where(known, cells, self._middle)
        place = self._atoms.searchsorted(values)
        # Rows below a value, and rows not above it: one place further where it is among the earlier values.
        is_known = self._atoms.take(place, mode="clip") == values
        ends = self._ends[place] + self._ends[place + is_known]
        return np.where(known, _normal((ends + 1) / 2 / (self._rows + 1)), 0.0)


class Levels:
    """The shares of levels, the most frequent first."""

    def __init__(self, cells: Any) -> None:
        counted = Counter(cells.tolist())
        missing = counted.pop(None, 0)
        names = sorted(counted)
        counts = np.array([counted[name] for name in names], dtype=np.intp)
        self._rows = max(int(counts.sum()), 1)
        order = np.argsort(-counts, kind="stable")
        shares = counts[order] / self._rows
        scores = _normal(np.cumsum(shares) - shares / 2)
        # Behind the known levels come what is true of a new one, and of a missing cell.
        new, lost = -float(np.log(2 * self._rows)), float(np.log(_missing(missing, len(cells))))
        self._logs, self._scores = np.append(np.log(shares), [new, lost]), np.append(scores, [0.0, 0.0])
        self._places = {names[at]: place for place, at in enumerate(order.tolist())}
        self._new, self._places[None] = len(names), len(names) + 1

    def measured(self, cells: Any) -> tuple[Floats, Floats]:
        """Return log-density and normal score of each cell; a missing one has score 0."""
        places = np.array([self._places.get(cell, self._new) for cell in cells.tolist()], dtype=np.intp)
        return self._logs[places], self._scores[places]

    def logs(self, cells: Any) -> Floats:
        """Return the log-density of each cell."""
        return self.measured(cells)[0]

    def scores(self, cells: Any) -> Floats:
        """Return the normal score of each cell."""
        return self.measured(cells)[1]


def _missing(gaps: int, rows: int) -> float:
    """Return the share of missing cells, never none."""
    return (gaps + 0.5) / (rows + 1)


def _quartiles(ordered: Floats) -> tuple[float, float, float]:
    """Return the quartiles of values in order."""
    low, middle, high = np.interp(
        np.array([0.25, 0.5, 0.75]) * (len(ordered) - 1), np.arange(len(ordered)), ordered
    )
    return float(low), float(middle), float(high)


def _normal(share: Floats) -> Floats:
    """Return the normal quantile, no further out than earlier rows can tell."""
    from scipy.special import ndtri

    found: Floats = np.clip(ndtri(share), -3.2, 3.2)
    return found
