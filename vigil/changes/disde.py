"""Why a score moved: other rows, another mix of classes, or other answers for the same rows.

Rows P (held out when the release was made) and Q (the batch) are compared on the rows that both could
have: the shared distribution S with density ∝ p·q/(p + q), reached by weighting either side with the
probability that a classifier gives to "this row is of the batch" (DISDE: Cai, Namkoong, Yadlowsky 2023,
arXiv 2303.02011). With m the metric,

    m(Q) − m(P) = [m(S on P) − m(P)] + [m(S on Q) − m(S on P)] + [m(Q) − m(S on Q)]

the outer two are *covariate* shift (other rows), the middle one is *concept* shift (like rows, other truth).
Where the class mix has changed and, at equal mix, the rows are alike, the change is *label* shift: P is
first weighted to the batch's mix, and what that does to the score is taken out before. Without that
test no data could tell label shift from the other two (Schölkopf et al. 2012, arXiv 1206.6471). Intervals:
bootstrap of the rows with the weights held fixed, so that they are a little narrow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vigil.stats.metrics import Metric

#: Bootstrap repetitions, and coverage of the intervals.
REPEATS, CONFIDENCE = 400, 0.9
#: Weighted rows that either side must be worth, else there is nothing to compare.
LEAST = 30
#: The share of mass in common, ∫ 2pq/(p + q), below which like cannot be compared with like.
OVERLAP = 0.05

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Side:
    """One side's labelled rows: truth, answer, and the odds-free weight of each, shape (n,)."""

    truth: npt.NDArray[Any]
    answer: npt.NDArray[Any]
    weight: Floats

    @property
    def worth(self) -> float:
        """The number of rows of equal weight that would tell as much (Kish)."""
        total = float(self.weight.sum())
        return total**2 / float(self.weight @ self.weight) if total > 0 else 0.0

    @property
    def overlap(self) -> float:
        """The mass that this side has in common with the other: 1 when both are alike."""
        return 2 * float(self.weight.mean())

    def drawn(self, rows: npt.NDArray[np.int64]) -> Side:
        """Return some rows, with repetitions."""
        return Side(self.truth[rows], self.answer[rows], self.weight[rows])


def shared(of_batch: Floats, batch_share: float) -> tuple[Floats, Floats]:
    """Return the weights that turn rows of P, and of Q, into the shared distribution.

    ``of_batch`` is the probability of being of the batch, shape (n,); ``batch_share`` the batch's share
    of all rows that it was fitted on. The weights are q/(p + q) and p/(p + q).
    """
    now = of_batch / batch_share
    then = (1 - of_batch) / (1 - batch_share)
    both = np.maximum(now + then, 1e-300)
    return now / both, then / both


def split(
    metric: Metric,
    reference: Side,
    batch: Side,
    *,
    classes: int,
    clip: float | None,
    seed: int = 0,
    mix: Floats | None = None,
) -> dict[str, Any] | None:
    """Return the parts of the change of the score, each with its interval; None when rows are too few.

    ``reference`` and ``batch`` carry the weights of `shared`. ``mix`` weights the reference's rows to the
    batch's classes, where the label shift is taken out first.
    """  # fmt: skip
    even = np.ones(len(reference.truth)) if mix is None else mix
    moved = replace(reference, weight=reference.weight * even)
    overlap = min(reference.overlap, batch.overlap)
    if min(moved.worth, batch.worth) < LEAST or overlap < OVERLAP:
        return None
    value = _Valued(metric, classes, clip)
    found = value.parts(reference, batch, even)
    if found is None:
        return None
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(REPEATS):
        ours = random.integers(0, len(even), len(even))
        theirs = random.integers(0, len(batch.truth), len(batch.truth))
        drawn.append(value.parts(reference.drawn(ours), batch.drawn(theirs), even[ours]))
    kept = np.array([parts for parts in drawn if parts is not None])
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(kept, [tail, 1 - tail], axis=0)
    names = ("then", "now", "label", "covariate", "concept")
    figures = {
        name: {"value": float(found[k]), "low": float(low[k]), "high": float(high[k])}
        for k, name in enumerate(names)
    }
    worth = [round(moved.worth), round(batch.worth)]
    return {**figures, "confidence": CONFIDENCE, "worth": worth, "overlap": overlap}


@dataclass(frozen=True, slots=True)
class _Valued:
    """The metric on weighted rows."""

    metric: Metric
    classes: int
    clip: float | None

    def parts(self, reference: Side, batch: Side, mix: Floats) -> tuple[float, ...] | None:
        """Return the score then and now, and the three parts, None when one of them is undefined."""
        ones = np.ones(len(batch.truth))
        then = self.of(reference, np.ones(len(mix)))
        mixed = self.of(reference, mix)
        ours, theirs = self.of(reference, reference.weight * mix), self.of(batch, batch.weight)
        now = self.of(batch, ones)
        if then is None or mixed is None or ours is None or theirs is None or now is None:
            return None
        return then, now, mixed - then, (ours - mixed) + (now - theirs), theirs - ours

    def of(self, side: Side, weight: Floats) -> float | None:
        """Return the score with each row counted by its weight."""
        if self.classes:
            codes = side.truth.astype(np.int64) * self.classes + side.answer.astype(np.int64)
            counts = np.bincount(codes, weights=weight, minlength=self.classes**2)
            return self.metric.value({"confusion": counts.reshape(self.classes, self.classes).tolist()})
        # A score of values is a function of rows: whole repetitions stand for weights.
        times = np.rint(16 * weight / max(float(weight.mean()), 1e-300)).astype(np.int64)
        truth, answer = np.repeat(side.truth, times), np.repeat(side.answer, times)
        return self.metric.value(self.metric.tally(truth, answer, classes=0, clip=self.clip))


def auc(score: Floats, positive: npt.NDArray[np.bool_], weight: Floats) -> tuple[float, float]:
    """Return the weighted area under the curve and its standard error (Hanley, McNeil 1982)."""
    order = np.argsort(score, kind="stable")
    ranked, up, w = score[order], positive[order], weight[order]
    _, start = np.unique(ranked, return_index=True)
    ours, theirs = np.add.reduceat(w * up, start), np.add.reduceat(w * ~up, start)
    below = np.cumsum(theirs) - theirs
    area = float((ours * (below + theirs / 2)).sum() / (ours.sum() * theirs.sum()))
    n, m = _kish(weight[positive]), _kish(weight[~positive])
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (n - 1) * (one - area**2) + (m - 1) * (two - area**2)
    return area, math.sqrt(max(variance, 0.0) / (n * m))


def _kish(weight: Floats) -> float:
    return float(weight.sum() ** 2 / (weight @ weight))
