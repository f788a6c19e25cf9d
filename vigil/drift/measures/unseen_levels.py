"""The rows whose level the reference does not have, against how many there would be by chance.

A reference never has every rare level, and a batch always brings a few more. If nothing has changed,
the rows of both sides were dealt at random: a level of c rows in all falls wholly to the batch of m
rows with probability m(m−1)…/(N(N−1)…), c factors each. The unseen rows are thus a sum of such levels;
its distribution is that of independent ones, which is close, since levels that are dealt from one
pack can only hinder each other (Joag-Dev, Proschan 1983, doi 10.1214/aos/1176346079). Where one side
has too many levels to count, hash buckets stand for levels, and little is seen.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from vigil.drift import cells
from vigil.drift.measures import Measured
from vigil.profiles import ColumnProfile
from vigil.records import Kind

NAME = "unseen_levels"
KINDS: tuple[Kind, ...] = ("category",)
#: One row in a hundred that the model has never learnt to read.
FLOOR = 0.01
DECIDES = True

#: Up to this many unseen rows their distribution is summed up; beyond it is bounded.
_COUNTED = 400

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def measure(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Return the share of unseen rows; the effect is what it has beyond the share by chance."""
    found = cells.of_levels(reference, current)
    if not found.both:
        return None
    n, m = found.n_ref, found.n_cur
    unseen = int(found.current[found.reference == 0].sum())
    size, chance, levels = _levels(found)
    expected = float(size @ (levels * chance))
    p_value = _p_value(unseen, size, chance, levels) if len(found.reference) > 1 else None
    return Measured(unseen / m, p_value, max(0.0, (unseen - expected) / m), n, m)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:
    """Return the smallest share of rows of one new level found with 80 % power."""
    found = cells.of_levels(reference, current)
    if not found.both:
        return None
    n, m = found.n_ref, found.n_cur
    size, chance, levels = _levels(found)
    expected = float(size @ (levels * chance))
    spread = math.sqrt(float(size**2 @ (levels * chance * (1 - chance))))
    rows = expected + 2.6 * spread + math.log(1 / alpha) / math.log((n + m) / m)
    return min(1.0, (rows - expected + 0.84 * math.sqrt(rows)) / m)


def _levels(found: cells.Cells) -> tuple[Floats, Floats, Floats]:
    """Return the distinct sizes of levels, the chance of being unseen, and how many levels have it."""
    both = found.reference + found.current
    size, levels = np.unique(both[both > 0], return_counts=True)
    return size.astype(np.float64), _chance(size, found.n_ref, found.n_cur), levels.astype(np.float64)


def _chance(size: Integers, n: int, m: int) -> Floats:
    """Return the probability that all rows of a level fall to the m rows of the batch."""
    from scipy.special import gammaln

    inside = np.minimum(size, m)
    log = gammaln(m + 1) - gammaln(m - inside + 1) - gammaln(n + m + 1) + gammaln(n + m - size + 1)
    return np.where(size <= m, np.exp(np.minimum(log, 0.0)), 0.0)


def _p_value(unseen: int, size: Floats, chance: Floats, levels: Floats) -> float:
    """Return P(unseen rows ≥ this many)."""
    if unseen == 0:
        return 1.0
    if unseen > _COUNTED:
        return _bounded(unseen, size, chance, levels)
    below = np.zeros(unseen)
    below[0] = 1.0
    for rows, probability, number in zip(size.tolist(), chance.tolist(), levels.tolist(), strict=True):
        below = _added(below, int(rows), probability, int(number))
    # The difference from 1 has no more digits than this.
    return float(min(1.0, max(1.0 - below.sum(), 1e-14)))


def _added(below: Floats, rows: int, probability: float, number: int) -> Floats:
    """Add levels of this many rows, each unseen with this probability, to a distribution cut off above."""
    if probability * number < 1e-17:
        return below
    most = min(number, (len(below) - 1) // rows)
    weights = np.zeros(most * rows + 1)
    weights[::rows] = _binomial(most, probability, number)
    kept: Floats = np.convolve(below, weights)[: len(below)]
    return kept


def _binomial(most: int, probability: float, number: int) -> Floats:
    """Return the probabilities of 0 … ``most`` hits in a number of tries."""
    from scipy.special import gammaln, xlog1py, xlogy

    hits = np.arange(most + 1, dtype=np.float64)
    log = gammaln(number + 1) - gammaln(hits + 1) - gammaln(number - hits + 1)
    log = log + xlogy(hits, probability) + xlog1py(number - hits, -probability)
    found: Floats = np.exp(log)
    return found


def _bounded(unseen: int, size: Floats, chance: Floats, levels: Floats) -> float:
    """Return Chernoff's bound on P(unseen rows ≥ this many), the best of a range of exponents."""
    best = 0.0
    for exponent in np.geomspace(1e-5, 20, 80):
        # log(1 + π(e^{θc} − 1)), without overflow.
        stays, goes = np.log1p(-np.minimum(chance, 1 - 1e-16)), np.log(chance + 1e-300)
        growth = np.logaddexp(stays, goes + exponent * size)
        best = min(best, float(levels @ growth) - exponent * unseen)
    return math.exp(best)
