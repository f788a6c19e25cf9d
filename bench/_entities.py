"""Rows in clusters, many streams at once: entities of ten rows that tend to be alike, drawn by their tables.

An entity's other rows are its first one again with probability √½ each, else drawn anew, so that two of them
agree by one half. What an entity's rows add up to is one of the 286 tables of ten rows in four cells, each
with its exact chance: a batch is a multinomial draw of them.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from vigil.stats.metrics._cells import CellMetric
from vigil.stats.spread import Grouped

#: Rows of an entity.
ROWS = 10

#: With what probability a row is its entity's first one again.
AGAIN = math.sqrt(0.5)

Floats = npt.NDArray[np.float64]


@cache
def kinds() -> Floats:
    """Return the tables (kinds, 4) that the rows of an entity can make, by cells of truth and answer."""
    cells = itertools.product(range(ROWS + 1), repeat=4)
    return np.array([table for table in cells if sum(table) == ROWS], dtype=np.float64)


@cache
def chances(cells: tuple[float, ...]) -> Floats:
    """Return each kind's chance, shape (kinds,), from the chances of the four cells for a single row."""
    return np.array([_chance(tuple(map(int, kind)), cells) for kind in kinds()])


def _chance(kind: tuple[int, ...], cells: tuple[float, ...]) -> float:
    """Sum over the first row's cell and over how many of the other nine were drawn anew."""
    total = 0.0
    for first, anew in itertools.product(range(4), range(ROWS)):
        left = [count - (ROWS - anew) * (cell == first) for cell, count in enumerate(kind)]
        if min(left) >= 0:
            share = math.comb(ROWS - 1, anew) * (1 - AGAIN) ** anew * AGAIN ** (ROWS - 1 - anew)
            ways = math.factorial(anew) / math.prod(map(math.factorial, left))
            total += cells[first] * share * ways * math.prod(p**n for p, n in zip(cells, left, strict=True))
    return total


def cells_of(prevalence: float, rates: tuple[float, float]) -> tuple[float, ...]:
    """Return a row's chances of the four cells, truth down, from rates of true and of false positives."""
    classes = ((1 - prevalence, rates[1]), (prevalence, rates[0]))
    return tuple(size * part for size, said in classes for part in (1 - said, said))


@dataclass(frozen=True, slots=True)
class Drawn:
    """Batches by how many entities of each kind they have: (streams, kinds), and ``kinds`` (kinds, 4)."""

    found: Floats
    kinds: Floats

    @classmethod
    def of(cls, random: np.random.Generator, rows: int, cells: tuple[float, ...], streams: int) -> Drawn:
        """Draw batches of so many rows, from the chances of the four cells for a single row."""
        chance = chances(cells)
        # The commonest first: a draw ends with its last entity, and kinds that nobody has are left out.
        order = np.argsort(-chance)
        found = random.multinomial(rows // ROWS, chance[order] / chance.sum(), streams)
        some = int(np.flatnonzero(found.any(axis=0))[-1]) + 1
        return cls(found[:, :some].astype(np.float64), kinds()[order[:some]])

    @property
    def tables(self) -> Floats:
        """Their tables of truth against answer, shape (streams, 2, 2)."""
        return (self.found @ self.kinds).reshape(-1, 2, 2)

    def grouped(self, metric: CellMetric, about: Floats) -> Grouped:
        """Return how the rows of each stream hang together, as ``spread.grouped`` says of single rows.

        ``about`` (streams, 2, 2) are the tables of all rows so far.
        """
        moved = metric.influence(about)
        squares = (moved.reshape(-1, 4) @ self.kinds.T) ** 2
        weighed = self.found * squares
        apart = (self.tables * moved**2).sum(axis=(-2, -1))
        return Grouped(apart, weighed.sum(axis=-1), np.einsum("sk,sk->s", weighed, squares), ROWS)
