"""Sums and averages of trees, answered by bit masks instead of walks.

Each tree's leaves are the bits of a word. A cell's code selects, for every tree at once, the mask of
leaves that the tree's splits on this column leave possible. The AND over the columns has one bit
left per tree: its leaf. The cost per row is trees × columns, whatever the depth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vigil.serving.coded import Cells, Columns, array
from vigil.serving.readers import Levels, Steps, bounded

#: Rows answered together, so that their masks stay in the processor's cache.
CHUNK = 1024


@dataclass(frozen=True, slots=True)
class Masks:
    """One column: ``rows[code]`` is the row of ``words`` (distinct, words per tree × trees)."""

    reader: Levels | Steps
    rows: np.ndarray
    words: np.ndarray

    @property
    def name(self) -> str:
        """The column's name."""
        return self.reader.name

    def read(self, cells: Cells) -> np.ndarray:
        """Return each cell's row of words, shape (n,)."""
        reader = self.reader
        known = reader.read(bounded(array(cells))) if isinstance(reader, Steps) else reader.read(cells)
        return np.asarray(self.rows[known])


@dataclass(frozen=True, slots=True)
class Leaves:
    """Trees in groups: output g adds up the trees of its group, on top of ``intercept`` (G,).

    ``values`` has shape (trees, leaves, V). With V = 1 tree t belongs to output t mod G (boosting);
    with V = G every tree has a value for every output (a forest).
    """

    intercept: np.ndarray
    values: np.ndarray
    columns: tuple[Masks, ...]

    @classmethod
    def of(cls, intercept: np.ndarray, values: np.ndarray, columns: Sequence[Masks]) -> Leaves:
        """Build the model from its parts."""
        return cls(intercept, values, tuple(columns))

    def raw(self, columns: Columns) -> np.ndarray:
        """Return raw outputs (n, G) for n rows."""
        codes = [(column.words, column.read(columns[column.name])) for column in self.columns]
        rows = len(codes[0][1])
        raw = np.empty((rows, len(self.intercept)))
        for start in range(0, rows, CHUNK):
            part = slice(start, start + CHUNK)
            possible = codes[0][0][codes[0][1][part]]
            for words, code in codes[1:]:
                possible &= words[code[part]]
            raw[part] = self._sums(possible)
        return raw

    def raw_one(self, row: Mapping[str, Any]) -> list[float]:
        """Return the raw outputs of one row."""
        first, *others = self.columns
        possible = first.words[first.rows[first.reader.read_one(row.get(first.name))]]
        for column in others:
            possible = possible & column.words[column.rows[column.reader.read_one(row.get(column.name))]]
        return list(self._sums(possible[None, :])[0].tolist())

    def _sums(self, possible: np.ndarray) -> np.ndarray:
        """Add up the values of the leaves that are left; ``possible`` is (n, words × trees)."""
        trees, leaves, each = self.values.shape
        leaf = _only_bit(possible.reshape(len(possible), -1, trees))
        at = leaf + np.arange(trees) * leaves
        if each > 1:
            return np.asarray(self.values.reshape(-1, each)[at].sum(axis=1) + self.intercept)
        found = self.values.reshape(-1)[at]
        outputs = len(self.intercept)
        return np.asarray(found.reshape(len(at), -1, outputs).sum(axis=1) + self.intercept)

    def levels(self) -> dict[str, tuple[str, ...]]:
        """Return the known levels of each column of strings."""
        return {c.name: c.reader.levels for c in self.columns if isinstance(c.reader, Levels)}

    def dump(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what is stored: JSON values and arrays."""
        about: list[dict[str, Any]] = []
        arrays = {"intercept": self.intercept, "values": self.values}
        for i, column in enumerate(self.columns):
            arrays |= {f"{i}.rows": column.rows, f"{i}.words": column.words}
            if isinstance(column.reader, Levels):
                about.append({"name": column.name, "levels": list(column.reader.levels)})
            else:
                about.append({"name": column.name})
                arrays[f"{i}.edges"] = column.reader.edges
        return {"columns": about}, arrays

    @classmethod
    def restore(cls, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Leaves:
        """Build the model from what ``dump`` returned."""
        columns = []
        for i, item in enumerate(about["columns"]):
            reader: Levels | Steps
            if "levels" in item:
                reader = Levels.of(item["name"], tuple(item["levels"]))
            else:
                reader = Steps(item["name"], arrays[f"{i}.edges"])
            columns.append(Masks(reader, arrays[f"{i}.rows"], arrays[f"{i}.words"]))
        return cls.of(arrays["intercept"], arrays["values"], columns)


def _only_bit(words: np.ndarray) -> np.ndarray:
    """Return the place of the one bit set in each tree's words (n, words, trees), as (n, trees).

    A power of two is exact in single precision, and its exponent is the bit's place.
    """
    width = words.dtype.itemsize * 8
    place = (words.astype(np.float32).view(np.int32) >> 23) - 127
    if words.shape[1] == 1:
        return place[:, 0]
    offset = np.arange(words.shape[1], dtype=np.int32)[:, None] * width
    return np.asarray(np.where(words > 0, place + offset, -1).max(axis=1))
