"""How many different values a column has, when they are too many to be counted.

Values are hashed; the `KEPT` lowest hashes are kept. Where the k-th lowest of them lies at the share s of
the range of hashes, there are about (k − 1)/s different values, with a relative error of 1/√(k − 2), 13 %
(Bar-Yossef et al. 2002, doi 10.1007/3-540-45726-7_1; Beyer et al. 2007, doi 10.1145/1247480.1247504). The
lowest hashes of two sets of rows are those of all of them, in any order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

#: Hashes that are kept.
KEPT = 64
#: The standard error of an estimate, relative.
ERROR = 1 / math.sqrt(KEPT - 2)

#: Hashes are 48 bits long: short to store, and long enough for 10⁶ values to collide once or so.
_BITS = 48
_BLOCK = 16_384
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

Words = npt.NDArray[np.uint64]


def lowest(values: npt.NDArray[np.int64]) -> tuple[int, ...]:
    """Return the lowest distinct hashes of values given by their 64 bits, ascending."""
    words = values.view(np.uint64)
    share = 8 * KEPT / max(len(words), 1)
    while True:
        limit = np.uint64(int(min(share, 1.0) * ((1 << _BITS) - 1)))
        parts = [_below(words[start : start + _BLOCK], limit) for start in range(0, len(words), _BLOCK)]
        found = np.unique(np.concatenate(parts)) if parts else np.empty(0, np.uint64)
        if len(found) >= KEPT or share >= 1:
            return tuple(found[:KEPT].tolist())
        share *= 64


def merged(parts: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """Return the lowest hashes of all parts."""
    return tuple(sorted({word for part in parts for word in part})[:KEPT])


def estimate(sample: tuple[int, ...]) -> int:
    """Return the number of different values: exact below `KEPT`, else estimated."""
    if len(sample) < KEPT:
        return len(sample)
    return round((KEPT - 1) / ((sample[-1] + 1) / (1 << _BITS)))


def _below(words: Words, limit: np.uint64) -> Words:
    """Return the hashes up to a limit (the finaliser of splitmix64: Steele, Lea, Flood 2014)."""
    mixed = (words ^ (words >> np.uint64(30))) * _FIRST
    mixed ^= mixed >> np.uint64(27)
    mixed *= _SECOND
    mixed ^= mixed >> np.uint64(31)
    mixed >>= np.uint64(64 - _BITS)
    kept: Words = mixed[mixed <= limit]
    return kept
