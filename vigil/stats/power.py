"""Which drop would have been found by now: the power that stands beside every "no drift".

A bet grows at rate g per counted row with standard deviation s. After m rows its log wealth exceeds
m·g − 0.84·s·√m in four of five streams. Found means: this reaches ln(1/α) + ln(1/w) + ln(8/2.5) +
ln(P), where w is the restart capital of the batch at which the drop began, 8 bets share it (about 2.5
of them are near the best), and P processes are averaged.
"""

from __future__ import annotations

import math

import numpy as np

from vigil.stats.betting import BETS, Floats

#: The normal quantile of 80 % power.
_POWER = 0.84

_STEPS = 2000


def needed(log_threshold: float, log_weight: float, processes: int) -> float:
    """Return the log wealth that the best bet of one process needs for an alarm.

    ``log_threshold`` is ln(1/α), ``log_weight`` the (negative) log of the restart capital.
    """
    return log_threshold - log_weight + math.log(len(BETS) / 2.5) + math.log(processes)


def found_share(count: float, share: float, need: float) -> float | None:
    """Return the largest share of hits below ``share`` that would have been found, or None.

    ``count`` is the hits and misses since the drop began. With the best bet f = 1 − J/J0 the growth is
    kl(J, J0); here f is kept inside the range of the bets.
    """
    shares = share * (1 - np.arange(1, _STEPS) / _STEPS)
    bets = np.clip(1 - shares / share, BETS[0], BETS[-1])
    hit, miss = np.log1p(-bets), np.log1p(bets * share / (1 - share))
    growth = shares * hit + (1 - shares) * miss
    spread = np.sqrt(shares * (1 - shares)) * (miss - hit)
    found = count * growth - _POWER * math.sqrt(count) * spread >= need
    return float(shares[np.argmax(found)]) if found.any() else None


def found_rise(count: float, losses: Floats, weights: Floats, level: float, need: float) -> float | None:
    """Return the smallest relative rise of all losses that would have been found, or None.

    ``losses`` in [0, 1] with ``weights`` is their distribution at rest; a rise r turns a loss x into
    min(1, (1 + r)x). Mean and spread of each bet's log growth are those of that distribution, and the
    sum over ``count`` rows is taken as normal.
    """
    rises = np.expm1(np.linspace(0, math.log(11), 400)[1:])
    risen = np.minimum(1.0, losses * (1 + rises[:, None]))
    pay = np.log1p(np.asarray(BETS) * (risen[..., None] / level - 1.0))
    shares = weights / weights.sum()
    growth = np.einsum("rxb,x->rb", pay, shares)
    spread = np.sqrt(np.maximum(np.einsum("rxb,x->rb", pay**2, shares) - growth**2, 0.0))
    found = (count * growth - _POWER * math.sqrt(count) * spread).max(axis=1) >= need
    return float(rises[np.argmax(found)]) if found.any() else None
