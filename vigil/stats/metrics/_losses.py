"""Mean losses, watched through their clipped part and their tail.

The loss min(x, B)/B lies in [0, 1], so that its mean has an exact bound and can be bet on; what the
clip B hides is watched by a second process, on the share of rows with x > B. B must come from other
rows than those tallied.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Literal

import numpy as np

from vigil.records import Task
from vigil.stats.betting import BETS, Floats, log_growth, log_growth_of_losses
from vigil.stats.intervals import mean_upper, normal, share_upper
from vigil.stats.metrics import Level, Rows, Tally
from vigil.stats.power import found_rise, needed

#: Cells of the grid on which losses are summarised.
_CELLS = 64

_ENOUGH = 100

_PROCESSES = 2


class LossMetric(ABC):
    """The mean of a loss. Tolerance, margin and ``max_drop`` are shares of it.

    A metric's file gives the names, ``losses`` and, where losses have a limit of their own, ``limit``.
    """

    name: str
    title: str
    tasks: tuple[Task, ...]
    limit: float | None = None
    higher_is_better = False
    relative = True
    of: Literal["answer", "probability"] = "answer"

    def tally(self, truth: Rows, prediction: Rows, *, classes: int = 0, clip: float | None = None) -> Tally:
        """Sum losses, their squares and the rows beyond ``clip``, and lay the clipped losses on a grid.

        A loss between two grid points is shared between them so that its mean stays. A bet's log pay is
        concave in the loss, so that wealth reckoned from the grid is never more than from the rows: all
        bounds and evidence stay valid.
        """
        del classes
        clip = self.clipped_at(clip)
        size = self.losses(truth, prediction)
        tally = {"rows": len(size), "sum": float(size.sum()), "squares": float(size @ size)}
        if clip is None or clip <= 0:
            return {**tally, "over": 0, "clip": None, "grid": None}
        over, grid = int((size > clip).sum()), _on_grid(size / clip).tolist()
        return {**tally, "over": over, "clip": float(clip), "grid": grid}

    def add(self, a: Tally, b: Tally) -> Tally:
        """Add the sums. Raises ValueError for two clips: their losses are not the same."""
        if a["clip"] != b["clip"]:
            raise ValueError(f"tallies with clips {a['clip']} and {b['clip']} cannot be added")
        both = {key: a[key] + b[key] for key in ("rows", "sum", "squares", "over")}
        grid = None if a["grid"] is None else (np.array(a["grid"]) + np.array(b["grid"])).tolist()
        return {**both, "clip": a["clip"], "grid": grid}

    def value(self, tally: Tally) -> float | None:
        """Return the mean loss, or None without rows."""
        return tally["sum"] / tally["rows"] if tally["rows"] else None

    def counts(self, tally: Tally) -> tuple[float, float]:
        """Return the sum of 1 − loss as hits and of losses as misses; zeros without a clip."""
        if tally["grid"] is None:
            return 0.0, 0.0
        lost = float(np.array(tally["grid"]) @ _points())
        return tally["rows"] - lost, lost

    def enough(self, tally: Tally) -> bool:
        """Ask for 100 rows."""
        return bool(tally["rows"] >= _ENOUGH)

    def interval(self, tally: Tally, confidence: float) -> tuple[float, float] | None:
        """Return the normal interval of the mean, or None below two rows.

        Losses may have no upper limit, so that no interval for their mean is exact.
        """
        rows = tally["rows"]
        if rows < 2:
            return None
        mean = tally["sum"] / rows
        variance = max(tally["squares"] - rows * mean**2, 0.0) / (rows - 1)
        low, high = normal(mean, math.sqrt(variance / rows), confidence)
        return max(low, 0.0), high

    def processes(self, classes: int = 0) -> int:
        """Return two: the clipped mean and the tail."""
        del classes
        return _PROCESSES

    def level(self, tally: Tally, *, delta: float, tolerance: float, choices: int = 1) -> Level | None:
        """Return both levels, each an upper bound at δ/(2·choices) plus ``tolerance`` of the reference.

        A level of 1 or more is mute (None). "value" is the reference raised by what the clipped mean
        may rise, in units of the target. None below 100 rows or without a clip.
        """
        if not self.enough(tally) or tally["grid"] is None:
            return None
        grid, share = np.array(tally["grid"]), delta / (_PROCESSES * choices)
        rows, over = tally["rows"], tally["over"]
        mean = float(grid @ _points()) / rows
        clipped = mean_upper(_points(), share, grid) + tolerance * mean
        tail = float(share_upper(over, rows - over, share)) + tolerance * over / rows
        if clipped >= 1 and tail >= 1:
            return None
        return {
            "value": tally["sum"] / rows + tally["clip"] * (clipped - mean),
            "clipped": clipped if clipped < 1 else None,
            "tail": tail if tail < 1 else None,
            "clip": tally["clip"],
            "grid": (grid / rows).tolist(),
        }

    def log_l(self, truth: Rows, prediction: Rows, level: Level, *, classes: int = 0) -> Floats:
        """Return the log growth of each bet, row by row; that of a mute process is 0."""
        del classes
        losses: Floats = self.losses(truth, prediction) / level["clip"]
        over = int((losses > 1).sum())
        return _growth(np.minimum(losses, 1.0), np.ones(len(losses)), over, level)

    def log_l_of(self, tally: Tally, level: Level) -> Floats:
        """Return the log growth of each bet from a batch's tally: never more than ``log_l``."""
        return _growth(_points(), np.array(tally["grid"]), tally["over"], level)

    def detectable(
        self, level: Level, since: Tally, reference: float, *, log_threshold: float, log_weight: float
    ) -> float | None:
        """Return the smallest rise of the mean that would have been found, in units of the target.

        For a rise of all losses by the same factor, found through the clipped mean alone.
        """
        if level["clipped"] is None:
            return None
        need = needed(log_threshold, log_weight, _PROCESSES)
        rise = found_rise(since["rows"], _points(), np.array(level["grid"]), level["clipped"], need)
        return None if rise is None else rise * reference

    @abstractmethod
    def losses(self, truth: Rows, prediction: Rows) -> Floats:
        """Return each row's loss, unclipped."""

    def parts(self, truth: Rows, prediction: Rows) -> Floats:
        """Return each row's part of the score, which is its loss."""
        return self.losses(truth, prediction)

    def clipped_at(self, clip: float | None) -> float | None:
        """Return the loss that counts in full: the losses' own limit, else that of an error of ``clip``."""
        return self.limit or clip

    def moved(self, truth: Rows, prediction: Rows, *, classes: int = 0, about: Tally | None = None) -> Floats:
        """Return each row's loss less their mean."""
        del classes
        losses = self.losses(truth, prediction)
        mean = self.value(about) if about else None
        if mean is None:
            mean = losses.mean() if len(losses) else 0.0
        rows: Floats = losses - mean
        return rows


def _points() -> Floats:
    """Return the grid's points, 0 to 1."""
    points: Floats = np.linspace(0.0, 1.0, _CELLS + 1)
    return points


def _on_grid(losses: Floats) -> Floats:
    """Return how many losses lie at each grid point, sharing each between its two neighbours."""
    place = np.minimum(losses, 1.0) * _CELLS
    below = np.minimum(place.astype(np.int64), _CELLS - 1)
    part = place - below
    grid: Floats = np.zeros(_CELLS + 1)
    grid += np.bincount(below, weights=1.0 - part, minlength=_CELLS + 1)
    grid += np.bincount(below + 1, weights=part, minlength=_CELLS + 1)
    return grid


def _growth(losses: Floats, weights: Floats, over: int, level: Level) -> Floats:
    """Return the log growth of both processes, shape (2, 8)."""
    growth = np.zeros((_PROCESSES, len(BETS)))
    if level["clipped"] is not None:
        growth[0] = log_growth_of_losses(losses, weights, level["clipped"])
    if level["tail"] is not None:
        # A row within the clip is a hit of "at most this share lies beyond".
        growth[1] = log_growth(weights.sum() - over, over, 1 - level["tail"])
    return growth
