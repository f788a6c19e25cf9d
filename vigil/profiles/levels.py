"""Counts of the levels of a category: exact while they are few, an exactly mergeable sketch beyond.

Up to `FEW` levels every count is kept, and up to `MOST` while their names take no more than `BYTES`: the
set of levels alone settles it, and one that does not fit never does with more. Beyond, what is kept
depends on the whole set of rows and not on the order in which it was seen: the exact counts of the
`SAMPLE` levels of lowest hash (a uniform sample of the levels: Cohen, Kaplan 2007,
doi 10.1145/1281100.1281133), the rows in `BUCKETS` buckets of the hash, and HyperLogLog registers for the
number of levels (Flajolet et al. 2007), whose relative error is about 1.04/√1024, 3 %.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vigil.table import texthash

#: Levels that are all counted, whatever their names; the most that are when their names are short.
FEW, MOST = 256, 512
#: The bytes that the names of more than `FEW` levels may take together, in UTF-8.
BYTES = 6144
#: The levels counted exactly when there are more.
SAMPLE = 64
#: The buckets of the hash that all rows fall in when there are more.
BUCKETS = 256
#: The longest level that is kept word for word.
LONGEST = 64

_REGISTERS = 1024


@dataclass(frozen=True, slots=True)
class Levels:
    """The rows of each level, sorted by level; ``buckets`` and ``registers`` are empty while exact."""

    counts: tuple[tuple[str, int], ...]
    buckets: tuple[int, ...] = ()
    registers: bytes = b""

    @property
    def is_exact(self) -> bool:
        """Say whether every level is counted."""
        return not self.registers

    @property
    def rows(self) -> int:
        """The number of rows with a level."""
        return sum(self.buckets) if self.buckets else sum(count for _, count in self.counts)

    def distinct(self) -> int:
        """Return the number of levels: exact, or estimated within about 3 %."""
        return len(self.counts) if self.is_exact else _estimate(self.registers)

    def most(self) -> tuple[int, int]:
        """Return the least and the most rows that the most frequent level can have; equal while exact.

        Of a sketch it has no more than the fullest bucket, and no fewer than any level that is counted.
        """
        known = max((count for _, count in self.counts), default=0)
        return known, max(self.buckets, default=known)


def of_counts(counts: Iterable[tuple[str, int]]) -> Levels:
    """Summarise levels with their counts; very long levels are shortened."""
    listed = list(counts)
    whole = dict(listed)
    if len(whole) < len(listed) or max(map(len, whole), default=0) > LONGEST:
        whole = Counter()
        for level, count in listed:
            whole[shortened(level)] += count
    return Levels(_listed(whole)) if _fits(whole) else _sketch(whole)


def _fits(whole: Mapping[str, int]) -> bool:
    """Say whether all of these levels are counted; adding more never makes them fit."""
    if len(whole) <= FEW:
        return True
    return len(whole) <= MOST and sum(len(n.encode("utf-8", "surrogatepass")) for n in whole) <= BYTES


def of_many(names: Any, counts: npt.NDArray[np.int64]) -> Levels:
    """Summarise more than `MOST` different levels, none longer than `LONGEST`, as `of_counts` does.

    ``names`` is an Arrow array of them, ``counts`` has shape (n,).
    """
    hashes = texthash.of_array(names, lanes=1)[0]
    lowest = np.argpartition(hashes, SAMPLE)[:SAMPLE]
    sample = dict(zip(names.take(lowest).to_pylist(), counts[lowest].tolist(), strict=True))
    return Levels(_listed(sample), *_spread(hashes, counts))


def merged(parts: Sequence[Levels]) -> Levels:
    """Add summaries of levels; the same result in any order."""
    if all(part.is_exact for part in parts):
        return of_counts(pair for part in parts for pair in part.counts)
    sketches = [_sketch(dict(part.counts)) if part.is_exact else part for part in parts]
    counts: Counter[str] = Counter()
    for sketch in sketches:
        counts.update(dict(sketch.counts))
    buckets = np.sum([sketch.buckets for sketch in sketches], axis=0)
    registers = np.max([list(sketch.registers) for sketch in sketches], axis=0)
    return Levels(_sampled(counts, _hashes(list(counts))), tuple(buckets.tolist()), bytes(registers.tolist()))


def bucket_counts(levels: Levels) -> tuple[int, ...]:
    """Return the rows in each hash bucket, so that an exact summary compares with a sketch."""
    return levels.buckets or _sketch(dict(levels.counts)).buckets


def shortened(level: str) -> str:
    """Return a level, or the beginning of a very long one and a digest of all of it."""
    return level if len(level) <= LONGEST else f"{level[:40]}…{int(_hashes([level])[0]):016x}"


def buckets_of(names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the hash bucket that each level's rows are in, shape (n,)."""
    return (_hashes(names) % BUCKETS).astype(np.int64)


def _sketch(counts: Mapping[str, int]) -> Levels:
    """Turn exact counts into what is kept of many levels."""
    hashes = _hashes(list(counts))
    weights = np.fromiter(counts.values(), dtype=np.int64, count=len(counts))
    return Levels(_sampled(counts, hashes), *_spread(hashes, weights))


def _spread(hashes: npt.NDArray[np.uint64], weights: npt.NDArray[np.int64]) -> tuple[tuple[int, ...], bytes]:
    """Return the rows in each bucket of the hash, and the registers that count levels."""
    registers = np.zeros(_REGISTERS, dtype=np.uint8)
    # Sums of float64 are exact: a bucket has far fewer than 2^53 rows.
    buckets = np.bincount((hashes % BUCKETS).astype(np.int64), weights, BUCKETS).astype(np.int64)
    np.maximum.at(registers, ((hashes >> np.uint64(8)) % _REGISTERS).astype(np.int64), _ranks(hashes))
    return tuple(buckets.tolist()), registers.tobytes()


def _ranks(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    """Return the place of the first one among the 46 bits that choose no bucket and no register."""
    rest = (hashes >> np.uint64(18)).astype(np.float64)
    return np.asarray(47 - np.frexp(rest)[1], dtype=np.uint8)


def _sampled(counts: Mapping[str, int], hashes: npt.NDArray[np.uint64]) -> tuple[tuple[str, int], ...]:
    """Keep the levels of lowest hash."""
    names = list(counts)
    lowest = np.argsort(hashes, kind="stable")[:SAMPLE]
    return _listed({names[place]: counts[names[place]] for place in lowest})


def _listed(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Return the counts sorted by level."""
    return tuple(sorted(counts.items()))


def _hashes(levels: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return 64 bits for each level."""
    found: npt.NDArray[np.uint64] = texthash.of_texts(levels)[0]
    return found


def _estimate(registers: bytes) -> int:
    """Return the number of levels by HyperLogLog, with linear counting while few."""
    powers = sum(2.0**-register for register in registers)
    empty = registers.count(0)
    raw = 0.7213 / (1 + 1.079 / _REGISTERS) * _REGISTERS**2 / powers
    few = raw <= 2.5 * _REGISTERS and empty > 0
    return round(_REGISTERS * math.log(_REGISTERS / empty) if few else raw)
