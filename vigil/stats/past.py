"""An alarm without a level: each batch is compared with everything before it, class by class.

A small holdout gives a low level, below which a real drop may stay hidden. This alarm needs no level: it
compares each batch with its own past. Given the true classes, and as long as each class is answered right
as often as before, the right answers of a class, given those so far, are hypergeometric, whatever their
share is. Their randomised rank turned into a normal quantile is exactly N(0, 1) and independent of the
past, so that betting on lower values is a fair game. A change of the class mix alone changes nothing of
this: the class sizes are given.

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

#: The drops bet on, as differences of log-odds: as many as there are bets, geometric from 0.1 to 0.8.
DROPS: Floats = np.geomspace(0.1, 0.8, len(BETS))

#: Processes that bet on all classes together: a model that becomes worse mostly does so everywhere.
_TOGETHER = 3

#: Variance of a single right answer that the bets reckon with; a wrong one costs power and no validity.
_VARIANCE = 0.19

#: A tail's terms below this share of its sum are left out.
_NEGLIGIBLE = 1e-17

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
    hit, miss = metric.masks(len(tally["confusion"]))
    moved = np.abs(hit).sum(axis=(0, 2)) + np.abs(miss).sum(axis=(0, 2))
    return tuple(np.flatnonzero(moved).tolist())


def directions(classes: int) -> int:
    """Return how many processes compare this many classes: all together, fading, and each one alone."""
    return _TOGETHER + 1 + (classes if classes > 1 else 0)


def counted(tally: Tally, classes: Sequence[int]) -> tuple[Floats, Floats]:
    """Return the right answers and the rows of some true classes, each of shape (classes,)."""
    table = np.array(tally["confusion"], dtype=np.float64)
    chosen = list(classes)
    return np.diag(table)[chosen], table.sum(axis=1)[chosen]


def log_growth(
    counts: tuple[npt.ArrayLike, npt.ArrayLike],
    before: tuple[npt.ArrayLike, npt.ArrayLike],
    places: npt.ArrayLike,
    *,
    held: npt.ArrayLike,
    spread: float = 1.0,
) -> Floats:
    """Return the log growth of each bet on one batch, shape (..., directions, 8).

    ``counts`` holds the batch's right answers and rows by true class, each (..., K), ``before`` those of
    the holdout and all batches since, ``held`` (..., K) the holdout's rows alone; ``places`` (..., K) are
    the batch's own numbers in (0, 1).
    ``spread`` says by what factor counts vary more than those of independent rows; above 1 the game is
    fair only as far as that factor is right.
    """
    right, rows, old_right, old = (np.asarray(part, dtype=np.float64) for part in (*counts, *before))
    z = quantile(right, rows, right + old_right, rows + old, np.asarray(places)) / np.sqrt(spread)
    scale = np.sqrt(_VARIANCE * old / np.maximum(old + rows, 1.0) / spread)
    toward = _toward(rows, scale, np.sqrt(np.asarray(held, dtype=np.float64) / np.maximum(old, 1.0)))
    # The sum over classes of −μz − μ²/2, with μ the drop times the bet's direction.
    linear = (toward * z[..., None, :]).sum(axis=-1)[..., None]
    grown: Floats = -DROPS * linear - (DROPS**2 / 2) * (toward**2).sum(axis=-1)[..., None]
    return grown


def _toward(rows: Floats, scale: Floats, fade: Floats) -> Floats:
    """Return how much is bet on each class, shape (..., directions, K).

    Of two classes bet on together, the smaller one's rows weigh both: in the larger one answers are so
    often right that a row says less. One process bets less and less, by ``fade``: a change with the first
    batch is soon part of the past itself.
    """
    alone: Floats = np.sqrt(rows) * scale
    count = rows.shape[-1]
    both = np.sqrt(rows.min(axis=-1, keepdims=True)) * scale if count == 2 else alone
    parts = [np.repeat(both[..., None, :], _TOGETHER, axis=-2), (both * fade)[..., None, :]]
    if count > 1:
        parts.append(np.eye(count) * alone[..., None, :])
    return np.concatenate(parts, axis=-2)


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
    """Return P(H < k)/P(H = k), by the ratio of neighbouring chances."""
    term, total, step = np.ones(k.shape), np.zeros(k.shape), k.astype(np.float64)
    while True:
        ratio = step * np.maximum(slack + step, 0.0) / ((good - step + 1) * (drawn - step + 1))
        term = term * np.where(step > 0, ratio, 0.0)
        total = total + term
        step = step - 1
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
        if isinstance(metric, CellMetric) and standardised.fits(metric, held_out):
            return standardised.value(metric, tally, standardised.mix(held_out))
        return metric.value(tally)

    return Change(found.index, value(old), value(new), found.likely)
