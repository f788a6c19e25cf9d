"""Whether numbers go together as they did: the correlation of every two columns, from the profiles.

A pair's correlation is that of its quarters (`vigil.profiles.pairs`), a rank correlation that counts all rows
with both values. Its variance is that of the delta method, from the cells of both sides' rows together, so
that it is right for ties, heavy tails and any dependence, and not for normal values alone; the difference
is tested on Fisher's scale, which keeps it close to normal. The pairs share the p-value by
Bonferroni's rule. Source: van der Vaart (1998), Asymptotic Statistics, example 3.6.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vigil.drift.cells import Floats, Integers
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
    alike: dict[tuple[int, ...], list[tuple[str, str]]] = {}
    for names in sorted(before.keys() & now.keys()):
        if all(ours[name] == theirs[name] for name in names):
            alike.setdefault(before[names].shape, []).append(names)
    found = [
        change
        for group in alike.values()
        for change in _compared(
            group, np.stack([before[n] for n in group]), np.stack([now[n] for n in group])
        )
    ]
    return sorted(found, key=lambda one: one.names)


def _compared(names: Sequence[tuple[str, str]], before: Integers, now: Integers) -> Iterator[_Change]:
    """Compare pairs whose tables, shape (k, r, c), are as large; leave out those with too few rows.

    A pair is left out, too, where a column has only one quarter.
    """
    from scipy.special import erfc

    n, m = before.sum(axis=(1, 2)), now.sum(axis=(1, 2))
    then, later = pairs.correlation_each(before), pairs.correlation_each(now)
    kept = np.flatnonzero((np.minimum(n, m) >= LEAST) & ~np.isnan(then) & ~np.isnan(later))
    n, m, then, later = n[kept], m[kept], then[kept], later[kept]
    scaled = [np.arctanh(np.clip(side, -_MOST, _MOST)) for side in (then, later)]
    z = (scaled[1] - scaled[0]) / np.sqrt(_variances((before + now)[kept]) * (1 / n + 1 / m))
    p_value = erfc(np.abs(z) / math.sqrt(2))
    for at, place in enumerate(kept.tolist()):
        yield _Change(
            names=names[place],
            then=float(then[at]),
            now=float(later[at]),
            z=float(z[at]),
            p_value=float(p_value[at]),
            rows=(int(n[at]), int(m[at])),
        )


def _variances(tables: Integers) -> Floats:
    """Return the variance of Fisher's z of each table's correlation, times the number of rows; shape (k,)."""
    share = tables + _HALF / tables[0].size if len(tables) else tables.astype(np.float64)
    share = share / share.sum(axis=(1, 2), keepdims=True)
    a, b = (_standardised(share.sum(axis=axis)) for axis in (2, 1))
    product = a[:, :, None] * b[:, None, :]
    r = np.clip((product * share).sum(axis=(1, 2)), -_MOST, _MOST)
    # The influence of a row with standardised quarters a and b on r is ab − r(a² + b²)/2.
    influence = product - r[:, None, None] * (a[:, :, None] ** 2 + b[:, None, :] ** 2) / 2
    found: Floats = (share * influence**2).sum(axis=(1, 2)) / (1 - r**2) ** 2
    return np.maximum(found, 1e-6)


def _standardised(shares: Floats) -> Floats:
    """Return the numbers of the quarters, with mean 0 and variance 1, for many margins of shape (k, r)."""
    places = np.arange(shares.shape[1], dtype=np.float64)
    off = places - (shares @ places)[:, None]
    found: Floats = off / np.sqrt((off**2 * shares).sum(axis=1))[:, None]
    return found


def _largest(found: list[_Change]) -> _Change:
    """Return the largest change that is significant by itself, else the most significant one."""
    clear = [one for one in found if one.p_value * len(found) <= _LEVEL]
    if clear:
        return max(clear, key=lambda one: abs(one.now - one.then))
    return min(found, key=lambda one: one.p_value)
