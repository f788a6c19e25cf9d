"""How one column of cells becomes its share of a compiled model's answer.

A reader holds a column's folded table: everything that training learnt about the column, imputing,
pooling and encoding included, is in it, so that answering is one look-up per cell.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from vigil.serving.coded import Cells, Coded

#: Larger numbers are taken as this; it fits single precision, which forests compute in.
LARGEST = 1e30


def bounded(cells: np.ndarray) -> np.ndarray:
    """Return numbers as float64 within ±LARGEST; missing ones stay NaN."""
    return np.clip(np.asarray(cells, dtype=np.float64), -LARGEST, LARGEST)


class _Codes(dict[Any, int]):
    """Codes by level, and one for every other."""

    def __init__(self, codes: Mapping[Any, int], unseen: int) -> None:
        super().__init__(codes)
        self._unseen = unseen

    def __missing__(self, level: Any) -> int:
        return self._unseen


@dataclass(frozen=True, slots=True)
class Levels:
    """A column of strings. Code i is the i-th level, then one code for missing, one for unseen."""

    name: str
    levels: tuple[str, ...]
    codes: _Codes

    @classmethod
    def of(cls, name: str, levels: tuple[str, ...]) -> Levels:
        """Build the reader of a column with these known levels."""
        codes = _Codes({level: code for code, level in enumerate(levels)}, len(levels) + 1)
        codes[None] = len(levels)
        return cls(name, levels, codes)

    @property
    def unseen(self) -> int:
        """The code of a level that training did not see."""
        return len(self.levels) + 1

    def read(self, cells: Cells) -> np.ndarray:
        """Return the code of each cell, shape (n,)."""
        if isinstance(cells, Coded):
            codes = np.array([self.codes[level] for level in cells.levels], dtype=np.intp)
            return np.asarray(codes[cells.codes])
        if len(cells) < 2:
            return np.array([self.read_one(cell) for cell in cells.tolist()], dtype=np.intp)
        found = itemgetter(*cells.tolist())(self.codes)  # one call for all of them
        return np.frombuffer(struct.pack(f"{len(found)}q", *found), dtype=np.int64)

    def read_one(self, cell: Any) -> int:
        """Return one cell's code."""
        return self.codes.get(cell, self.unseen)


@dataclass(frozen=True, slots=True)
class Steps:
    """A column of numbers cut at sorted edges: code i holds ``edge[i-1] < x <= edge[i]``.

    The code after the last step is for missing.
    """

    name: str
    edges: np.ndarray

    def read(self, cells: np.ndarray) -> np.ndarray:
        """Return the code of each cell, shape (n,)."""
        codes = np.searchsorted(self.edges, cells, side="left")
        return np.where(np.isnan(cells), len(self.edges) + 1, codes)

    def read_one(self, cell: Any) -> int:
        """Return one cell's code; None and NaN are missing."""
        if cell is None or cell != cell:
            return len(self.edges) + 1
        return bisect_left(self.edges, float(cell))
