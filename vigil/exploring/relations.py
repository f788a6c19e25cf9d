"""How columns go together: with the target, by groups; and numbers with each other, by ranks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vigil import models, slices
from vigil.profiles import ColumnProfile
from vigil.records import Column, Contract
from vigil.trials import arrays

#: The share of the target that one column may explain alone before it is suspected of giving it away.
LEAK = 0.8
#: Ranges into which a column is cut to see what it explains, and columns that are correlated at most.
_CUTS, _MOST = 20, 30
#: Levels beyond which each tells little, and would seem to explain what it merely repeats.
_MOST_LEVELS = 50

Floats = npt.NDArray[np.float64]


class Related:
    """The labelled rows of a table, and the target as numbers: one column for each class, or its value."""

    def __init__(self, rows: pa.Table, contract: Contract) -> None:
        order = models.code_order(contract)
        truth, labelled = arrays.labels(rows, contract, order)
        self._columns = arrays.features(rows.filter(pa.array(labelled)), contract.features)
        known = truth[labelled]
        self._target: Floats = np.eye(len(order))[known] if order else known.astype(np.float64)[:, None]
        shown = order.index(contract.positive) if contract.task == "binary" else 0
        self._shown = self._target[:, shown]
        self.rate_title = f"share of “{order[shown]}”" if order else f"mean of {contract.target.name}"
        self.overall = float(self._shown.mean()) if len(self._shown) else None

    def by_group(self, column: ColumnProfile, often: Sequence[str]) -> list[dict[str, Any]]:
        """Return the target's share or mean in each of a column's groups; ``often`` names frequent levels."""
        groups = slices.grouping(column, often)
        if groups is None:
            return []
        codes = groups.codes(self._columns[column.name])
        found = []
        for code in np.unique(codes).tolist():
            inside = codes == code
            rate = float(self._shown[inside].mean())
            found.append({"group": groups.names[code], "rows": int(inside.sum()), "rate": rate})
        return found

    def explains(self, column: Column) -> float | None:
        """Return the share of the target's variance between the column's groups, 0 to 1.

        For classes this is Goodman and Kruskal's τ (1954), for values R². None where there is nothing to
        explain, or so many groups that chance alone explains much.
        """
        codes = self._cut(column)
        rows = len(self._target)
        if codes is None or rows < 10 * (codes.max(initial=0) + 1):
            return None
        whole = float(((self._target - self._target.mean(axis=0)) ** 2).sum())
        if whole <= 0:
            return None
        between = 0.0
        for code in np.unique(codes):
            inside = self._target[codes == code]
            between += len(inside) * float(((inside.mean(axis=0) - self._target.mean(axis=0)) ** 2).sum())
        return between / whole

    def correlations(self, numbers: Sequence[Column]) -> dict[str, Any]:
        """Return Spearman's correlations of numbers, on the rows where both have a value."""
        names = [column.name for column in numbers if column.name in self._columns][:_MOST]
        if len(names) < 2 or len(self._target) < 3:
            return {"names": [], "matrix": []}
        import pandas as pd

        frame = pd.DataFrame({name: self._columns[name] for name in names})
        ranks = frame.rank()
        matrix = ranks.corr().to_numpy()
        return {"names": names, "matrix": [[_finite(cell) for cell in row] for row in matrix]}

    def _cut(self, column: Column) -> npt.NDArray[np.int64] | None:
        """Return the group of each row: a level, a twentieth of the values, or missing."""
        cells = self._columns[column.name]
        if column.kind in ("number", "date"):
            values = cells.astype(np.float64)
            known = values[~np.isnan(values)]
            if not len(known):
                return None
            edges = np.unique(np.quantile(known, np.arange(1, _CUTS) / _CUTS))
            places = np.searchsorted(edges, values, side="left").astype(np.int64)
            return np.where(np.isnan(values), len(edges) + 1, places)
        levels = {level: place for place, level in enumerate(dict.fromkeys(cells.tolist()))}
        if column.kind == "text" or len(levels) > _MOST_LEVELS:
            return None
        return np.array([levels[cell] for cell in cells.tolist()], dtype=np.int64)


def _finite(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
