"""A 128-bit hash of a row that is the same on every machine, in every run, for ever.

Each cell becomes two 64-bit words, mixed with words drawn from its column's name; a row's hash is
the sum of its cells' words, mixed once more. Sums make the order of the columns irrelevant. The
mixing is the finaliser of SplitMix64 (Steele, Lea, Flood 2014, doi 10.1145/2660193.2660195); strings
and names go through BLAKE2b (RFC 7693). It is written out here, so that no library's version can
change it. It is made to tell rows apart, not to resist an attacker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigil.errors import TableError

if TYPE_CHECKING:
    import pyarrow as pa

Words = npt.NDArray[np.uint64]

#: Rows mixed at a time: small enough for the processor's cache.
BLOCK = 16_384

_ADD = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLY_1 = np.uint64(0xBF58476D1CE4E5B9)
_MULTIPLY_2 = np.uint64(0x94D049BB133111EB)


def row_hashes(table: pa.Table, columns: Sequence[str]) -> Words:
    """Hash the cells of the named columns.

    Returns shape (n, 2). Equal cells under equal names give equal hashes, whatever the order of the
    columns, their chunks, or the width of the strings; -0.0 equals 0.0, and a missing cell equals
    only a missing cell. Raises TableError when a column is not in the table or is of no known type.
    """
    absent = [name for name in columns if name not in table.column_names]
    if absent or not columns:
        raise TableError(f"no column {', '.join(absent) or 'named'} to hash the rows by.")
    total = np.zeros((2, table.num_rows), dtype=np.uint64)
    for name in columns:
        _add_column(total, table.column(name), name)
    hashes = np.empty((table.num_rows, 2), dtype=np.uint64)
    for start in range(0, table.num_rows, BLOCK):
        part = slice(start, start + BLOCK)
        hashes[part, 0] = _mixed(total[0, part])
        hashes[part, 1] = _mixed(total[1, part] ^ _ADD)
    return hashes


def shares(hashes: Words) -> npt.NDArray[np.float64]:
    """Return each row's place in [0, 1), shape (n,): the first 53 bits of its hash."""
    return np.asarray((hashes[:, 0] >> np.uint64(11)) * 2.0**-53, dtype=np.float64)


def side(hashes: Words, holdout: float) -> npt.NDArray[np.uint8]:
    """Return the side that each row is on for ever, shape (n,): 0 train, 1 choosing, 2 gating.

    ``holdout`` is the share of rows kept from training; an independent bit splits it in halves.
    """
    half = (hashes[:, 1] & np.uint64(1)).astype(np.uint8) + np.uint8(1)
    return np.where(shares(hashes) < holdout, half, np.uint8(0))


def to_column(hashes: Words) -> pa.Array[Any]:
    """Return hashes, shape (n, 2), as the table stores them: 16 bytes each, little-endian."""
    import pyarrow as pa

    content = pa.py_buffer(hashes.astype("<u8").tobytes())
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(hashes), [None, content])


def from_column(column: pa.ChunkedArray[Any]) -> Words:
    """Return stored hashes as words, shape (n, 2)."""
    parts = [_words(chunk) for chunk in column.chunks]
    return np.concatenate(parts) if parts else np.empty((0, 2), dtype=np.uint64)


def _words(chunk: Any) -> Words:
    """Return one chunk's hashes as words."""
    content = np.frombuffer(chunk.buffers()[1], dtype="<u8").reshape(-1, 2)
    return content[chunk.offset : chunk.offset + len(chunk)].astype(np.uint64)


def _add_column(total: Words, column: pa.ChunkedArray[Any], name: str) -> None:
    """Add one column's words to the running sum, chunk by chunk."""
    words_of = _reader(column.type, name)
    seed = _digest(name)
    start = 0
    for chunk in column.chunks:
        words_of(chunk, seed, total[:, start : start + len(chunk)])
        start += len(chunk)


