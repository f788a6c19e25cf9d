"""Models in which every column adds its own share: linear models on prepared columns."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vigil.serving.readers import Levels, bounded


@dataclass(frozen=True, slots=True)
class Knots:
    """A column of numbers: linear between knots, constant beyond them, nothing when missing.

    ``knots`` is sorted, shape (k,); ``values`` has shape (k, G).
    """

    name: str
    knots: np.ndarray
    values: np.ndarray

    def add_to(self, raw: np.ndarray, cells: np.ndarray) -> None:
        """Add the column's share to raw outputs (n, G)."""
        cells = bounded(cells)
        absent = np.isnan(cells)
        for output in range(raw.shape[1]):
            share = np.interp(cells, self.knots, self.values[:, output])
            raw[:, output] += np.where(absent, 0.0, share)

    def one(self, cell: Any) -> list[float]:
        """Return one cell's share, G values."""
        if cell is None or cell != cell:
            return [0.0] * len(self.values[0])
        right = bisect_right(self.knots, cell)
        if right in (0, len(self.knots)):
            return list(self.values[max(right - 1, 0)])
        low, high = self.knots[right - 1], self.knots[right]
        part = (cell - low) / (high - low)
        pairs = zip(self.values[right - 1], self.values[right], strict=True)
        return [float(a + part * (b - a)) for a, b in pairs]

    def as_lists(self) -> Knots:
        """Return the same column on Python floats, which answer one row faster than arrays."""
        return Knots(self.name, self.knots.tolist(), self.values.tolist())


@dataclass(frozen=True, slots=True)
class Table:
    """A column of strings: one row of ``values`` (levels + 2, G) per level, missing and unseen."""

    reader: Levels
    values: np.ndarray

    @property
    def name(self) -> str:
        """The column's name."""
        return self.reader.name

    def add_to(self, raw: np.ndarray, cells: np.ndarray) -> None:
        """Add the column's share to raw outputs (n, G)."""
        raw += self.values[self.reader.read(cells)]

    def one(self, cell: Any) -> list[float]:
        """Return one cell's share, G values."""
        return list(self.values[self.reader.read_one(cell)])

    def as_lists(self) -> Table:
        """Return the same column on Python floats."""
        return Table(self.reader, self.values.tolist())


@dataclass(frozen=True, slots=True)
class Additive:
    """An intercept of shape (G,) and the columns' shares."""

    intercept: np.ndarray
    columns: tuple[Knots | Table, ...]
    quick: tuple[Knots | Table, ...]

    @classmethod
    def of(cls, intercept: np.ndarray, columns: Sequence[Knots | Table]) -> Additive:
        """Build the model from its parts."""
        return cls(intercept, tuple(columns), tuple(column.as_lists() for column in columns))

    def raw(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return raw outputs (n, G) for n rows."""
        rows = len(next(iter(columns.values()))) if columns else 0
        raw = np.tile(self.intercept, (rows, 1))
        for column in self.columns:
            column.add_to(raw, columns[column.name])
        return raw

    def raw_one(self, row: Mapping[str, Any]) -> list[float]:
        """Return the raw outputs of one row."""
        raw: list[float] = self.intercept.tolist()
        for column in self.quick:
            share = column.one(row.get(column.name))
            raw = [a + b for a, b in zip(raw, share, strict=True)]
        return raw

    def levels(self) -> dict[str, tuple[str, ...]]:
        """Return the known levels of each column of strings."""
        return {c.name: c.reader.levels for c in self.columns if isinstance(c, Table)}

    def dump(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what is stored: JSON values and arrays."""
        about: list[dict[str, Any]] = []
        arrays = {"intercept": self.intercept}
        for i, column in enumerate(self.columns):
            arrays[f"{i}.values"] = column.values
            if isinstance(column, Table):
                about.append({"name": column.name, "levels": list(column.reader.levels)})
            else:
                about.append({"name": column.name})
                arrays[f"{i}.knots"] = column.knots
        return {"columns": about}, arrays

    @classmethod
    def restore(cls, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Additive:
        """Build the model from what ``dump`` returned."""
        columns: list[Knots | Table] = []
        for i, item in enumerate(about["columns"]):
            values = arrays[f"{i}.values"]
            if "levels" in item:
                columns.append(Table(Levels.of(item["name"], tuple(item["levels"])), values))
            else:
                columns.append(Knots(item["name"], arrays[f"{i}.knots"], values))
        return cls.of(arrays["intercept"], columns)
