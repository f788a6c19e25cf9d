"""Champion and challenger measured on the same held-out rows: their difference, its error, their counts.

For classes all of it is a function of the counts of (truth, champion, challenger); any other score is a
mean over rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from vigil.stats import buckets, swaps
from vigil.stats.betting import Floats
from vigil.stats.metrics import Rows, Tally


@dataclass(frozen=True, slots=True)
class Pair:
    """Champion and challenger measured on the same rows, oriented so that more is better."""

    champion: float | None
    challenger: float | None
    difference: float
    error: float
    rows: int
    discordant: int
    enough: bool
    cells: dict[str, float]
    swap: Callable[[float], float]
    buckets: int | None = None


@runtime_checkable
class OfCells(Protocol):
    """A score of the table of truth against prediction."""

    def score(self, tables: Floats) -> Floats:
        """Return the scores of tables (…, K, K)."""

    def influence(self, table: Floats) -> Floats:
        """Return each cell's influence on the score, (K, K)."""

    def enough(self, tally: Tally) -> bool:
        """Say whether the rows suffice."""


@runtime_checkable
class OfRows(Protocol):
    """A mean over rows: of losses, or of rows' parts of a score."""

    higher_is_better: bool

    def parts(self, truth: Rows, prediction: Rows) -> Floats:
        """Return each row's part, of which the score is the mean."""

    def tally(self, truth: Rows, prediction: Rows, *, classes: int, clip: float | None) -> Tally:
        """Summarise rows."""

    def enough(self, tally: Tally) -> bool:
        """Say whether the rows suffice."""


def of_cells(metric: OfCells, cells: Floats, seed: int) -> Pair:
    """Measure both models on counts by (truth, champion, challenger)."""
    tables = cells.sum(axis=2), cells.sum(axis=1)
    champion, challenger = (float(metric.score(table)) for table in tables)
    rows = cells.sum()
    moved = metric.influence(tables[1])[:, None, :] - metric.influence(tables[0])[:, :, None]
    error = math.sqrt(float((cells * moved**2).sum())) / max(float(rows), 1.0)
    exact = len(cells) == 2
    return Pair(
        champion=None if math.isnan(champion) else champion,
        challenger=None if math.isnan(challenger) else challenger,
        difference=challenger - champion,
        error=error,
        rows=int(rows),
        discordant=int(rows - np.einsum("yaa->", cells)),
        enough=all(metric.enough({"confusion": table}) for table in tables),
        cells={"-".join(map(str, place)): int(cells[tuple(place)]) for place in np.argwhere(cells)},
        swap=lambda level: swaps.exact(metric, cells) if exact else swaps.drawn(metric, cells, level, seed),
    )


def of_rows(
    metric: OfRows,
    truth: Rows,
    champion: Rows,
    challenger: Rows,
    seed: int,
    bucket: npt.NDArray[np.int64] | None,
) -> Pair:
    """Measure both models by their rows' parts, one by one or by buckets of rows."""
    before, after = metric.parts(truth, champion), metric.parts(truth, challenger)
    gained, rows = after - before if metric.higher_is_better else before - after, len(before)
    better, worse = int((gained > 0).sum()), int((gained < 0).sum())
    sums = {"sum": float(gained.sum()), "squares": float(gained @ gained)}
    error = float(gained.std(ddof=1)) / math.sqrt(rows) if rows > 1 else math.inf
    flipped: Floats = gained
    filled: int | None = None
    if bucket is not None:
        within: Floats = np.bincount(bucket).astype(np.float64)
        flipped = np.bincount(bucket, weights=gained)[within > 0].astype(np.float64)
        filled = len(flipped)
        error = buckets.error_of_mean(flipped, within[within > 0]) if filled else math.inf
    return Pair(
        champion=float(before.mean()) if rows else None,
        challenger=float(after.mean()) if rows else None,
        difference=float(gained.mean()) if rows else math.nan,
        error=error,
        rows=rows,
        discordant=better + worse,
        enough=metric.enough(metric.tally(truth, champion, classes=0, clip=None)),
        cells={"better": better, "worse": worse, **sums},
        swap=lambda level: swaps.flipped(flipped, level, seed),
        buckets=filled,
    )
