"""Whether numbers go together as they did: the correlation of every two columns, from the profiles.

A pair's correlation is that of its quarters (`vigil.profiles.pairs`), a rank correlation that counts all rows
with both values. Its variance is that of the delta method, from the cells of both sides' rows together, so
that it is right for ties, heavy tails and any dependence, and not for normal values alone; the difference
is tested on Fisher's scale, which keeps it close to normal. The pairs share the p-value by
Bonferroni's rule. Source: van der Vaart (1998), Asymptotic Statistics, example 3.6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vigil.drift.cells import Integers
from vigil.drift.measures import Measured, Side
from vigil.profiles import pairs

NAME = "correlation_change"
KINDS: tuple[Literal["batch"]] = ("batch",)
TITLE = "correlations"
#: A correlation moved by a fifth: from none to what a scatter plot begins to show.
FLOOR = 0.2
DECIDES = True

#: Rows with both values that either side must have.
LEAST = 50
#: A change counts among the large ones when it is significant by itself at this level, for all pairs.
_LEVEL = 0.01
#: Correlations are held away from 1, where Fisher's scale has no end.
_MOST = 0.98
#: Rows that are added to the cells of the variance, so that an empty cell does not claim to be certain.
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class _Change:
    """One pair: its correlation then and now, the standardised difference, p, and the rows."""

    names: tuple[str, str]
    then: float
    now: float
    z: float
    p_value: float
    rows: tuple[int, int]


def measure(reference: Side, current: Side) -> Measured | None:
    """Return the standardised difference of the pair that changed most, that change, and p over all pairs."""
    found = _changes(reference, current)
    if not found:
        return None
    smallest = min(one.p_value for one in found)
    most = _largest(found)
    p_value = min(1.0, smallest * len(found))
    return Measured(most.z, p_value, abs(most.now - most.then), *most.rows)


def detectable(reference: Side, current: Side, alpha: float) -> float | None:
    """Return the smallest change of a correlation near 0 found with 80 % power."""
    from scipy.special import ndtri

    found = _changes(reference, current)
    if not found:
        return None
    n, m = min((one.rows for one in found), key=lambda rows: rows[1])
    return min(1.0, float(0.84 - ndtri(alpha / len(found) / 2)) * math.sqrt(1 / n + 1 / m))


def words(reference: Side, current: Side) -> str:
    """Name the pair whose correlation changed most."""
    found = _changes(reference, current)
    if not found:
        return f"{TITLE}: no two numbers to compare"
    most = _largest(found)
    first, second = most.names
    return f"{TITLE}: {first} with {second} {most.then:+.2f} → {most.now:+.2f}"


def _changes(reference: Side, current: Side) -> list[_Change]:
    """Return every pair that both sides cut alike, and that has rows enough."""
    ours, theirs = dict(reference.profile.pairs.cuts), dict(current.profile.pairs.cuts)
    before, now = reference.profile.pairs.tables(), current.profile.pairs.tables()
    found = []
    for names in sorted(before.keys() & now.keys()):
        if all(ours[name] == theirs[name] for name in names):
            change = _change(names, before[names], now[names])
            found += [change] if change is not None else []
    return found


def _change(names: tuple[str, str], before: Integers, now: Integers) -> _Change | None:
    """Compare one pair; None when the rows are too few, or a column has only one quarter."""
    n, m = int(before.sum()), int(now.sum())
    if min(n, m) < LEAST:
        return None
    then, later = pairs.correlation(before), pairs.correlation(now)
    if then is None or later is None:
        return None
    scaled = [math.atanh(max(-_MOST, min(_MOST, side))) for side in (then, later)]
    z = (scaled[1] - scaled[0]) / math.sqrt(_variance(before + now) * (1 / n + 1 / m))
    return _Change(names, then, later, z, math.erfc(abs(z) / math.sqrt(2)), (n, m))


def _variance(table: Integers) -> float:
    """Return the variance of Fisher's z of a correlation, times the number of rows."""
    share = table + _HALF / table.size
    share = share / share.sum()
    first, second = (np.arange(size, dtype=np.float64) for size in table.shape)
    ours, theirs = share.sum(axis=1), share.sum(axis=0)
    a, b = first - first @ ours, second - second @ theirs
    a, b = a / math.sqrt(a**2 @ ours), b / math.sqrt(b**2 @ theirs)
    r = float(np.clip(a @ share @ b, -_MOST, _MOST))
    # The influence of a row with standardised quarters a and b on r is ab − r(a² + b²)/2.
    influence = np.outer(a, b) - r * (a[:, None] ** 2 + b[None, :] ** 2) / 2
    return max(float((share * influence**2).sum()) / (1 - r**2) ** 2, 1e-6)


def _largest(found: list[_Change]) -> _Change:
    """Return the largest change that is significant by itself, else the most significant one."""
    clear = [one for one in found if one.p_value * len(found) <= _LEVEL]
    if clear:
        return max(clear, key=lambda one: abs(one.now - one.then))
    return min(found, key=lambda one: one.p_value)
