"""A column of strings by their places in a short list, so that each level is looked at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

#: The most different cells that a coded column may have: a code is one byte.
MOST = 256


@dataclass(frozen=True, slots=True)
class Coded:
    """n cells, each a string or None: cell i is ``levels[codes[i]]``. ``codes`` are uint8, shape (n,)."""

    levels: Sequence[str | None]
    codes: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: slice) -> Coded:
        """Return some of the cells."""
        return Coded(self.levels, self.codes[rows])

    def tolist(self) -> list[str | None]:
        """Return the cells."""
        return list(map(self.levels.__getitem__, self.codes.tolist()))

    def array(self) -> np.ndarray:
        """Return the cells as an array of objects, shape (n,)."""
        levels = np.empty(len(self.levels), dtype=object)
        levels[:] = self.levels
        return np.asarray(levels[self.codes])


#: One column's cells: float64 with NaN for missing, objects of str with None, or strings by their codes.
Cells = np.ndarray | Coded
Columns = Mapping[str, Cells]


def array(cells: Cells) -> np.ndarray:
    """Return one column's cells as an array, shape (n,)."""
    return cells if isinstance(cells, np.ndarray) else cells.array()
