"""Scores of the K×K table of truth against prediction, and their exact alarms.

Such a score is made of shares of hits, each given by two masks over the table: which cells are hits and
which are misses. F1 of class c has the hit (c, c) and as misses the rest of row c and column c; accuracy
has the diagonal and all else. Every share is watched by its own process.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Literal

import numpy as np
import numpy.typing as npt

from vigil.records import Task
from vigil.stats.betting import BETS, Floats, log_growth
from vigil.stats.intervals import f1_from_share, normal_in_logits, share_from_f1, share_lower, share_upper
from vigil.stats.metrics import Level, Rows, Tally
from vigil.stats.power import found_share, needed

#: Hits and misses below which a share is no reference.
_ENOUGH = 20


class CellMetric(ABC):
    """A score of classes. A metric's file gives the names and ``masks``.

    A process is one watched share; ``harmonic`` says of each whether its value is F1 = 2J/(1 + J) or
    the share J itself. The score is the mean of the first ``scored`` processes.
    """

    name: str
    title: str
    tasks: tuple[Task, ...] = ("binary",)
    higher_is_better = True
    relative = False
    of: Literal["answer", "probability"] = "answer"
    #: Whether hits are whole rows of one binomial, so that bounds are exact.
    exact = True
    #: Whether the score moves when the class mix does.
    moves_with_mix = True

    @abstractmethod
    def masks(self, classes: int) -> tuple[Floats, Floats]:
        """Return the hit cells and the miss cells, each of shape (processes, K, K)."""

    def harmonic(self, processes: int) -> npt.NDArray[np.bool_]:
        """Return for each process whether its value is 2J/(1 + J)."""
        return np.zeros(processes, dtype=bool)

    def scored(self, processes: int) -> int:
        """Return how many of the processes, from the first, make up the score."""
        return processes

    def processes(self, classes: int) -> int:
        """Return how many shares are watched."""
        return len(self.masks(classes)[0])

    def tally(self, truth: Rows, prediction: Rows, *, classes: int, clip: float | None = None) -> Tally:
        """Count the rows in each cell; ``clip`` has no meaning for classes."""
        del clip
        codes = np.asarray(truth, dtype=np.int64) * classes + np.asarray(prediction, dtype=np.int64)
        counts = np.bincount(codes, minlength=classes * classes).reshape(classes, classes)
        return {"confusion": counts.tolist()}

    def add(self, a: Tally, b: Tally) -> Tally:
        """Add the counts: lists (K, K), or arrays (…, K, K) of many streams at once."""
        total = np.add(a["confusion"], b["confusion"])
        return {"confusion": total if isinstance(b["confusion"], np.ndarray) else total.tolist()}

    def value(self, tally: Tally) -> float | None:
        """Return the score, or None when no share of it has a hit or a miss."""
        score = float(self.score(_table(tally)))
        return None if math.isnan(score) else score

    def counts(self, tally: Tally) -> tuple[float, float]:
        """Return hits and misses of the last process: the only one, or the one over all classes."""
        hits, misses = self._counts(_table(tally))
        return float(hits[-1]), float(misses[-1])

    def enough(self, tally: Tally) -> bool:
        """Ask for 20 hits and misses (for F1: TP + FP + FN)."""
        return sum(self.counts(tally)) >= _ENOUGH

    def interval(self, tally: Tally, confidence: float) -> tuple[float, float] | None:
        """Return the exact interval of Clopper and Pearson, or for a mean of shares one in logits."""
        table = _table(tally)
        if self.value(tally) is None:
            return None
        if len(self.masks(len(table))[0]) > 1 or not self.exact:
            return self._mean_interval(table, confidence)
        return self._exact_interval(table, (1 - confidence) / 2)

    def level(self, tally: Tally, *, delta: float, tolerance: float, choices: int = 1) -> Level | None:
        """Return each share's level: its exact lower bound at δ/(processes·choices) less the tolerance.

        A share whose level would be zero or less is mute (None); None when all are, or too few rows.
        "value" is the mean of the levels that make up the score, a mute one counting as 0.
        """
        table = _table(tally)
        hits, misses = self._counts(table)
        bounds = share_lower(hits, misses, delta / (len(hits) * choices))
        levels = self._value(bounds) - tolerance
        if not self.enough(tally) or levels.max() <= 0:
            return None
        shares = self._share(np.maximum(levels, 0.0))
        scored = self._seen(hits + misses)
        return {
            "value": float(np.maximum(levels, 0.0)[scored].mean()),
            "shares": [float(share) if share > 0 else None for share in shares],
            "reference": np.where(scored, self._value(_ratio(hits, misses)), 0.0).tolist(),
            "scored": scored.tolist(),
        }

    def log_l(self, truth: Rows, prediction: Rows, level: Level, *, classes: int) -> Floats:
        """Return the log growth of each bet; that of a mute process is 0."""
        return self.log_l_of(self.tally(truth, prediction, classes=classes), level)

    def log_l_of(self, tally: Tally, level: Level) -> Floats:
        """Return the log growth of each bet from a batch's counts, which are all that it depends on."""
        hits, misses = self._counts(_table(tally))
        growth = np.zeros((len(hits), len(BETS)))
        heard = [number for number, share in enumerate(level["shares"]) if share is not None]
        shares = np.array([level["shares"][number] for number in heard])
        growth[heard] = log_growth(hits[heard], misses[heard], shares)
        return growth

    def detectable(
        self, level: Level, since: Tally, reference: float, *, log_threshold: float, log_weight: float
    ) -> float | None:
        """Return the smallest drop of the score that would have been found.

        For a mean of shares: however the drop is spread over them. One that stays hidden leaves every
        share above its own smallest found drop, a mute share as low as 0, so that the mean of these is
        the answer.
        """
        hits, misses = self._counts(_table(since))
        need = needed(log_threshold, log_weight, len(hits))
        start = level["reference"] if len(hits) > 1 else [reference]
        chosen = np.flatnonzero(level["scored"]).tolist()
        lowest = {number: self._lowest(level, number, hits + misses, need) for number in chosen}
        if not any(lowest.values()):
            return None
        return float(np.mean([start[number] - lowest[number] for number in chosen]))

    def score(self, tables: Floats) -> Floats:
        """Return the score of tables of shape (…, K, K); NaN where it is undefined."""
        hits, misses = self._counts(tables)
        values, seen = self._value(_ratio(hits, misses)), self._seen(hits + misses)
        many = seen.sum(axis=-1)
        total = np.where(seen, values, 0.0).sum(axis=-1)
        score: Floats = np.where(many > 0, total / np.maximum(many, 1), np.nan)
        return score

    def influence(self, table: Floats) -> Floats:
        """Return by how much a row of each cell moves the score, times n, of tables (…, K, K): mean 0.

        The influence function: its variance over the rows, divided by n, is the score's (the delta
        method).
        """
        hit, miss = self.masks(table.shape[-1])
        hits, misses = self._counts(table)
        seen = self._seen(hits + misses)
        share = _ratio(hits, misses)
        slope = np.where(self.harmonic(share.shape[-1]), 2 / (1 + share) ** 2, 1.0)
        rows, many = table.sum(axis=(-2, -1))[..., None], seen.sum(axis=-1, keepdims=True)
        scale = np.where(seen, slope * rows / np.maximum(hits + misses, 1), 0.0) / np.maximum(many, 1)
        parts = hit - share[..., None, None] * (hit + miss)
        moved: Floats = np.einsum("...p,...pkl->...kl", scale, parts)
        return moved

    def moved(self, truth: Rows, prediction: Rows, *, classes: int, about: Tally | None = None) -> Floats:
        """Return each row's influence on the score."""
        if not len(truth):
            return np.zeros(0)
        table = _table(about or self.tally(truth, prediction, classes=classes))
        rows: Floats = self.influence(table)[np.asarray(truth, int), np.asarray(prediction, int)]
        return rows

    def _counts(self, tables: Floats) -> tuple[Floats, Floats]:
        """Return hits and misses of each process, shape (…, processes), of tables (…, K, K)."""
        hit, miss = self.masks(tables.shape[-1])
        flat = tables.reshape(*tables.shape[:-2], -1)
        return flat @ hit.reshape(len(hit), -1).T, flat @ miss.reshape(len(miss), -1).T

    def _value(self, shares: Floats) -> Floats:
        """Turn shares, one per process on the last axis, into values in metric units."""
        value: Floats = np.where(self.harmonic(shares.shape[-1]), f1_from_share(shares), shares)
        return value

    def _share(self, values: Floats) -> Floats:
        """Turn values into shares, the inverse of ``_value``."""
        share: Floats = np.where(self.harmonic(values.shape[-1]), share_from_f1(values), values)
        return share

    def _seen(self, counted: Floats) -> npt.NDArray[np.bool_]:
        """Return which processes make up the score here: scored, and with a hit or a miss."""
        processes = counted.shape[-1]
        scored: npt.NDArray[np.bool_] = np.arange(processes) < self.scored(processes)
        return scored & (counted > 0)

    def _lowest(self, level: Level, number: int, counted: Floats, need: float) -> float:
        """Return the value below which one process would have been found; 0 when none would be."""
        share = level["shares"][number]
        found = None if share is None else found_share(float(counted[number]), share, need)
        return 0.0 if found is None else float(self._value(np.full(len(counted), found))[number])

    def _exact_interval(self, table: Floats, tail: float) -> tuple[float, float]:
        """Return the interval of a single share."""
        hits, misses = self._counts(table)
        low, high = share_lower(hits, misses, tail), share_upper(hits, misses, tail)
        return float(self._value(low)[0]), float(self._value(high)[0])

    def _mean_interval(self, table: Floats, confidence: float) -> tuple[float, float]:
        """Return the interval of a mean of shares: the delta method in logits.

        At a score of 0 or 1 that has no width; there, the mean of the exact bounds of the shares, with
        the error divided among them.
        """
        value, rows = float(self.score(table)), table.sum()
        if 0 < value < 1:
            error = math.sqrt(float((table * self.influence(table) ** 2).sum())) / rows
            return normal_in_logits(value, error, confidence)
        hits, misses = self._counts(table)
        seen = self._seen(hits + misses)
        tail = (1 - confidence) / (2 * seen.sum())
        low, high = self._value(share_lower(hits, misses, tail)), self._value(share_upper(hits, misses, tail))
        return float(low[seen].mean()), float(high[seen].mean())


def _table(tally: Tally) -> Floats:
    """Return a tally's counts as an array, truth down and prediction across."""
    return np.array(tally["confusion"], dtype=np.float64)


def _ratio(hits: Floats, misses: Floats) -> Floats:
    """Return the shares of hits, 0 where there is nothing to share."""
    ratio: Floats = hits / np.maximum(hits + misses, 1)
    return ratio
