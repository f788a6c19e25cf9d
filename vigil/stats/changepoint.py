"""When did it change? The posterior over batches of one change in a share of hits.

Beta(½, ½) priors on the share before and after, a flat prior over batches. The holdout belongs to the
part before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vigil.stats.betting import Floats


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """Where the change lies: ``index`` is the first batch after it, from 0.

    ``likely`` is the smallest set of indices that holds 90 % of ``probabilities``, in order.
    """

    index: int
    likely: tuple[int, ...]
    probabilities: tuple[float, ...]


def locate(
    hits: Sequence[float], misses: Sequence[float], *, held_out: tuple[float, float] = (0.0, 0.0)
) -> ChangePoint:
    """Find the batch at which the share of hits changed.

    ``hits`` and ``misses`` hold one count per batch, oldest first (``metric.counts(tally)``);
    ``held_out`` the counts of the holdout. Raises ValueError without a batch.
    """
    if not len(hits):
        raise ValueError("a change point needs at least one batch")
    weight = _log_posterior(np.asarray(hits, dtype=float), np.asarray(misses, dtype=float), held_out)
    chance = np.exp(weight - weight.max())
    chance /= chance.sum()
    order = np.argsort(-chance, kind="stable")
    size = int(np.searchsorted(np.cumsum(chance[order]), 0.9)) + 1
    return ChangePoint(int(order[0]), tuple(sorted(order[:size].tolist())), tuple(chance.tolist()))


def _log_posterior(hits: Floats, misses: Floats, held_out: tuple[float, float]) -> Floats:
    """Return, for a change before each batch, the log of both parts' marginal likelihood."""
    from scipy.special import betaln

    hits_before = held_out[0] + np.concatenate([[0.0], np.cumsum(hits)[:-1]])
    misses_before = held_out[1] + np.concatenate([[0.0], np.cumsum(misses)[:-1]])
    hits_after = held_out[0] + hits.sum() - hits_before
    misses_after = held_out[1] + misses.sum() - misses_before
    before: Floats = betaln(hits_before + 0.5, misses_before + 0.5)
    after: Floats = betaln(hits_after + 0.5, misses_after + 0.5)
    both: Floats = before + after
    return both
