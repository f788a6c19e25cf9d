"""An alarm without a level: each batch is compared with everything before it, class by class.

A small holdout gives a low level, below which a real drop may stay hidden. This alarm needs no level: it
compares each batch with its own past. Given the true classes, and as long as each class is answered right
as often as before, the right answers of a class, given those so far, are hypergeometric, whatever their
share is. Their randomised rank turned into a normal quantile is exactly N(0, 1) and independent of the
past, so that betting on lower values is a fair game. A change of the class mix alone changes nothing of
this: the class sizes are given. A change with the first batch has a game of its own, in ``outset``.

Bets must not look at the right answers of the past, only at the numbers of rows: a quantile is independent
of earlier quantiles and not of earlier counts.

Sources: Rosenblatt (1952) for the transform; Vovk, Gammerman and Shafer (2005), Algorithmic learning in a
random world, for randomised ranks and bets on them; the mixture over restarts is that of ``betting``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vigil.stats import changepoint, standardised
from vigil.stats.betting import BETS, Floats
from vigil.stats.metrics import Metric, Tally
from vigil.stats.metrics._cells import CellMetric

#: The drops bet on, as differences of log-odds: as many as there are bets, geometric from 0.07 to 0.5.
DROPS: Floats = np.geomspace(0.07, 0.5, len(BETS))

#: The part of the capital that is bet on all classes together: a model that becomes worse mostly does so
#: everywhere.
_TOGETHER = 0.7

#: Variance of a single right answer that the bets reckon with; a wrong one costs power and no validity.
_VARIANCE = 0.19

#: A tail's terms below this share of its sum are left out.
_NEGLIGIBLE = 1e-17

#: Terms of a tail that are added between two looks.
_BETWEEN = 4

#: A normal quantile stays finite when its chance is kept this far from 0 and 1.
_LEAST = 1e-300


@dataclass(frozen=True, slots=True)
class Change:
    """The most likely change: ``index`` is the first batch after it, from 0; values in metric units.

    ``before`` includes the holdout; both are at the holdout's class mix where the metric has one.
    ``likely`` are the batches that hold 90 % of the probability. A value is None where it is undefined.
    """

    index: int
    before: float | None
    after: float | None
    likely: tuple[int, ...] = ()

    def words(self, names: Sequence[str]) -> str:
        """Say with which batch it changed, and how surely; ``names`` are those of the batches, in order."""
        first, last = names[self.likely[0]], names[self.likely[-1]]
        within = f"surely at 90 % between {first} and {last}" if first != last else "at 90 % with no other"
        return f"It changed most likely with {names[self.index]}, {within}."

    def worse_by(self, metric: Metric) -> float:
        """Return by how much the score is worse after the change, in what ``tolerance`` is given in."""
        if self.before is None or self.after is None:
            return 0.0
        drop = self.before - self.after if metric.higher_is_better else self.after - self.before
        return drop / self.before if metric.relative and self.before else drop


def watched(metric: Metric, tally: Tally) -> tuple[int, ...]:
    """Return the true classes whose rows move the score; empty where rows are not counted by class."""
    if not isinstance(metric, CellMetric):
        return ()
    hit, miss = metric.masks(np.shape(tally["confusion"])[-1])
    moved = np.abs(hit).sum(axis=(0, 2)) + np.abs(miss).sum(axis=(0, 2))
    return tuple(np.flatnonzero(moved).tolist())


def parts(classes: int) -> tuple[float, ...]:
    """Return the capital of each process that compares this many classes: all together, then each alone."""
    return (_TOGETHER, *[(1 - _TOGETHER) / classes] * classes) if classes > 1 else (1.0,)


def counted(tally: Tally, classes: Sequence[int]) -> tuple[Floats, Floats]:
    """Return the right answers and the rows of some true classes, each of shape (…, classes).

    The leading dimensions are those of the tally's counts (…, K, K): one stream has none.
    """
    table = np.asarray(tally["confusion"], dtype=np.float64)
    chosen = list(classes)
    return np.diagonal(table, axis1=-2, axis2=-1)[..., chosen], table.sum(axis=-1)[..., chosen]


def ranked(
    counts: tuple[npt.ArrayLike, npt.ArrayLike],
    before: tuple[npt.ArrayLike, npt.ArrayLike],
    places: npt.ArrayLike,
    *,
    spread: npt.ArrayLike = 1.0,
) -> Floats:
    """Return each class's quantile in one batch, shape (..., K): N(0, 1) while nothing changes.

    ``counts`` holds the batch's right answers and rows by true class, each (..., K), ``before`` those of
    the holdout and all batches since; ``places`` (..., K) are the batch's own numbers in (0, 1).
    ``spread``, which broadcasts with them, says by what factor counts vary more than those of independent
    rows; above 1 the quantiles are normal only as far as that factor is right.
    """
    right, rows, old_right, old = (np.asarray(part, dtype=np.float64) for part in (*counts, *before))
    z: Floats = quantile(right, rows, right + old_right, rows + old, np.asarray(places)) / np.sqrt(spread)
    return z


def log_growth(z: Floats, rows: npt.ArrayLike, old: npt.ArrayLike, *, spread: npt.ArrayLike = 1.0) -> Floats:
    """Return the log growth of each bet on one batch's quantiles (..., K), shape (..., processes, 8).

    ``rows`` (..., K) are the batch's, ``old`` those of the holdout and all batches before.
    """
    rows, old = np.asarray(rows, dtype=np.float64), np.asarray(old, dtype=np.float64)
    scale = np.sqrt(_VARIANCE * old / np.maximum(old + rows, 1.0) / np.asarray(spread))
    toward = _toward(rows, scale)
    # The sum over classes of −μz − μ²/2, with μ the drop times the bet's direction.
    linear = np.einsum("...dk,...k->...d", toward, z)[..., None]
    square = np.einsum("...dk,...dk->...d", toward, toward)[..., None]
    grown: Floats = -DROPS * linear - (DROPS**2 / 2) * square
    return grown


def _toward(rows: Floats, scale: Floats) -> Floats:
    """Return how much is bet on each class, shape (..., processes, K).

    Of two classes bet on together, the smaller one's rows weigh both: in the larger one answers are so
    often right that a row says less.
    """
    alone: Floats = np.sqrt(rows) * scale
    count = rows.shape[-1]
    both = np.sqrt(rows.min(axis=-1, keepdims=True)) * scale if count == 2 else alone
    if count == 1:
        return both[..., None, :]
    return np.concatenate([both[..., None, :], np.eye(count) * alone[..., None, :]], axis=-2)


def quantile(hits: Floats, drawn: Floats, good: Floats, total: Floats, place: Floats) -> Floats:
    """Return Φ⁻¹(P(H < hits) + place·P(H = hits)), H ~ Hypergeometric(total, good, drawn).

    With ``place`` uniform it is exactly standard normal (to within rounding) when hits ~ H. The smaller
    tail is summed outwards from ``hits``, so that the cost grows with the square root of a batch.
    """
    from scipy.special import gammaln, ndtri

    hits, drawn, good, total, place = np.broadcast_arrays(hits, drawn, good, total, place)
    bad = total - good

    def ways(whole: Floats, part: Floats) -> Floats:
        chosen: Floats = gammaln(whole + 1) - gammaln(part + 1) - gammaln(whole - part + 1)
        return chosen

    same = np.exp(ways(good, hits) + ways(bad, drawn - hits) - ways(total, drawn))
    down = hits * total <= drawn * good
    # The mirror image counts misses, so that both tails are summed downwards.
    k = np.where(down, hits, drawn - hits)
    most, rest = np.where(down, good, bad), np.where(down, bad, good)
    tail = _below(k, drawn, most, rest - drawn)
    far = same * (tail + np.where(down, place, 1 - place))
    z: Floats = np.where(down, 1.0, -1.0) * ndtri(np.clip(far, _LEAST, 1 - 1e-16))
    return z


def _below(k: Floats, drawn: Floats, good: Floats, slack: Floats) -> Floats:
    """Return P(H < k)/P(H = k), by the ratio of neighbouring chances, for whole numbers.

    In place, as this is most of what a batch costs. The ratio is 0 where the chance is, and so is
    every later term.
    """
    term, total = np.ones(k.shape), np.zeros(k.shape)
    up, below = k.astype(np.float64), slack + k
    over, under, ratio, other = good - up + 1, drawn - up + 1, np.empty(k.shape), np.empty(k.shape)
    while True:
        # Several terms between two looks at whether the rest matters.
        for _ in range(_BETWEEN):
            np.multiply(up, below, out=ratio)
            np.multiply(over, under, out=other)
            ratio /= other
            term *= ratio
            total += term
            up -= 1
            below -= 1
            over += 1
            under += 1
        if not (term > _NEGLIGIBLE * total).any():
            return total


def places_of(batch: str, count: int) -> Floats:
    """Return a batch's numbers in (0, 1): as good as random, and the same whenever they are asked for."""
    named = (f"{batch}-{number}".encode() for number in range(count))
    whole = [int.from_bytes(hashlib.sha256(name).digest()[:6], "big") for name in named]
    return (np.array(whole, dtype=np.float64) + 0.5) / 2.0**48


def change(metric: Metric, tallies: Sequence[Tally], held_out: Tally) -> Change:
    """Find the most likely change in a release's batches, oldest first, and the score on both sides.

    Raises ValueError without a batch.
    """
    counts = [metric.counts(tally) for tally in tallies]
    found = changepoint.locate(
        [hits for hits, _ in counts], [misses for _, misses in counts], held_out=metric.counts(held_out)
    )
    old, new = held_out, tallies[found.index]
    for tally in tallies[: found.index]:
        old = metric.add(old, tally)
    for tally in tallies[found.index + 1 :]:
        new = metric.add(new, tally)

    def value(tally: Tally) -> float | None:
        if not isinstance(metric, CellMetric) or not standardised.fits(metric, held_out):
            return metric.value(tally)
        even = standardised.value(metric, tally, standardised.mix(held_out))
        # Of many classes one may be missing since: then the score as it is has to do.
        many = even is None and len(tally["confusion"]) > 2
        return metric.value(tally) if many else even

    return Change(found.index, value(old), value(new), found.likely)
