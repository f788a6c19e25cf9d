"""An alarm without a level: each batch is compared with everything before it.

A small holdout gives a low level, below which a real drop may stay hidden. This alarm needs no level: it
compares each batch with its own past. If nothing has changed, the hits of a batch, given the hits so far,
are hypergeometric, whatever the share of hits is. Their randomised mid-rank turned into a normal quantile
is exactly N(0, 1) and independent of the past, so that betting on lower values is a fair game.

Sources: Rosenblatt (1952) for the transform; Vovk, Gammerman and Shafer (2005), Algorithmic learning in a
random world, for randomised ranks and bets on them; the mixture over restarts is that of ``betting``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vigil.stats import changepoint
from vigil.stats.betting import BETS, Evidence, Floats, log_e_value
from vigil.stats.metrics import Metric, Tally

#: The drops bet on, as differences of log-odds: as many as there are bets, geometric from 0.05 to 1.5.
DROPS: Floats = np.geomspace(0.05, 1.5, len(BETS))

#: Variance of a single hit that the bets reckon with; a wrong one costs power and no validity.
_VARIANCE = 0.19

#: Standard deviations around the mean beyond which hypergeometric chances are taken as 0.
_REACH = 40

#: A normal quantile stays finite when its chance is kept this far from 0 and 1.
_LEAST = 1e-300


@dataclass(frozen=True, slots=True)
class Change:
    """The most likely change: ``index`` is the first batch after it, from 0; values in metric units.

    ``before`` includes the holdout. A value is None where it is undefined.
    """

    index: int
    before: float | None
    after: float | None

    def worse_by(self, metric: Metric) -> float:
        """Return by how much the score is worse after the change, in what ``tolerance`` is given in."""
        if self.before is None or self.after is None:
            return 0.0
        drop = self.before - self.after if metric.higher_is_better else self.after - self.before
        return drop / self.before if metric.relative and self.before else drop


def compares(tally: Tally) -> bool:
    """Say whether a tally counts hits and misses in whole rows, which this alarm needs."""
    return "confusion" in tally


def log_growth(
    counts: tuple[npt.ArrayLike, npt.ArrayLike],
    before: tuple[npt.ArrayLike, npt.ArrayLike],
    place: npt.ArrayLike,
) -> Floats:
    """Return the log growth of each bet on one batch, shape (…, 8).

    ``counts`` holds the batch's hits and misses (``metric.counts``), ``before`` those of the holdout and
    all batches since, ``place`` the batch's own number in (0, 1). All broadcast over streams.
    """
    hits, misses, old_hits, old_misses, chance = np.broadcast_arrays(
        *(np.asarray(part, dtype=np.float64) for part in (*counts, *before, place))
    )
    drawn, old = hits + misses, old_hits + old_misses
    z = quantile(hits, drawn, hits + old_hits, drawn + old, chance)
    shift = np.sqrt(_VARIANCE * drawn * old / np.maximum(drawn + old, 1))[..., None] * DROPS
    grown: Floats = -shift * z[..., None] - shift**2 / 2
    return grown


def quantile(hits: Floats, drawn: Floats, good: Floats, total: Floats, place: Floats) -> Floats:
    """Return Φ⁻¹(P(H < hits) + place·P(H = hits)), H ~ Hypergeometric(total, good, drawn).

    With ``place`` uniform it is exactly standard normal (to within rounding) when hits ~ H.
    """
    from scipy.special import ndtri

    steps, chances = _chances(drawn, good, total)
    below = np.where(steps < hits[..., None], chances, 0.0).sum(axis=-1)
    above = np.where(steps > hits[..., None], chances, 0.0).sum(axis=-1)
    same = np.where(steps == hits[..., None], chances, 0.0).sum(axis=-1)
    lower, upper = below + place * same, above + (1 - place) * same
    # Each half is taken from its own small sum: 1 − x would lose the far end.
    far = np.maximum(np.minimum(lower, upper), _LEAST)
    z: Floats = np.where(lower <= upper, 1.0, -1.0) * ndtri(far)
    return z


def place_of(batch: str) -> float:
    """Return a batch's number in (0, 1): as good as random, and the same whenever it is asked for."""
    return (int.from_bytes(hashlib.sha256(batch.encode()).digest()[:8], "big") + 0.5) / 2.0**64


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
    return Change(found.index, metric.value(old), metric.value(new))


def alarms(evidence: Evidence, *, alpha: float, choices: int = 1) -> bool:
    """Say whether the evidence reaches the alarm; what to do then also depends on ``change``.

    A holdout that has chosen the release among ``choices`` candidates flatters it: the level is divided
    by them (a union bound over the candidates' own streams).
    """
    return bool(log_e_value(evidence) >= math.log(choices / alpha))


def _chances(drawn: Floats, good: Floats, total: Floats) -> tuple[Floats, Floats]:
    """Return possible numbers of hits and their chances, each of shape (…, width).

    Only numbers within ``_REACH`` standard deviations of the mean are reckoned, so that the cost grows
    with the square root of a batch.
    """
    from scipy.special import gammaln

    share = good / np.maximum(total, 1)
    mean = drawn * share
    spread = np.sqrt(mean * (1 - share) * (total - drawn) / np.maximum(total - 1, 1))
    least, most = np.maximum(drawn - (total - good), 0), np.minimum(drawn, good)
    start = np.maximum(np.floor(mean - _REACH * spread - 1), least)
    end = np.minimum(np.ceil(mean + _REACH * spread + 1), most)
    steps = start[..., None] + np.arange(int((end - start).max()) + 1)
    inside = steps <= end[..., None]
    k = np.minimum(steps, end[..., None])
    n, s, m = total[..., None], good[..., None], drawn[..., None]
    logs = -gammaln(k + 1) - gammaln(s - k + 1) - gammaln(m - k + 1) - gammaln(n - s - m + k + 1)
    # Normalised by their own sum: the factors without k cancel, and rounding with them.
    logs -= logs.max(axis=-1, keepdims=True)
    weights = np.where(inside, np.exp(logs), 0.0)
    return steps, weights / weights.sum(axis=-1, keepdims=True)
