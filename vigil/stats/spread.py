"""By what factor counts vary more than those of independent rows: recurring entities, restless batches.

Rows of one customer agree more than rows of two, so that a batch of them says less than their number. The
design effect is the variance of the sum of the rows' contributions when entities are independent, over
that when rows are (Kish, 1965; estimated from the entities' sums, as in a cluster-robust variance).
Evidence is divided by an upper limit of it: an approximation, as it is estimated. Dividing by the number of
rows of the largest entity instead is exact: a batch of entities with at most g rows can be dealt into g
batches of independent rows, and the evidence divided by g is at most that of the average of the g (Hölder).

Batches may vary more than their rows explain, too. Successive batches are compared, so that one lasting
change counts once: Pearson's χ² over its degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from vigil.stats.betting import Floats
from vigil.stats.metrics import Tally

Rule = Literal["design_effect", "largest", "ignore"]

#: A number of one stream, or of each of many (streams,).
Several = float | Floats

#: A factor between batches below this is taken as none.
_RESTLESS = 1.3

#: Comparisons of successive batches below which nothing is concluded from them.
_COMPARISONS = 10

#: By how many standard errors the design effect's limit lies above its estimate.
_LIMIT = 2.0

_SUMS = ("apart", "together", "fourth", "between", "factor")


@dataclass(frozen=True, slots=True)
class Spread:
    """What batches so far say about their own variation; sums that a next batch is added to.

    ``apart`` and ``together`` are the sums of squares of single rows and of entities' sums, ``fourth`` of the
    latter's fourth powers; ``between`` is Pearson's χ² of ``comparisons`` of successive batches, class by
    class; ``right`` and ``rows`` count the newest batch by class, on their last axis. ``factor`` is what its
    evidence is divided by. Of many streams at once each has their leading dimension.
    """

    apart: Several = 0.0
    together: Several = 0.0
    fourth: Several = 0.0
    between: Several = 0.0
    comparisons: Several = 0
    right: npt.ArrayLike = ()
    rows: npt.ArrayLike = ()
    factor: Several = 1.0

    def as_json(self) -> dict[str, Any]:
        """Return one stream as plain JSON."""
        sums = {name: float(getattr(self, name)) for name in _SUMS}
        counts = {name: np.asarray(getattr(self, name), float).tolist() for name in ("right", "rows")}
        return {**sums, "comparisons": int(self.comparisons), **counts}


@dataclass(frozen=True, slots=True)
class Grouped:
    """How rows hang together: ``Spread``'s sums of single rows and of entities, rows of the largest one."""

    apart: Several = 0.0
    together: Several = 0.0
    fourth: Several = 0.0
    largest: Several = 1


def entities(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Return the number of each row's entity, from 0, from hashes (rows, 2) of their keys."""
    found: npt.NDArray[np.int64] = np.unique(hashes[:, 0], return_inverse=True)[1]
    return found


def grouped(moved: Floats, entity: npt.NDArray[np.int64] | None) -> Grouped:
    """Return how rows hang together.

    ``moved`` (rows,) is each row's contribution to the score, with mean 0, ``entity`` (rows,) the number
    of whom it is about (None without a key).
    """
    if entity is None or not len(entity):
        return Grouped()
    squares = np.bincount(entity, weights=moved) ** 2
    largest = int(np.bincount(entity).max())
    return Grouped(float(moved @ moved), float(squares.sum()), float(squares @ squares), largest)


def after(so_far: Spread, rows: Grouped, counts: tuple[Floats, Floats] | None, *, rule: Rule) -> Spread:
    """Return the spread after one more batch, with the factor for that batch.

    ``rows`` says how the batch's rows hang together, ``counts`` the right answers and rows by class, each
    (…, K), None where rows are not counted by class.
    """
    if rule == "ignore":
        return so_far
    now = replace(
        so_far,
        apart=so_far.apart + rows.apart,
        together=so_far.together + rows.together,
        fourth=so_far.fourth + rows.fourth,
    )
    # The factor between batches is that of the batches before: this one's own would excuse its drop.
    own = rows.largest if rule == "largest" else _design_effect(now, rows.largest)
    now = replace(now, factor=np.maximum(own, _restless(so_far)))
    if counts is None:
        return now
    added, terms = _compared(so_far, counts)
    between, comparisons = so_far.between + added, so_far.comparisons + terms
    return replace(now, between=between, comparisons=comparisons, right=counts[0], rows=counts[1])


def thinned(tally: Tally, factor: float) -> Tally:
    """Return the tally of as many independent rows as these weigh: every sum divided by ``factor``.

    Cells of answers stay whole numbers, right ones rounded down and each class's wrong ones up. A clip is no
    sum.
    """
    if factor <= 1:
        return tally

    def fewer(name: str, part: Any) -> Any:
        if part is None or name == "clip":
            return part
        each = np.asarray(part, dtype=np.float64) / factor
        return (_whole(each) if name == "confusion" else each).tolist()

    return {name: fewer(name, part) for name, part in tally.items()}


def _whole(table: Floats) -> Floats:
    """Return a table in whole numbers; a row's errors together are rounded up, whoever shares them."""
    right = np.floor(np.diag(table))
    wrong = np.ceil(np.round(np.cumsum(table - np.diag(np.diag(table)), axis=1), 9))
    found: Floats = np.diff(wrong, axis=1, prepend=0.0) + np.diag(right)
    return found


def _design_effect(now: Spread, largest: Several) -> Several:
    """Return an upper limit of the design effect so far: between 1 and the largest entity of the batch.

    The sum of the entities' squares is as uncertain as the root of the sum of its terms' squares: a few that
    weigh much say little, and none says nothing.
    """
    sure = now.together + _LIMIT * np.sqrt(now.fourth)
    known = np.greater(now.apart, 0)
    return np.clip(np.where(known, sure / np.where(known, now.apart, 1.0), largest), 1.0, largest)


def _restless(so_far: Spread) -> Several:
    """Return Pearson's χ² over its degrees of freedom where it is beyond chance, else 1."""
    terms = np.maximum(so_far.comparisons, 1)
    ratio = so_far.between / terms
    # Squared successive differences share batches: the variance of their mean is 3/n.
    beyond = ratio > np.maximum(_RESTLESS, 1 + 2 * np.sqrt(3 / terms))
    return np.where(beyond & np.greater_equal(so_far.comparisons, _COMPARISONS), ratio, 1.0)


def _compared(before: Spread, counts: tuple[Floats, Floats]) -> tuple[Several, Several]:
    """Return the χ² of two successive batches, summed over the classes that both have, and their number."""
    if not np.size(before.rows):
        return 0.0, 0
    (right, rows), (old_right, old_rows) = counts, map(np.asarray, (before.right, before.rows))
    share = (right + old_right) / np.maximum(rows + old_rows, 1)
    usable = (rows > 0) & (old_rows > 0) & (share > 0) & (share < 1)
    rows, old_rows = np.maximum(rows, 1), np.maximum(old_rows, 1)
    gap = right / rows - old_right / old_rows
    variance = share * (1 - share) * (1 / rows + 1 / old_rows)
    added: Floats = np.where(usable, gap**2 / np.where(usable, variance, 1.0), 0.0).sum(axis=-1)
    return added, usable.sum(axis=-1)
