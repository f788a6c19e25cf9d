"""Models in which every column adds its own share: linear models on prepared columns."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vigil.serving.coded import Cells, Columns
from vigil.serving.readers import Levels, bounded


@dataclass(frozen=True, slots=True)
class Knots:
    """A column of numbers: linear between knots, constant beyond them, nothing when missing.

    ``knots`` is sorted, shape (k,); ``values`` has shape (k, G).
    """

    name: str
    knots: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, slots=True)
class Table:
    """A column of strings: one row of ``values`` (levels + 2, G) per level, missing and unseen."""

    reader: Levels
    values: np.ndarray

    @property
    def name(self) -> str:
        """The column's name."""
        return self.reader.name

    def many(self, cells: Cells) -> np.ndarray:
        """Return the shares of n cells, (n, G)."""
        return self.values.take(self.reader.read(cells), axis=0)


@dataclass(frozen=True, slots=True)
class Grid:
    """All columns of numbers at once: C columns, each cut into at most P pieces by its knots.

    Piece p of column c is ``values + slopes * (cell - begins)``, at place c * P + p of each; before the first
    knot and after the last it is constant. ``knots`` has shape (P - 1, C, 1), with infinity where a column
    has fewer; ``values`` and ``slopes`` have shape (G, C * P). To find a piece by counting the knots below
    takes no branch that a processor would have to guess, unlike a search.
    """

    columns: tuple[Knots, ...]
    knots: np.ndarray
    begins: np.ndarray
    values: np.ndarray
    slopes: np.ndarray

    @classmethod
    def of(cls, columns: Sequence[Knots], outputs: int) -> Grid:
        """Lay the columns side by side."""
        most = max((len(column.knots) for column in columns), default=0)
        knots = np.full((most, len(columns), 1), np.inf)
        begins = np.zeros((len(columns), most + 1))
        values, slopes = np.zeros((2, outputs, len(columns), most + 1))
        for place, column in enumerate(columns):
            count = len(column.knots)
            knots[:count, place, 0] = column.knots
            begins[place, : count + 1] = column.knots[[0, *range(count)]]
            values[:, place, : count + 1] = column.values[[0, *range(count)]].T
            with np.errstate(over="ignore"):  # between knots that are next to no distance apart
                steep = (np.diff(column.values, axis=0) / np.diff(column.knots)[:, None]).T
            slopes[:, place, 1:count] = np.where(np.isfinite(steep), steep, 0.0)
        return cls(
            tuple(columns), knots, begins.ravel(), values.reshape(outputs, -1), slopes.reshape(outputs, -1)
        )

    def shares(self, columns: Columns, rows: slice) -> np.ndarray:
        """Return the columns' shares (G, C, n) for some rows; nothing for missing cells."""
        cells = bounded(np.array([columns[column.name][rows] for column in self.columns], dtype=np.float64))
        pieces = np.zeros(cells.shape, dtype=np.int8 if len(self.knots) < 128 else np.int16)
        for knots in self.knots:
            pieces += (cells >= knots).view(np.int8)  # as a bool it would be converted first
        places = np.add(pieces, np.arange(len(cells))[:, None] * (len(self.knots) + 1), dtype=np.intp)
        # No place is beyond the ends; not to be asked whether one is takes half the time.
        beyond = cells - self.begins.take(places, mode="clip")
        found = np.array([slopes.take(places, mode="clip") for slopes in self.slopes])
        found *= beyond
        for output, values in enumerate(self.values):
            found[output] += values.take(places, mode="clip")
        absent = np.isnan(cells)
        if absent.any():
            found[:, absent] = 0.0
        return found


@dataclass(frozen=True, slots=True)
class Quick:
    """One output on Python floats, which answer one row faster than arrays.

    A column of numbers is its name, its knots, and the pieces between them as in ``Grid``: where each begins,
    its value there, its slope. A column of strings is its name, the values of its levels and of a missing
    one, and the value of a level that training did not see.
    """

    intercept: float
    numbers: tuple[tuple[str, list[float], list[tuple[float, float, float]]], ...]
    tables: tuple[tuple[str, dict[str | None, float], float], ...]

    @classmethod
    def of(cls, output: int, intercept: np.ndarray, grid: Grid, tables: Sequence[Table]) -> Quick:
        """Take one output out of a model."""
        shape = (len(grid.columns), len(grid.knots) + 1)
        parts = [
            part.reshape(shape).tolist() for part in (grid.begins, grid.values[output], grid.slopes[output])
        ]
        numbers = [
            (column.name, column.knots.tolist(), list(zip(*pieces, strict=True)))
            for column, *pieces in zip(grid.columns, *parts, strict=True)
        ]
        levels = []
        for table in tables:
            *known, unseen = table.values[:, output].tolist()
            levels.append((table.name, dict(zip([*table.reader.levels, None], known, strict=True)), unseen))
        return cls(float(intercept[output]), tuple(numbers), tuple(levels))

    def raw(self, row: Mapping[str, Any]) -> float:
        """Return one row's raw output, added up in the same order as that of many."""
        raw = self.intercept
        for name, knots, pieces in self.numbers:
            cell = row.get(name)
            if cell is not None and cell == cell:
                begin, value, slope = pieces[bisect_right(knots, cell)]
                raw += value + slope * (cell - begin) if slope else value  # an infinite cell has no slope
        for name, values, unseen in self.tables:
            raw += values.get(row.get(name), unseen)
        return raw


#: Rows answered together: what is made of them stays in the cache, and is small enough to be allocated well.
CHUNK = 512


@dataclass(frozen=True, slots=True)
class Additive:
    """An intercept of shape (G,) and the columns' shares."""

    intercept: np.ndarray
    columns: tuple[Knots | Table, ...]
    quick: tuple[Quick, ...]
    grid: Grid

    @classmethod
    def of(cls, intercept: np.ndarray, columns: Sequence[Knots | Table]) -> Additive:
        """Build the model from its parts."""
        grid = Grid.of([column for column in columns if isinstance(column, Knots)], len(intercept))
        tables = [column for column in columns if isinstance(column, Table)]
        quick = [Quick.of(output, intercept, grid, tables) for output in range(len(intercept))]
        return cls(intercept, tuple(columns), tuple(quick), grid)

    def raw(self, columns: Columns) -> np.ndarray:
        """Return raw outputs (n, G) for n rows."""
        rows = len(next(iter(columns.values()))) if columns else 0
        raw = np.empty((rows, len(self.intercept)))
        for start in range(0, rows, CHUNK):
            part = slice(start, start + CHUNK)
            raw[part] = self._numbers(columns, part).T
        for column in self.columns:
            if isinstance(column, Table):
                raw += column.many(columns[column.name])
        return raw

    def _numbers(self, columns: Columns, part: slice) -> np.ndarray:
        """Return the intercept with the shares of all columns of numbers, (G, n), each row added up alike."""
        if not self.grid.columns:
            return self.intercept[:, None]
        shares = self.grid.shares(columns, part)
        shares[:, 0] += self.intercept[:, None]
        return np.asarray(np.add.reduce(shares, axis=1))

    def raw_one(self, row: Mapping[str, Any]) -> list[float]:
        """Return the raw outputs of one row."""
        return [output.raw(row) for output in self.quick]

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
