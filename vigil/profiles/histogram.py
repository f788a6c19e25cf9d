"""Counts of values on edges that never depend on the data, and so add up exactly.

For numbers the finest buckets hold one float64 each: the key is its bits, in the order of the values.
While more buckets are occupied than may be kept, neighbours are joined in pairs everywhere: one
*level* up, the width doubles. The level is the lowest that fits; more rows never lower it, and so
neither it nor the counts depend on the order of merging. A column of at most `MOST_EXACT` distinct
values stays exact. Normally distributed data ends near level 48, where widths are 1/16 of the value
and quantiles are within about 3 %. For dates the finest bucket is one second.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Scale = Literal["value", "time"]

#: The most buckets that one histogram holds; fewer while keys are long, to bound its bytes.
MOST = 768
MOST_EXACT = 256

_LONG_KEYS = 32
_COARSE = {"value": 42, "time": 12}
_INFINITE = 0x7FF << 52
_MAGNITUDE = np.int64(0x7FFF_FFFF_FFFF_FFFF)
_BLOCK = 16_384
#: So many places are counted in one by one sooner than keys are sorted, however few these are.
_FEW_PLACES = 1 << 16


@dataclass(frozen=True, slots=True)
class Histogram:
    """Occupied buckets in ascending order, and the rows in each.

    On the ``value`` scale key k ≥ 0 is the bits of a float64, and ~k its mirror below zero; on
    ``time``, k is a second since 1970. At level L a key stands for 2^L neighbours. ``grain`` is the
    number of low bits that are zero in every value's magnitude.
    """

    scale: Scale
    level: int
    keys: tuple[int, ...]
    counts: tuple[int, ...]
    grain: int = 0

    @property
    def is_exact(self) -> bool:
        """Say whether every bucket holds one value only, known exactly."""
        return self.scale == "value" and self.grain >= self.level


def of_keys(keys: Integers) -> Histogram:
    """Count finite values that are given by their finest keys (see `fine_keys`)."""
    return _counted("value", keys, _grain(keys))


def of_dates(microseconds: Integers) -> Histogram:
    """Count moments, given as microseconds since 1970."""
    return _counted("time", microseconds // 1_000_000, 0)


def merged(histograms: Sequence[Histogram]) -> Histogram:
    """Add histograms of one scale; the same result in any order."""
    level = max(histogram.level for histogram in histograms)
    keys = np.concatenate([_keys(histogram, level) for histogram in histograms])
    counts = np.concatenate([_counts(histogram) for histogram in histograms])
    grain = min(histogram.grain for histogram in histograms)
    order = np.argsort(keys, kind="stable")
    return _fitted(histograms[0].scale, level, *_grouped(keys[order], counts[order]), grain)


def on_common_edges(first: Histogram, second: Histogram) -> tuple[Floats, Floats, Integers, Integers]:
    """Return the buckets that either occupies: lower edges, upper edges, and the counts of each.

    All four have shape (k,). Edges are values, or seconds since 1970. The coarser level is used.
    """
    level = max(first.level, second.level)
    ours, theirs = _keys(first, level), _keys(second, level)
    keys = np.union1d(ours, theirs)
    counts = [np.zeros(len(keys), dtype=np.int64) for _ in range(2)]
    np.add.at(counts[0], np.searchsorted(keys, ours), _counts(first))
    np.add.at(counts[1], np.searchsorted(keys, theirs), _counts(second))
    lower, upper = _edges(first.scale, level, keys)
    return lower, upper, counts[0], counts[1]


def edges(histogram: Histogram) -> tuple[Floats, Floats]:
    """Return the lower and upper edges of the occupied buckets, each of shape (k,)."""
    return _edges(histogram.scale, histogram.level, _keys(histogram, histogram.level))


def exact_bits(histogram: Histogram) -> Integers:
    """Return the finest keys of a histogram that has every value, and none of any other."""
    if not histogram.is_exact:
        return np.empty(0, dtype=np.int64)
    keys = _keys(histogram, histogram.level)
    return np.where(keys < 0, ~(~keys << histogram.level), keys << histogram.level)


def fine_keys(values: Floats) -> Integers:
    """Return the finest keys of finite values, one for each."""
    # There is one zero. Below it the bits of the magnitude are turned round, so that keys rise with values.
    keys = (values + 0.0).view(np.int64)
    keys ^= (keys >> 63) & _MAGNITUDE
    return keys


def quantile(histogram: Histogram, share: float) -> float:
    """Return a quantile, between order statistics as numpy's default; needs at least one row.

    Each order statistic lies in its true bucket, spread evenly inside it: the error is below the
    bucket's width, and none when `Histogram.is_exact`.
    """
    ends = np.cumsum(_counts(histogram))
    rank = share * (int(ends[-1]) - 1)
    below = int(rank)
    left = _statistic(histogram, ends, below)
    right = _statistic(histogram, ends, min(below + 1, int(ends[-1]) - 1))
    part = rank - below
    return left if left == right else left * (1 - part) + right * part


def _statistic(histogram: Histogram, ends: Integers, rank: int) -> float:
    """Return the value of a rank, from 0."""
    place = int(np.searchsorted(ends, rank, side="right"))
    key = np.array([histogram.keys[place]], dtype=np.int64)
    lower, upper = (float(edge[0]) for edge in _edges(histogram.scale, histogram.level, key))
    if histogram.is_exact:
        return lower if histogram.keys[place] >= 0 else upper
    count = histogram.counts[place]
    inside = (rank - (int(ends[place]) - count) + 0.5) / count
    if math.isinf(upper - lower):
        return min(lower, upper, key=abs)
    return lower * (1 - inside) + upper * inside


def _edges(scale: Scale, level: int, keys: Integers) -> tuple[Floats, Floats]:
    """Return the edges of buckets."""
    if scale == "time":
        return (keys << level).astype(np.float64), ((keys + 1) << level).astype(np.float64)
    size = np.where(keys < 0, ~keys, keys)
    near = (size << level).view(np.float64)
    last = _INFINITE >> level
    far = np.where(size < last, np.minimum(size + 1, last) << level, _INFINITE).view(np.float64)
    return np.where(keys < 0, -far, near), np.where(keys < 0, -near, far)


def _keys(histogram: Histogram, level: int) -> Integers:
    """Return the keys at a level not below the histogram's own."""
    return np.array(histogram.keys, dtype=np.int64) >> (level - histogram.level)


