"""By what factor counts vary more than those of independent rows: recurring entities, restless batches.

Rows of one customer agree more than rows of two, so that a batch of them says less than their number. The
design effect is the variance of the sum of the rows' contributions when entities are independent, over
that when rows are (Kish, 1965; estimated from the entities' sums, as in a cluster-robust variance).
Evidence is divided by it: an approximation, as the factor is an estimate. Dividing by the number of rows of
the largest entity instead is exact: a batch of entities with at most g rows can be dealt into g batches of
independent rows, and the evidence divided by g is at most that of the average of the g (Hölder).

Batches may vary more than their rows explain, too. Successive batches are compared, so that one lasting
change counts once: Pearson's χ² over its degrees of freedom.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from vigil.stats.betting import Floats

Rule = Literal["design_effect", "largest", "ignore"]

#: A factor between batches below this is taken as none.
_RESTLESS = 1.3

#: Comparisons of successive batches below which nothing is concluded from them.
_COMPARISONS = 10


@dataclass(frozen=True, slots=True)
class Spread:
    """What batches so far say about their own variation; sums that a next batch is added to.

    ``apart`` and ``together`` are the sums of squares of single rows and of entities' sums; ``between``
    is Pearson's χ² of ``comparisons`` of successive batches, class by class; ``right`` and ``rows``
    count the newest batch by class. ``factor`` is what its evidence is divided by.
    """

    apart: float = 0.0
    together: float = 0.0
    between: float = 0.0
    comparisons: int = 0
    right: list[float] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)
    factor: float = 1.0

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)


def entities(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Return the number of each row's entity, from 0, from hashes (rows, 2) of their keys."""
    found: npt.NDArray[np.int64] = np.unique(hashes[:, 0], return_inverse=True)[1]
    return found


def after(
    so_far: Spread,
    moved: Floats,
    entity: npt.NDArray[np.int64] | None,
    counts: tuple[Floats, Floats] | None,
    *,
    rule: Rule,
) -> Spread:
    """Return the spread after one more batch, with the factor for that batch.

    ``moved`` (rows,) is each row's contribution to the score, with mean 0, ``entity`` (rows,) the number
    of whom it is about (None without a key), ``counts`` the right answers and rows by class, each (K,),
    None where rows are not counted by class.
    """
    if rule == "ignore":
        return so_far
    apart, together, largest = so_far.apart, so_far.together, 1
    if entity is not None and len(entity):
        largest = int(np.bincount(entity).max())
        apart += float(moved @ moved)
        together += float((np.bincount(entity, weights=moved) ** 2).sum())
    # The factor between batches is that of the batches before: this one's own would excuse its drop.
    factor = max(
        float(largest) if rule == "largest" else _design_effect(apart, together, largest), _restless(so_far)
    )
    between, comparisons = so_far.between, so_far.comparisons
    right, rows = so_far.right, so_far.rows
    if counts is not None:
        added, terms = _compared((right, rows), counts)
        between, comparisons = between + added, comparisons + terms
        right, rows = counts[0].tolist(), counts[1].tolist()
    return Spread(apart, together, between, comparisons, right, rows, factor)


def _design_effect(apart: float, together: float, largest: int) -> float:
    """Return the design effect so far: between 1 and the largest entity of the batch."""
    if largest < 2 or apart <= 0:
        return 1.0
    return min(max(together / apart, 1.0), float(largest))


def _restless(so_far: Spread) -> float:
    """Return Pearson's χ² over its degrees of freedom where it is beyond chance, else 1."""
    if so_far.comparisons < _COMPARISONS:
        return 1.0
    ratio = so_far.between / so_far.comparisons
    # Squared successive differences share batches: the variance of their mean is 3/n.
    return ratio if ratio > max(_RESTLESS, 1 + 2 * math.sqrt(3 / so_far.comparisons)) else 1.0


def _compared(before: tuple[list[float], list[float]], counts: tuple[Floats, Floats]) -> tuple[float, int]:
    """Return the χ² of two successive batches, summed over the classes that both have, and their number."""
    if not before[0]:
        return 0.0, 0
    (right, rows), (old_right, old_rows) = counts, (np.array(part) for part in before)
    share = (right + old_right) / np.maximum(rows + old_rows, 1)
    usable = (rows > 0) & (old_rows > 0) & (share > 0) & (share < 1)
    gap = right[usable] / rows[usable] - old_right[usable] / old_rows[usable]
    variance = share[usable] * (1 - share[usable]) * (1 / rows[usable] + 1 / old_rows[usable])
    return float((gap**2 / variance).sum()), int(usable.sum())
