"""A 128-bit hash of a row that is the same on every machine, in every run, for ever.

Each cell becomes two 64-bit words, mixed with words drawn from its column's name; a row's hash is
the sum of its cells' words, mixed once more. Sums make the order of the columns irrelevant. The
mixing is the finaliser of SplitMix64 (Steele, Lea, Flood 2014, doi 10.1145/2660193.2660195); strings
and names go through `texthash`. It is written out here, so that no library's version can change it. It is
made to tell rows apart, not to resist an attacker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigil.errors import TableError
from vigil.table import texthash
from vigil.table.texthash import BLOCK, mixed

Words = npt.NDArray[np.uint64]

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.records import Column

#: Changes whenever an equal row would get another hash; a table keeps the one that it was begun with.
FORMAT = 2

_ADD = np.uint64(0x9E3779B97F4A7C15)
#: Rows of a column of strings that are looked at for how often they repeat.
_SAMPLE = 1024
#: Strings of an array that are few enough to be asked for one by one.
_FEW = 16


def of_columns(table: pa.Table, columns: Iterable[Column]) -> Words:
    """Hash the cells of some of a contract's columns; see ``row_hashes``."""
    return row_hashes(table, [column.name for column in columns])


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
        hashes[part, 0] = mixed(total[0, part])
        hashes[part, 1] = mixed(total[1, part] ^ _ADD)
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


def ascending(words: Words) -> npt.NDArray[np.intp]:
    """Return the order of some words, equal ones as they stand, shape (n,).

    Places are put into the low bits of the words, which then are sorted themselves: nearly always that is
    the order, and it takes half of the time.
    """
    if len(words) < 2 or bool((words[1:] >= words[:-1]).all()):
        return np.arange(len(words), dtype=np.intp)
    places = np.uint64((1 << (len(words) - 1).bit_length()) - 1)
    marked = (words & ~places) | np.arange(len(words), dtype=np.uint64)
    marked.sort()
    order = (marked & places).astype(np.intp)
    found = words[order]
    return order if bool((found[1:] >= found[:-1]).all()) else np.argsort(words, kind="stable")


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
            found = mixed(bits[part] ^ seed[word])
            if gaps.any():
                found[gaps] = none[word]
            total[word, part] += found


def _add_strings(chunk: Any, seed: Words, total: Words) -> None:
    """Add the words of strings; where they repeat, each distinct one is hashed once."""
    import pyarrow as pa

    plain = chunk.dictionary_decode() if pa.types.is_dictionary(chunk.type) else chunk
    if repeats(plain):
        encoded = plain.dictionary_encode()
        codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
        for lane, words in enumerate(_seeded(encoded.dictionary, seed)):
            total[lane] += words.take(codes)
        return
    words = _seeded(plain, seed)[:, : len(plain)]
    if plain.null_count:
        words[:, plain.is_null().to_numpy(zero_copy_only=False)] = _missing(seed)[:, None]
    total += words


def repeats(texts: Any) -> bool:
    """Say whether an Arrow array's values repeat so often that to find the distinct ones saves work."""
    few = texts.slice(0, _SAMPLE)
    return 2 * len(few.unique()) < len(few)


def _seeded(texts: Any, seed: Words) -> Words:
    """Return the words of strings in a column, shape (2, n + 1); the last are those of no value."""
    words = np.empty((2, len(texts) + 1), dtype=np.uint64)
    words[:, :-1] = _digests(texts) if len(texts) <= _FEW else texthash.of_array(texts)
    words[:, -1] = _missing(seed)
    for start in range(0, len(texts), BLOCK):
        part = slice(start, min(start + BLOCK, len(texts)))
        for word in (0, 1):
            words[word, part] = mixed(words[word, part] ^ seed[word])
    return words


def _add_nothing(chunk: Any, seed: Words, total: Words) -> None:
    """Add the words of a column that holds only missing cells."""
    del chunk
    total += _missing(seed)[:, None]


def _digests(texts: Any) -> Words:
    """Return the words of a few strings, shape (2, n): the levels of a column, the same in every file."""
    found = np.empty((2, len(texts)), dtype=np.uint64)
    for place, text in enumerate(texts.to_pylist()):
        found[:, place] = _digest(text or "")
    return found


@lru_cache(4096)
def _digest(text: str) -> Words:
    """Return two words that stand for a string; a column's name is asked for with every file."""
    words = texthash.of_texts([text])[:, 0]
    words.flags.writeable = False
    return words


def _missing(seed: Words) -> Words:
    """Return the two words of a missing cell: of the column, and of no value."""
    return mixed(seed ^ _digest("a missing cell"))