def _counts(histogram: Histogram) -> Integers:
    """Return the counts as an array."""
    return np.array(histogram.counts, dtype=np.int64)


def _counted(scale: Scale, keys: Integers, grain: int) -> Histogram:
    """Count finest keys; sorting them all is put off until coarse buckets are seen to be few."""
    coarse = _COARSE[scale]
    found, counts = _tallied(keys >> coarse)
    if len(found) > _limit(scale, coarse):
        return _fitted(scale, coarse, found, counts, grain)
    if grain >= coarse:
        ordered = np.where(found < 0, ~(~found << coarse), found << coarse)
    else:
        ordered, counts = np.sort(keys), np.ones(1, dtype=np.int64)
    level = bisect.bisect_left(range(coarse), True, key=lambda level: _fits(scale, ordered, level))
    return _fitted(scale, level, *_grouped(ordered >> level, np.broadcast_to(counts, ordered.shape)), grain)


def _tallied(keys: Integers) -> tuple[Integers, Integers]:
    """Return the distinct keys, ascending, and how often each occurs."""
    first, last = (int(keys.min()), int(keys.max())) if len(keys) else (0, 0)
    if last - first <= max(4 * len(keys), _FEW_PLACES):
        tally = np.bincount(keys - first)
        places = np.flatnonzero(tally)
        return places + first, tally[places]
    if first <= 0 <= last:
        # Zero lies far from its neighbours on the scale of values, and so do the two signs from each other.
        parts = [_tallied(part) for part in (keys[keys < 0], keys[keys == 0], keys[keys > 0])]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    found, counts = np.unique(keys, return_counts=True)
    return found, counts


def _fits(scale: Scale, ordered: Integers, level: int) -> bool:
    """Say whether sorted finest keys occupy few enough buckets at a level."""
    keys = ordered >> level
    return int(np.count_nonzero(keys[1:] != keys[:-1])) < _limit(scale, level)


def _limit(scale: Scale, level: int) -> int:
    """Return how many buckets may be kept at a level; it never falls as the level rises."""
    return MOST_EXACT if scale == "value" and level < _LONG_KEYS else MOST


def _fitted(scale: Scale, level: int, keys: Integers, counts: Integers, grain: int) -> Histogram:
    """Join neighbours until the histogram fits."""
    while len(keys) > _limit(scale, level):
        level += 1
        keys, counts = _grouped(keys >> 1, counts)
    return Histogram(scale, level, tuple(keys.tolist()), tuple(counts.tolist()), grain)


def _grouped(keys: Integers, counts: Integers) -> tuple[Integers, Integers]:
    """Add the counts of equal ascending keys."""
    if not len(keys):
        return keys, counts
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[starts], np.add.reduceat(counts, starts)


def _grain(keys: Integers) -> int:
    """Return how many low bits are zero in all magnitudes: 63 when all are zero or there is none.

    A negative value's key has the bits of its magnitude turned round: here they are turned back.
    """
    used = 0
    for start in range(0, len(keys), _BLOCK):
        block = keys[start : start + _BLOCK]
        used |= int(np.bitwise_or.reduce(block ^ (block >> 63)))
    return (used & -used).bit_length() - 1 if used else 63
