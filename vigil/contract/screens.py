"""Columns of text looked at by their bytes alone: which cells need nothing done to them.

Most columns of most files are plain throughout. To see that on the first and the last byte of each cell
costs a tenth of what a regular expression does; only the cells in doubt are then looked at properly.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vigil.contract.cells import MISSING

Places = npt.NDArray[np.intp]

#: Moments as whole columns of them mostly are written; a 0 stands for any digit, the space for a T too.
_MOMENT = b"0000-00-00 00:00:00"
_MOMENT_SIZES = frozenset({10, 16, 19})


def _are(signs: str) -> npt.NDArray[np.bool_]:
    """Return which bytes are one of some ASCII letters, in either case; shape (256,)."""
    found = np.zeros(256, dtype=np.bool_)
    found[list((signs.lower() + signs.upper()).encode("ascii"))] = True
    return found


#: Bytes at the edge of a cell that may be trimmed: ASCII's, and any that belong to a letter beyond ASCII.
_EDGE = (np.arange(256) <= 0x20) | (np.arange(256) >= 0x80)
_WORDS = [word for word in MISSING if word]
_FIRST, _LAST = _are("".join(word[0] for word in _WORDS)), _are("".join(word[-1] for word in _WORDS))
#: Letters beyond ASCII that count as one of ASCII's when cases are passed over have three bytes at most.
_LONGEST = 3 * max(map(len, _WORDS))
#: What stands before the last 0 of a whole number with decimals.
_POINT_OR_ZERO = _are(".0")

_SIGN_OF = np.arange(256, dtype=np.uint8)
_SIGN_OF[list(b"0123456789")] = ord("0")
_SIGN_OF[ord("T")] = ord(" ")


class _Bytes(NamedTuple):
    """An Arrow array of strings: its bytes, and where each cell begins and ends in them."""

    content: npt.NDArray[np.uint8]
    begins: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]


def doubtful(texts: Any) -> Places:
    """Return the places of the cells that may be padded, missing words, empty, or numbers such as 1.0.

    ``texts`` is an Arrow array of type ``string``. All other cells are their own canonical form.
    """
    content, begins, ends = _bytes(texts)
    if not content.size:
        return np.arange(len(texts))
    first = content[np.minimum(begins, content.size - 1)]
    last, before = content[ends - 1], content[np.maximum(ends - 2, 0)]
    size = ends - begins
    doubt = (size == 0) | _EDGE[first] | _EDGE[last]
    doubt |= _FIRST[first] & _LAST[last] & (size <= _LONGEST)
    doubt |= (last == ord("0")) & _POINT_OR_ZERO[before] & (size > 1)
    return np.flatnonzero(doubt)


def are_usual_moments(texts: Any) -> bool:
    """Say whether all cells are written alike, as 2024-04-03, 2024-04-03 10:30 or 2024-04-03 10:30:05.

    ``texts`` is an Arrow array of type ``string``. A T may stand for the space. That there is such a day is
    not looked at.
    """
    if not len(texts) or texts.null_count:
        return False
    content, begins, ends = _bytes(texts)
    size = int(ends[0] - begins[0])
    if size not in _MOMENT_SIZES or not (ends - begins == size).all():
        return False
    signs = _SIGN_OF[content[begins[0] : ends[-1]]].reshape(-1, size)
    return bool((signs == np.frombuffer(_MOMENT[:size], dtype=np.uint8)).all())


def _bytes(texts: Any) -> _Bytes:
    """Return what an array is made of, without a copy."""
    _, places, content = texts.buffers()
    if not len(texts):
        return _Bytes(np.empty(0, np.uint8), np.empty(0, np.int32), np.empty(0, np.int32))
    offsets = np.frombuffer(places, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    held = np.empty(0, np.uint8) if content is None else np.frombuffer(content, dtype=np.uint8)
    return _Bytes(held, offsets[:-1], offsets[1:])
