"""Confidence bounds that hold at every sample size: shares, F1, means of bounded values.

F1 is a map of a share: given TP + FP + FN, TP is binomial with J = F1/(2 − F1), so that the exact
binomial bound of Clopper and Pearson (1934) becomes an exact bound for F1.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from vigil.stats.betting import Floats


def share_lower(hits: npt.ArrayLike, misses: npt.ArrayLike, delta: float) -> Floats:
    """Return the exact lower bound of a share, wrong with probability at most ``delta``."""
    from scipy.special import betaincinv

    hits, misses = np.asarray(hits, dtype=np.float64), np.asarray(misses, dtype=np.float64)
    bound: Floats = np.where(hits > 0, betaincinv(np.where(hits > 0, hits, 1), misses + 1, delta), 0.0)
    return bound


def share_upper(hits: npt.ArrayLike, misses: npt.ArrayLike, delta: float) -> Floats:
    """Return the exact upper bound of a share, wrong with probability at most ``delta``."""
    return 1.0 - share_lower(misses, hits, delta)


def chernoff_lower(hits: float, misses: float, delta: float) -> float:
    """Return a lower bound of a mean in [0, 1] from its exponential moments, wrong at most ``delta``.

    The smallest c under which n·kl(share, c) <= ln(1/δ), for n = hits + misses independent values in
    [0, 1] of any law, or an average of such averages (Hoeffding, 1963).
    """
    count = hits + misses
    if not hits or not count:
        return 0.0
    share, low, high = hits / count, 0.0, hits / count
    while high - low > 1e-9:
        middle = (low + high) / 2
        apart = share * math.log(share / middle)
        if misses:
            apart += (1 - share) * math.log((1 - share) / (1 - middle))
        low, high = (middle, high) if count * apart > -math.log(delta) else (low, middle)
    return low


def normal(mean: float, error: float, confidence: float) -> tuple[float, float]:
    """Return the two-sided normal interval of an estimate with this standard error."""
    width = NormalDist().inv_cdf((1 + confidence) / 2) * error
    return mean - width, mean + width


def normal_in_logits(share: float, error: float, confidence: float) -> tuple[float, float]:
    """Return the normal interval of a share's logit, as shares; 0 < share < 1 (the delta method)."""
    slope = share * (1 - share)
    low, high = normal(math.log(share / (1 - share)), error / slope, confidence)
    return 1 / (1 + math.exp(-low)), 1 / (1 + math.exp(-high))


def f1_from_share(share: npt.ArrayLike) -> Floats:
    """Return F1 = 2J/(1 + J) for J = TP/(TP + FP + FN)."""
    share = np.asarray(share, dtype=np.float64)
    f1: Floats = 2 * share / (1 + share)
    return f1


def share_from_f1(f1: npt.ArrayLike) -> Floats:
    """Return J = F1/(2 − F1), the inverse of ``f1_from_share``."""
    f1 = np.asarray(f1, dtype=np.float64)
    share: Floats = f1 / (2 - f1)
    return share


def mean_upper(values: Floats, delta: float, weights: Floats | None = None) -> float:
    """Return an upper bound of the mean of independent values in [0, 1], wrong at most ``delta``.

    ``weights`` says how often each value occurred; fractions are allowed. The bound is the largest m
    that betting against "the mean is at least m" does not refute: the wealth, an average over bets λ
    of Π(1 + λ(m − x)), stays below 1/δ (Markov's inequality at a fixed number of values). The bets
    depend on n and δ alone, one for each guess of the standard deviation.
    """
    counts = np.ones(len(values)) if weights is None else weights
    low, high = float(np.average(values, weights=counts)), 1.0
    if _log_wealth(values, counts, high, delta) < -math.log(delta):
        return 1.0
    # The wealth grows with m, so halving the interval finds the crossing from the safe side.
    while high - low > 1e-7:
        middle = (low + high) / 2
        refuted = _log_wealth(values, counts, middle, delta) >= -math.log(delta)
        low, high = (low, middle) if refuted else (middle, high)
    return high


def _log_wealth(values: Floats, counts: Floats, mean: float, delta: float) -> float:
    """Return the log of the average wealth of eight bets that the mean is below ``mean``."""
    guesses = 0.5 * 2.0 ** (-np.arange(8) / 2)
    bets = math.sqrt(-2 * math.log(delta) / counts.sum()) / guesses
    bets = np.minimum(bets, 0.9 / max(1.0 - mean, 1e-12))
    logs = counts @ np.log1p(bets * (mean - values[:, None]))
    return float(np.logaddexp.reduce(logs) - math.log(len(bets)))