def _reader(kind: pa.DataType, name: str) -> Callable[[Any, Words, Words], None]:
    """Choose how the cells of a type are turned into words."""
    from pyarrow import types

    if types.is_floating(kind) or types.is_integer(kind):
        return _add_numbers
    if types.is_timestamp(kind):
        return _add_dates
    if types.is_string(kind) or types.is_large_string(kind) or types.is_dictionary(kind):
        return _add_strings
    if types.is_null(kind):
        return _add_nothing
    raise TableError(f"column {name} holds {kind}, which has no row hash.")


def _add_numbers(chunk: Any, seed: Words, total: Words) -> None:
    """Add the words of numbers: the bits of the float64, with one zero."""
    values = chunk.cast("float64").to_numpy(zero_copy_only=False)
    _add_bits((values + 0.0).view(np.uint64), np.isnan(values), seed, total)


def _add_dates(chunk: Any, seed: Words, total: Words) -> None:
    """Add the words of dates: microseconds since 1970, UTC."""
    import pyarrow as pa

    missing = chunk.is_null().to_numpy(zero_copy_only=False)
    ticks = chunk.cast(pa.timestamp("us", chunk.type.tz)).cast("int64").fill_null(0)
    _add_bits(ticks.to_numpy(zero_copy_only=False).view(np.uint64), missing, seed, total)


def _add_bits(bits: Words, missing: npt.NDArray[np.bool_], seed: Words, total: Words) -> None:
    """Mix 64-bit cells with the column's seed and add them."""
    none = _missing(seed)
    for start in range(0, len(bits), BLOCK):
        part = slice(start, start + BLOCK)
        gaps = missing[part]
        for word in (0, 1):
            mixed = _mixed(bits[part] ^ seed[word])
            if gaps.any():
                mixed[gaps] = none[word]
            total[word, part] += mixed


def _add_strings(chunk: Any, seed: Words, total: Words) -> None:
    """Add the words of strings: each distinct one is digested once."""
    import pyarrow as pa

    plain = chunk.dictionary_decode() if pa.types.is_dictionary(chunk.type) else chunk
    encoded = plain.dictionary_encode()
    levels = encoded.dictionary.cast("large_binary")
    words = np.empty((2, len(levels) + 1), dtype=np.uint64)
    words[:, -1] = _missing(seed)
    digest = hashlib.blake2b
    for start in range(0, len(levels), BLOCK):
        block = levels.slice(start, BLOCK).to_pylist()
        digests = b"".join([digest(level, digest_size=16).digest() for level in block])
        part = slice(start, start + len(block))
        words[:, part] = np.frombuffer(digests, dtype="<u8").reshape(-1, 2).T
        words[0, part] = _mixed(words[0, part] ^ seed[0])
        words[1, part] = _mixed(words[1, part] ^ seed[1])
    codes = encoded.indices.cast("int64").fill_null(len(levels)).to_numpy(zero_copy_only=False)
    total += words[:, codes]


def _add_nothing(chunk: Any, seed: Words, total: Words) -> None:
    """Add the words of a column that holds only missing cells."""
    del chunk
    total += _missing(seed)[:, None]


def _bytes(text: str) -> bytes:
    """Return 16 bytes that stand for a string; a lone surrogate, which UTF-8 lacks, is let through."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _digest(text: str) -> Words:
    """Return two words that stand for a string."""
    return np.frombuffer(_bytes(text), dtype="<u8").astype(np.uint64)


def _missing(seed: Words) -> Words:
    """Return the two words of a missing cell: of the column, and of no value."""
    return _mixed(seed ^ _digest("a missing cell"))


def _mixed(words: Words) -> Words:
    """Return the words with every bit depending on every bit (SplitMix64, one step)."""
    mixed = words + _ADD
    mixed ^= mixed >> np.uint64(30)
    mixed *= _MULTIPLY_1
    mixed ^= mixed >> np.uint64(27)
    mixed *= _MULTIPLY_2
    mixed ^= mixed >> np.uint64(31)
    return mixed
