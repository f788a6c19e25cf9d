"""The alarm at the holdout's class mix: a change of the mix alone is no change of the model.

F1, precision and accuracy move when the share of a class moves, though the model answers every row as well
as before. Here each row of class y counts π0(y)/π(y) times, its share in the holdout over its share in the
batch, so that the bets are against "at the holdout's mix the score is at least c".

Given the labels of a batch, its rows are independent and the weighted mean of z is that of the holdout's
mix, so that the product of the bets is a fair game at worst. Where a batch lacks a class that could only
have lowered the score the rows that are there say enough; where it could have raised it, they say nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from vigil.stats import rates
from vigil.stats.betting import BETS, Floats
from vigil.stats.intervals import f1_from_share, share_from_f1, share_lower
from vigil.stats.metrics import Level, Tally
from vigil.stats.metrics._cells import CellMetric
from vigil.stats.metrics.f1 import METRIC as ONE_CLASS


def fits(metric: Any, tally: Tally) -> bool:
    """Say whether a metric moves with the class mix and has a bound at the holdout's.

    Of two classes it is one share over both, as F1 of the positive class is: recall looks at the rows of one
    class alone, so that their mix does not move it. Of more each share is the F1 of a class, or all that is
    right.
    """
    if not isinstance(metric, CellMetric) or not metric.moves_with_mix:
        return False
    classes = len(tally["confusion"])
    hit, miss = metric.masks(classes)
    if classes > 2:
        return all(map(_known, hit, miss))
    return len(hit) == 1 and bool((hit + miss).sum(axis=(0, 2)).all())


def _known(hit: Floats, miss: Floats) -> bool:
    """Say whether a share is the F1 of one class, or that of all right answers."""
    right = np.diag(hit)
    each = np.abs(right[:, None] - right[None, :]) if right.sum() == 1 else 1 - np.eye(len(hit))
    return bool((hit == np.diag(right)).all() and (miss == each).all() and right.sum() in (1, len(hit)))


def mix(tally: Tally) -> list[float]:
    """Return the classes' shares of the rows."""
    sizes = np.array(tally["confusion"], dtype=np.float64).sum(axis=1)
    shares: list[float] = (sizes / sizes.sum()).tolist()
    return shares


def level(
    metric: CellMetric, tally: Tally, *, delta: float, tolerance: float, choices: int = 1
) -> Level | None:
    """Return the level at the holdout's own mix, wrong with probability at most ``delta``, or None.

    Each share's bound is less for one of ``choices`` candidates, and less the tolerance. A share whose level
    would be zero or less is mute (None); None when all are.
    """
    table = np.array(tally["confusion"], dtype=np.float64)
    if not metric.enough(tally) or (len(table) == 2 and table.sum(axis=1).min() == 0):
        return None
    values = np.maximum(_bounds(metric, table, delta / choices) - tolerance, 0.0)
    if not values.max() > 0:
        return None
    harmonic = metric.harmonic(len(values))
    shares = np.where(harmonic, share_from_f1(values), values)
    hit, miss = metric.masks(len(table))
    hits, counted = (hit * table).sum(axis=(1, 2)), ((hit + miss) * table).sum(axis=(1, 2))
    seen = hits / np.maximum(counted, 1)
    scored = (np.arange(len(values)) < metric.scored(len(values))) & (counted > 0)
    return {
        "value": float(values[scored].mean()),
        "mix": mix(tally),
        "shares": [float(share) if share > 0 else None for share in shares],
        # What the power is reckoned from, as in a plain level.
        "reference": np.where(scored, np.where(harmonic, f1_from_share(seen), seen), 0.0).tolist(),
        "scored": scored.tolist(),
    }


def _bounds(metric: CellMetric, table: Floats, delta: float) -> Floats:
    """Return each process's lower bound, all at once wrong with probability at most ``delta``."""
    if len(table) == 2:
        return np.array([rates.score_lower(metric, table, delta)])
    hit = metric.masks(len(table))[0]
    each = delta / len(hit)
    return np.array([_bound(table, np.flatnonzero(np.diag(one)), each) for one in hit])


def _bound(table: Floats, right: npt.NDArray[np.int64], delta: float) -> float:
    """Return the bound of one class's F1, or of the share of all that is right.

    The rows of several classes, each with a rate of its own, are together no binomial. Few hits among them
    come no more often than under the binomial of the same mean (Hoeffding, 1956, theorem 4).
    """
    if len(right) > 1:
        hits = float(np.trace(table))
        return float(share_lower(hits, table.sum() - hits, delta))
    one, total = int(right[0]), table.sum()
    tp, fn, fp = table[one, one], table[one].sum() - table[one, one], table[:, one].sum() - table[one, one]
    if not tp or total == tp + fn:
        return 0.0
    against = np.array([[total - tp - fn - fp, fp], [fn, tp]])
    return rates.score_lower(ONE_CLASS, against, delta, pooled=True)


def log_growth(metric: CellMetric, tables: npt.ArrayLike, level: Level) -> Floats:
    """Return the log growth of each bet on batches of counts, shape (…, K, K) → (…, processes, 8).

    Rows are truth, columns predictions. ``level["shares"]`` and ``level["mix"]`` may have the batches'
    leading dimensions too. The growth is 0 where a share is mute, or a batch lacks a class that could have
    been a hit.
    """
    counts = np.asarray(tables, dtype=np.float64)
    sizes, wanted = counts.sum(axis=-1), np.asarray(level["mix"], dtype=np.float64)
    total = sizes.sum(axis=-1, keepdims=True)
    weights = np.where(sizes > 0, wanted * total / np.maximum(sizes, 1), 0.0)
    lacking = (sizes == 0) & (wanted > 0)
    # A mute share is None, which is no number.
    shares = np.array(level["shares"], dtype=np.float64)
    hit, miss = metric.masks(counts.shape[-1])
    grown = np.zeros((*counts.shape[:-2], len(hit), len(BETS)))
    for number, (hits, counted) in enumerate(zip(hit, hit + miss, strict=True)):
        share = shares[..., number, None]
        mute = np.isnan(share)
        if mute.all():
            continue
        # Cells that are neither hit nor miss pay nothing; the others are laid side by side.
        truth, said = np.nonzero(counted)
        z = weights[..., truth] * (hits[truth, said] - share * counted[truth, said])
        largest = z.max(axis=-1, keepdims=True)
        helps = hits.any(axis=1)
        heard = ~(lacking & helps).any(axis=-1, keepdims=True) & (largest > 0) & ~mute
        # A bet f is the share f of the largest bet that cannot lose more than all: λ = f / max z.
        z = np.where(heard, z / np.where(heard, largest, 1.0), 0.0)
        pay = np.log1p(-np.asarray(BETS) * z[..., None])
        grown[..., number, :] = np.einsum("...c,...cb->...b", counts[..., truth, said], pay)
    return grown


def value(metric: CellMetric, tally: Tally, at: npt.ArrayLike) -> float | None:
    """Return the score that a batch's answers have at the class mix ``at``; None when it lacks a class."""
    table, wanted = np.array(tally["confusion"], dtype=np.float64), np.asarray(at, dtype=np.float64)
    sizes = table.sum(axis=1)
    if (sizes[wanted > 0] == 0).any():
        return None
    # In rows again: the score treats less than one counted row as none.
    scaled = table * (wanted * sizes.sum() / np.maximum(sizes, 1))[:, None]
    score = float(metric.score(scaled))
    return None if np.isnan(score) else score
