"""Area under the ROC curve: how often a positive row has a higher probability than a negative one."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from vigil.records import Task
from vigil.stats.betting import Floats, log_growth
from vigil.stats.intervals import chernoff_lower
from vigil.stats.metrics import Level, Rows, Tally
from vigil.stats.power import found_share, needed

#: Log-odds from −8 to 8 are laid on a grid of so many steps; what shares a step is a tie.
_STEPS, _REACH = 256, 8.0

#: Rows of the rarer class below which there is no reference.
_ENOUGH = 20


class Auc:
    """Watched as a share of hits: pairs of a positive and a negative row, of which k = min(n₁, n₀) count.

    The score of n₁·n₀ pairs is an average of averages of k independent pairs each, so that by Jensen's
    inequality whatever is fair, or bounds a tail by its exponential moments, for k independent pairs holds
    for it too (Hoeffding, 1963, section 5). It does not move with the class mix.
    """

    name = "auc"
    title = "AUC"
    tasks: tuple[Task, ...] = ("binary",)
    higher_is_better = True
    relative = False
    of: Literal["answer", "probability"] = "probability"

    def tally(self, truth: Rows, prediction: Rows, *, classes: int = 2, clip: float | None = None) -> Tally:
        """Count the rows of each class at each step of the log-odds."""
        del classes, clip
        step, positive = _steps(prediction), np.asarray(truth) == 1
        counted = (np.bincount(step[chosen], minlength=_STEPS + 1) for chosen in (~positive, positive))
        return dict(zip(("negatives", "positives"), (one.tolist() for one in counted), strict=True))

    def add(self, a: Tally, b: Tally) -> Tally:
        """Add the counts."""
        return {key: (np.array(a[key]) + np.array(b[key])).tolist() for key in ("negatives", "positives")}

    def value(self, tally: Tally) -> float | None:
        """Return the area, ties counting by half, or None when a class is missing."""
        negatives, positives = _counts(tally)
        if not _rarer(tally):
            return None
        return float(positives @ _below(negatives)) / float(positives.sum())

    def counts(self, tally: Tally) -> tuple[float, float]:
        """Return the pairs that count, in the right order and in the wrong one."""
        value, pairs = self.value(tally), _rarer(tally)
        return (0.0, 0.0) if value is None else (pairs * value, pairs * (1 - value))

    def enough(self, tally: Tally) -> bool:
        """Ask for 20 rows of each class."""
        return _rarer(tally) >= _ENOUGH

    def interval(self, tally: Tally, confidence: float) -> tuple[float, float] | None:
        """Return an interval that holds at every number of rows, half of the error on each side."""
        if self.value(tally) is None:
            return None
        (hits, misses), tail = self.counts(tally), (1 - confidence) / 2
        return chernoff_lower(hits, misses, tail), 1 - chernoff_lower(misses, hits, tail)

    def processes(self, classes: int = 2) -> int:
        """Return one."""
        del classes
        return 1

    def level(self, tally: Tally, *, delta: float, tolerance: float, choices: int = 1) -> Level | None:
        """Return the lower bound less the tolerance; None below 20 rows of a class, or at zero."""
        if not self.enough(tally):
            return None
        value = chernoff_lower(*self.counts(tally), delta / choices) - tolerance
        return {"value": value} if value > 0 else None

    def log_l(self, truth: Rows, prediction: Rows, level: Level, *, classes: int = 2) -> Floats:
        """Return the log growth of each bet; 0 for a batch that lacks a class."""
        return self.log_l_of(self.tally(truth, prediction, classes=classes), level)

    def log_l_of(self, tally: Tally, level: Level) -> Floats:
        """Return the log growth of each bet from a batch's counts, which are all that it depends on."""
        hits, misses = self.counts(tally)
        return log_growth([hits], [misses], [level["value"]])

    def detectable(
        self, level: Level, since: Tally, reference: float, *, log_threshold: float, log_weight: float
    ) -> float | None:
        """Return the smallest drop that would have been found, as if the pairs were independent."""
        found = found_share(float(_rarer(since)), level["value"], needed(log_threshold, log_weight, 1))
        return None if found is None else reference - found

    def moved(self, truth: Rows, prediction: Rows, *, classes: int = 2, about: Tally | None = None) -> Floats:
        """Return each row's influence: its own share of pairs in the right order, less the score."""
        tally = about or self.tally(truth, prediction, classes=classes)
        value = self.value(tally)
        if value is None:
            return np.zeros(len(truth))
        negatives, positives = _counts(tally)
        rows = negatives.sum() + positives.sum()
        step, positive = _steps(prediction), np.asarray(truth) == 1
        own = np.where(positive, _below(negatives)[step], 1 - _below(positives)[step])
        size = np.where(positive, positives.sum(), negatives.sum())
        moved: Floats = (own - value) * rows / size
        return moved

    def parts(self, truth: Rows, prediction: Rows) -> Floats:
        """Return each row's part of the score, to first order: their mean is the score."""
        value = self.value(self.tally(truth, prediction))
        return self.moved(truth, prediction) + (math.nan if value is None else value)


def _steps(probability: Rows) -> npt.NDArray[np.int64]:
    """Return the step of the log-odds at which each probability lies."""
    chance = np.clip(np.asarray(probability, dtype=np.float64), 1e-9, 1 - 1e-9)
    odds = np.clip(np.log(chance) - np.log1p(-chance), -_REACH, _REACH)
    steps: npt.NDArray[np.int64] = np.rint((odds + _REACH) * (_STEPS / (2 * _REACH))).astype(np.int64)
    return steps


def _counts(tally: Tally) -> tuple[Floats, Floats]:
    """Return negatives and positives by step."""
    return np.array(tally["negatives"], dtype=np.float64), np.array(tally["positives"], dtype=np.float64)


def _rarer(tally: Tally) -> int:
    """Return the rows of the rarer class."""
    return int(min(sum(tally["negatives"]), sum(tally["positives"])))


def _below(counts: Floats) -> Floats:
    """Return for each step the share of rows below it, and half of those at it."""
    share: Floats = (np.cumsum(counts) - counts / 2) / counts.sum()
    return share


METRIC = Auc()
