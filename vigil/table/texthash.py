"""A 128-bit hash of strings, a column at a time, that is the same on every machine and for ever.

A string of n bytes is cut into words of 8, the last one filled up with zeros; the empty string is one
word of zeros. In each of two lanes word j is added to the constant of place j and mixed. The sum of all
words, with n, mixed once more, is the lane's half of the hash. As it is a sum, all words of a column are
mixed at once, however long or short its strings are. One lane mixes by the finaliser of SplitMix64
(Steele, Lea, Flood 2014, doi 10.1145/2660193.2660195), the other by that of MurmurHash3 (Appleby 2011):
bijections both, so that strings of one length that differ in a single word never collide. The places'
constants are SplitMix64's own sequence from a start. It is made to tell strings apart, not to resist an
attacker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

#: Words mixed at a time: small enough for the processor's cache.
BLOCK = 16_384

_ADD = np.uint64(0x9E3779B97F4A7C15)
#: Where each lane's sequence of constants begins, and by what it counts a string's bytes: the first 64 bits
#: behind the point of the square roots of 2, 3, 5 and 7.
_STARTS = (np.uint64(0x6A09E667F3BCC908), np.uint64(0xBB67AE8584CAA73B))
_LENGTHS = (np.uint64(0x3C6EF372FE94F82B), np.uint64(0xA54FF53A5F1D36F1))
#: Keeps the first bytes of a word, by their number.
_MASKS = np.array([(1 << 8 * count) - 1 for count in range(9)], dtype=np.uint64)


def of_array(texts: Any, lanes: int = 2) -> Words:
    """Hash an Arrow array of strings or bytes; returns shape (lanes, n), anything where one is missing."""
    offsets, data = _buffers(texts)
    return _hashed(offsets, data, lanes)


def of_texts(texts: Sequence[str]) -> Words:
    """Hash Python's strings; returns shape (2, n). A lone surrogate, which UTF-8 lacks, is let through."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    return _hashed(offsets, np.frombuffer(b"".join([*encoded, bytes(8)]), dtype=np.uint8))


def mixed(words: Words) -> Words:
    """Return the words with every bit depending on every bit (SplitMix64, one step)."""
    found = words + _ADD
    found ^= found >> np.uint64(30)
    found *= np.uint64(0xBF58476D1CE4E5B9)
    found ^= found >> np.uint64(27)
    found *= np.uint64(0x94D049BB133111EB)
    found ^= found >> np.uint64(31)
    return found


def _stirred(words: Words) -> Words:
    """Return the words mixed in another way (the finaliser of MurmurHash3)."""
    found = words ^ (words >> np.uint64(33))
    found *= np.uint64(0xFF51AFD7ED558CCD)
    found ^= found >> np.uint64(33)
    found *= np.uint64(0xC4CEB9FE1A85EC53)
    found ^= found >> np.uint64(33)
    return found


_LANES: tuple[Callable[[Words], Words], ...] = (mixed, _stirred)


def _buffers(texts: Any) -> tuple[Places, npt.NDArray[np.uint8]]:
    """Return where each string begins and ends, and all bytes with 8 zeros behind them."""
    import pyarrow as pa

    wide = texts.cast(pa.large_binary())
    if not len(wide):
        return np.zeros(1, dtype=np.int64), np.zeros(8, dtype=np.uint8)
    _, places, content = wide.buffers()
    offsets = np.frombuffer(places, dtype=np.int64)[wide.offset : wide.offset + len(wide) + 1]
    data = np.zeros(int(offsets[-1] - offsets[0]) + 8, dtype=np.uint8)
    if content is not None:
        data[:-8] = np.frombuffer(content, dtype=np.uint8)[offsets[0] : offsets[-1]]
    return offsets - offsets[0], data


def _hashed(offsets: Places, data: npt.NDArray[np.uint8], lanes: int = 2) -> Words:
    """Hash the strings that lie between the offsets, by both halves of the hash or by the first alone."""
    sizes = np.diff(offsets)
    totals = np.zeros((lanes, len(sizes)), dtype=np.uint64)
    # Any byte may begin a word, so that words overlap; little-endian on every machine.
    words: Words = np.ndarray((len(data) - 7,), dtype="<u8", buffer=data, strides=(1,))
    for part in _parts(np.maximum((sizes + 7) >> 3, 1)):
        behind = part.places << 3
        found = words[part.spread(offsets[:-1]) + behind]
        found &= _MASKS[np.minimum(part.spread(sizes) - behind, 8)]
        for lane, mix in enumerate(_LANES[:lanes]):
            total = part.summed(mix(found + _constants(lane, part.places)))
            totals[lane, part.rows] += total
    for lane, mix in enumerate(_LANES[:lanes]):
        for start in range(0, len(sizes), BLOCK):
            rows = slice(start, start + BLOCK)
            counted = sizes[rows].astype(np.uint64) * _LENGTHS[lane]
            totals[lane, rows] = mix(totals[lane, rows] ^ counted)
    return totals


class _Part(NamedTuple):
    """Words that are mixed together: of which strings, and the place of each in its own.

    ``bounds`` says where each string's words begin among them; ``places`` is a single 0 where each string
    has a single word.
    """

    rows: slice
    bounds: Places
    counts: Places
    places: Places

    def spread(self, values: Places) -> Places:
        """Return the strings' values, once for each of their words."""
        found = values[self.rows]
        return found if len(self.places) == 1 else np.repeat(found, self.counts)

    def summed(self, words: Words) -> Words:
        """Add up the words of each string."""
        return words if len(self.places) == 1 else np.add.reduceat(words, self.bounds)


def _parts(counts: Places) -> Iterator[_Part]:
    """Go through the words of strings that have so many, some at a time; long strings in parts."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    for start in range(0, total, BLOCK):
        stop = min(start + BLOCK, total)
        first, last = np.searchsorted(ends, [start, stop - 1], side="right")
        rows = slice(int(first), int(last) + 1)
        begins = ends[rows] - counts[rows]
        bounds = np.maximum(begins - start, 0)
        inside = np.diff(bounds, append=stop - start)
        if len(bounds) == stop - start and bounds[0] == begins[0] - start and counts[last] == 1:
            places = np.zeros(1, dtype=np.int64)
        else:
            places = np.arange(start, stop) - np.repeat(begins, inside)
        yield _Part(rows, bounds, inside, places)


def _constants(lane: int, places: Places) -> Words:
    """Return the constants of places in a string."""
    return mixed(_STARTS[lane] + places.view(np.uint64) * _ADD)
