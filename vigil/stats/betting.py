"""A betting martingale with weighted restarts: evidence that may be looked at after every batch.

Under the null hypothesis each row multiplies a bettor's wealth by a factor of mean 1 or less. A new
bettor starts before every batch j with capital w_j, and the capitals sum to 1, so that the total
wealth is an e-process: the probability that it ever reaches 1/α is at most α (Ville's inequality).

Sources: Waudby-Smith and Ramdas (2023), Estimating means of bounded random variables by betting;
Podkopaev and Ramdas (2022), arXiv 2110.06177; Shin, Ramdas and Rinaldo (2023), E-detectors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Eight bets as fractions of the largest allowed bet, geometric from 0.02 to 0.6.
BETS: tuple[float, ...] = tuple(0.02 * 30 ** (step / 7) for step in range(8))

#: The life, in batches, for which half of the restart capital is laid out evenly.
PLANNED_BATCHES = 1000


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the batches so far say against the null hypothesis.

    ``log_wealth`` has shape (..., processes, 8): the log of the wealth of every bet, started bettors
    only. ``spent`` is the restart capital laid out so far, between 0 and 1.
    """

    log_wealth: Floats
    batches: int = 0
    spent: float = 0.0

    @classmethod
    def fresh(cls, processes: int, streams: tuple[int, ...] = ()) -> Evidence:
        """Return the evidence before the first batch; ``streams`` are leading dimensions."""
        return cls(np.full((*streams, processes, len(BETS)), -np.inf))

    def as_json(self) -> dict[str, Any]:
        """Return one stream as plain JSON; JSON has no minus infinity, so None stands for it."""
        wealth = [[_finite(bet) for bet in process] for process in self.log_wealth.tolist()]
        return {"log_wealth": wealth, "batches": self.batches, "spent": self.spent}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Evidence:
        """Return what ``as_json`` wrote, to the last bit."""
        wealth = [[-math.inf if bet is None else bet for bet in row] for row in stored["log_wealth"]]
        return cls(np.array(wealth, dtype=np.float64), int(stored["batches"]), float(stored["spent"]))


def restart_weight(batch: int) -> float:
    """Return the capital of the bettor who starts before this batch (from 1); all of them sum to 1.

    Half falls off as 1/(j(j+1)), so that an early change is found fast; half is even over the planned
    life, so that a late change is not paid for by the release's age.
    """
    even = 1 / PLANNED_BATCHES if batch <= PLANNED_BATCHES else 0.0
    return 0.5 / (batch * (batch + 1)) + 0.5 * even


def update(evidence: Evidence, log_l: Floats) -> Evidence:
    """Return the evidence after one more batch: M_t = (M_{t−1} + w_t) · L_t, in logs.

    ``log_l`` holds the log growth of each bet on this batch; its shape is that of ``log_wealth``.
    """
    batch = evidence.batches + 1
    weight = restart_weight(batch)
    # numpy's logaddexp, written out: exp and log1p are vectorised, and it is not.
    start = math.log(weight)
    apart = np.abs(evidence.log_wealth - start)
    wealth = np.maximum(evidence.log_wealth, start) + np.log1p(np.exp(-apart)) + log_l
    return Evidence(wealth, batch, min(evidence.spent + weight, 1.0))


def log_e_value(evidence: Evidence, parts: npt.ArrayLike | None = None) -> Floats:
    """Return the log of the e-value: mean wealth over processes and bets, plus capital in hand.

    ``parts`` (processes,) says how much of the capital each process holds, of 1 in all; all the same
    without it. The shape is that of the leading dimensions of ``log_wealth``.
    """
    wealth = evidence.log_wealth
    count = wealth.shape[-2]
    held = np.full(count, 1 / count) if parts is None else np.asarray(parts, dtype=np.float64)
    in_hand = math.log(max(1.0 - evidence.spent, np.finfo(float).tiny))
    # The largest term is taken out first, or a long alarm would overflow.
    peak = np.maximum(wealth.max(axis=(-2, -1)), in_hand)
    mean = np.exp(wealth - peak[..., None, None]).mean(axis=-1) @ held
    total: Floats = peak + np.log(mean + np.exp(in_hand - peak))
    return total


def log_growth(hits: npt.ArrayLike, misses: npt.ArrayLike, share: npt.ArrayLike) -> Floats:
    """Return the log growth of each bet against "the share of hits is at least ``share``".

    The three broadcast; the result has one more axis, the 8 bets. A bet f in (0, 1) pays 1 − f for a
    hit and 1 + f·share/(1 − share) for a miss. With share = c/(2 − c), hits = TP and misses = FP + FN
    this is the bet λ = f/(2 − 2c) on z = 2·[y=1, ŷ=1] − c·([ŷ=1] + [y=1]), that is against F1 >= c.
    """
    bets = np.asarray(BETS)
    odds = np.asarray(share, dtype=np.float64) / (1.0 - np.asarray(share, dtype=np.float64))
    won = np.asarray(misses, dtype=np.float64)[..., None] * np.log1p(bets * odds[..., None])
    lost = np.asarray(hits, dtype=np.float64)[..., None] * np.log1p(-bets)
    grown: Floats = won + lost
    return grown


def log_growth_of_losses(losses: Floats, weights: Floats, level: float) -> Floats:
    """Return the log growth, shape (8,), of each bet against "the mean loss is at most ``level``".

    ``losses`` in [0, 1] count ``weights`` times each. A bet f pays 1 − f + f·loss/level.
    """
    bets = np.asarray(BETS)
    pay = np.log1p(bets * (losses[:, None] / level - 1.0))
    grown: Floats = weights @ pay
    return grown


def _finite(number: float) -> float | None:
    """Return a number that JSON can hold."""
    return number if math.isfinite(number) else None
