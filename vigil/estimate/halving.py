"""How far a weighted estimate may be off, from how far it is for held-out rows that play the new ones.

Past misses say nothing of it: the rows that it is made for are unlike the past ones. One half of the held-out
rows teaches, and of the other half as many as are new are drawn by their weights: rows like the new ones,
with labels. The estimate's miss on them has what its miss on the new ones will have, the chance in the labels
and the noise in what was learnt, the latter twice, as half of the rows teach. What the weights themselves get
wrong is not in it, which is why few effective rows give no estimate at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vigil import estimate
from vigil.stats.metrics import Metric

#: So many halvings: as many misses as give the band of ``bands.half_width`` a rank below the largest.
HALVINGS = 39


@dataclass(frozen=True, slots=True)
class Held:
    """Held-out rows, arrays of shape (n,), with weights; ``probability`` is (n, K) for K > 2 classes."""

    truth: npt.NDArray[Any]
    answer: npt.NDArray[Any]
    probability: npt.NDArray[np.float64] | None
    weight: npt.NDArray[np.float64]

    def at(self, places: npt.NDArray[np.int64]) -> Held:
        """Return some of the rows."""
        probability = None if self.probability is None else self.probability[places]
        return Held(self.truth[places], self.answer[places], probability, self.weight[places])


def misses(held: Held, count: int, metric: Metric, classes: int) -> list[float]:
    """Return the misses, estimated less realised, for ``count`` rows that are drawn again and again.

    The same rows always give the same misses. A draw without a score, such as one without a class, is none.
    """
    random = np.random.default_rng(0)
    found = (_miss(held, count, metric, classes, random) for _ in range(HALVINGS))
    return [miss for miss in found if miss is not None]


def _miss(held: Held, count: int, metric: Metric, classes: int, random: np.random.Generator) -> float | None:
    order = random.permutation(len(held.truth))
    teaching, playing = (held.at(half) for half in np.array_split(order, 2))
    learnt = estimate.learn(teaching.truth, teaching.answer, teaching.probability, teaching.weight)
    drawn = random.choice(len(playing.truth), count, p=playing.weight / playing.weight.sum())
    new = playing.at(drawn)
    said = None
    if learnt is not None:
        said = estimate.estimate(learnt, new.answer, new.probability, metric, classes)["score"]
    real = metric.value(metric.tally(new.truth, new.answer, classes=classes, clip=None))
    return None if said is None or real is None else said - real
