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


_WORDS = [word for word in MISSING if word]
_FIRST, _LAST = _are("".join(word[0] for word in _WORDS)), _are("".join(word[-1] for word in _WORDS))
#: Letters beyond ASCII that count as one of ASCII's when cases are passed over have three bytes at most.
_LONGEST = 3 * max(map(len, _WORDS))

_SIGN_OF = bytes.maketrans(b"0123456789T", b"0000000000 ")


class _Bytes(NamedTuple):
    """An Arrow array of strings: its bytes, and where each cell begins and ends in them."""

    content: npt.NDArray[np.uint8]
    begins: Places
    ends: Places


def doubtful(texts: Any) -> Places:
    """Return the places of the cells that may be padded, missing words, empty, or numbers such as 1.0.

    ``texts`` is an Arrow array of type ``string``. All other cells are their own canonical form.
    """
    content, begins, ends = _bytes(texts)
    if not content.size:
        return np.arange(len(texts))
    first, last, before = (content.take(at, mode="clip") for at in (begins, ends - 1, ends - 2))
    size = ends - begins
    doubt = (size == 0) | _at_edge(first) | _at_edge(last)
    doubt |= _FIRST.take(first) & _LAST.take(last) & (size <= _LONGEST)
    doubt |= (last == ord("0")) & ((before == ord("0")) | (before == ord("."))) & (size > 1)
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
    signs = content[begins[0] : ends[-1]].tobytes().translate(_SIGN_OF)
    return signs == _MOMENT[:size] * len(texts)


def _at_edge(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Say which bytes may be trimmed: ASCII's up to the space, and any of a letter beyond ASCII."""
    below_is_above: npt.NDArray[np.bool_] = codes - np.uint8(0x21) >= np.uint8(0x80 - 0x21)
    return below_is_above


def _bytes(texts: Any) -> _Bytes:
    """Return what an array is made of; its content without a copy."""
    _, places, content = texts.buffers()
    if not len(texts):
        return _Bytes(np.empty(0, np.uint8), np.empty(0, np.intp), np.empty(0, np.intp))
    held_at = np.frombuffer(places, dtype=np.int32)
    offsets = held_at[texts.offset : texts.offset + len(texts) + 1].astype(np.intp)
    held = np.empty(0, np.uint8) if content is None else np.frombuffer(content, dtype=np.uint8)
    return _Bytes(held, offsets[:-1], offsets[1:])
