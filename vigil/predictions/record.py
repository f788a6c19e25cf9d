"""What is written down of an answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from vigil.serving.coded import Cells, Coded


@dataclass(frozen=True, slots=True)
class Answered:
    """One answered request as the service holds it; n rows.

    ``columns`` are the typed features as the model saw them and ``given`` the row's other known fields
    (key, time) as they came, each of length n. ``outcome`` are codes or values, ``probability`` those
    of the positive class (two classes) or of the label (more), None for regression. ``role`` is
    ``live``, ``shadow`` or ``canary``, ``rows`` each answer's place in the request.
    """

    request: str
    at: float
    release: str
    client: str
    role: str
    rows: Sequence[int]
    columns: Mapping[str, Cells | Sequence[Any]]
    given: Mapping[str, Sequence[Any]]
    outcome: Sequence[Any]
    probability: Sequence[float] | None


class Levels(msgspec.Struct, frozen=True):
    """A column of strings as it is stored: cell i is ``levels[codes[i]]``."""

    levels: list[str | None]
    codes: bytes


Stored = bytes | list[Any] | Levels


class Record(msgspec.Struct, array_like=True, tag=True, frozen=True):
    """The same as it is stored: a column of numbers as the bytes of its float64, one of levels by codes."""

    request: str
    at: float
    release: str
    client: str
    role: str
    rows: list[int]
    columns: dict[str, Stored]
    features: list[bytes]
    given: dict[str, list[Any]]
    outcome: list[Any]
    probability: list[float] | None


class Dropped(msgspec.Struct, array_like=True, tag=True, frozen=True):
    """How many answers could not be written down, up to a time."""

    rows: int
    at: float


#: Types of cells that may be more than can be stored.
_DOUBTFUL = frozenset({int, list, dict})

_PACK = msgspec.msgpack.Encoder()
_UNPACK = msgspec.msgpack.Decoder(Record | Dropped)


def encoded(answered: Answered, *, hashed: bool) -> bytes:
    """Return an answer as it is stored; with ``hashed``, a hash of each row stands for its features."""
    columns = {name: _packed(cells) for name, cells in answered.columns.items()}
    features = _hashes(columns, len(answered.rows)) if hashed else []
    return _PACK.encode(
        Record(
            answered.request,
            answered.at,
            answered.release,
            answered.client,
            answered.role,
            list(answered.rows),
            {} if hashed else columns,
            features,
            {name: _given(cells) for name, cells in answered.given.items()},
            list(answered.outcome),
            None if answered.probability is None else list(answered.probability),
        )
    )


def dropped(rows: int, at: float) -> bytes:
    """Return the note that answers were dropped."""
    return _PACK.encode(Dropped(rows, at))


def decoded(content: bytes) -> Record | Dropped:
    """Return what was stored. Raises ValueError when it is no record."""
    found: Record | Dropped = _UNPACK.decode(content)
    return found


def cells(column: Stored) -> Sequence[Any]:
    """Return a stored column's cells."""
    if isinstance(column, Levels):
        return list(map(column.levels.__getitem__, column.codes))
    return np.frombuffer(column, dtype="<f8").tolist() if isinstance(column, bytes) else column


def _packed(column: Cells | Sequence[Any]) -> Stored:
    if isinstance(column, Coded):
        return Levels(list(column.levels), column.codes.tobytes())
    if isinstance(column, np.ndarray):
        return column.tolist() if column.dtype == object else column.astype("<f8").tobytes()
    return list(column)


def _given(cells: Sequence[Any]) -> list[Any]:
    """Return cells as they came, as far as they can be stored and read again.

    A list or an object is no value, and an integer that 64 bits do not hold is written out, which it is read
    from as well.
    """
    if _DOUBTFUL.isdisjoint(map(type, cells)):
        return list(cells)
    return [_storable(cell) for cell in cells]


def _storable(cell: Any) -> Any:
    if isinstance(cell, list | dict):
        return None
    return str(cell) if isinstance(cell, int) and not -(2**63) <= cell < 2**63 else cell


def _hashes(columns: Mapping[str, Stored], rows: int) -> list[bytes]:
    """Return 16 bytes for each row, the same for the same cells under the same names."""
    names = sorted(columns)
    heads = _PACK.encode(names)
    by_row = zip(*(cells(columns[name]) for name in names), strict=True) if names else [()] * rows
    return [hashlib.blake2b(heads + _PACK.encode(row), digest_size=16).digest() for row in by_row]
