"""Features that tell the target by themselves, almost without error: they are probably made from it.

A number is judged by its order, and any column by the mean of the target among rows with equal cells (of
a number with many values: near ones), which leaves the row itself out. For classes the figure is the area
under the ROC curve, the smallest of all classes; for values it is R².
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vigil.records import Column, Contract
from vigil.stats import ordering
from vigil.trials import arrays

#: From this figure on a feature is taken for a leak.
TOO_GOOD = 0.999
#: Rows with a value and a label, and rows of a class, below which nothing is said.
LEAST_ROWS, LEAST_OF_CLASS = 200, 20
#: Rows that are looked at, drawn from all; in an order of their own, so that the file's says nothing.
MOST_ROWS = 20_000
#: Values up to which equal ones of a number are compared; of more, the rows on either side.
_FEW, _SIDE = 256, 5

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Leak:
    """A column and how well it tells the target alone; ``figure`` is an AUC, or R² of a regression."""

    column: str
    measure: str
    figure: float

    @property
    def words(self) -> str:
        """Say what was found."""
        return f"{self.column} tells the target by itself ({self.measure} {self.figure:.4f})"


def found(table: pa.Table, contract: Contract, truth: npt.NDArray[np.generic]) -> list[Leak]:
    """Return the features of labelled rows that give the target away, in the contract's order.

    ``truth``, shape (rows,), holds codes of classes, or values.
    """
    drawn = np.random.default_rng(0).permutation(len(truth))[:MOST_ROWS]
    table, truth = table.take(drawn), truth[drawn]
    measure = "R²" if contract.task == "regression" else "AUC"
    cells = arrays.features(table, [column for column in contract.features if column.kind != "text"])
    leaks = []
    for column in contract.features:
        figure = _told(cells[column.name], column, truth, contract.task) if column.name in cells else None
        if figure is not None and figure >= TOO_GOOD:
            leaks.append(Leak(column.name, measure, figure))
    return leaks


def left_out(contract: Contract, leaks: Collection[Leak], allowed: Collection[str]) -> dict[str, str]:
    """Return the leaks that nobody allowed, by column, in words.

    None where nothing else would be left to learn from: then the target is simply easy to tell.
    """
    found = {leak.column: leak.words for leak in leaks if leak.column not in allowed}
    return found if len(found) < len(contract.features) else {}


def told(release: Mapping[str, Any] | None) -> str:
    """Say of a release (its row in the ledger) what it was not trained on, nothing when that is nothing."""
    columns = release["facts"].get("left_out", {}) if release else {}
    return f" Left out as a leak: {'; '.join(columns.values())}." if columns else ""


def _told(
    cells: npt.NDArray[np.generic], column: Column, truth: npt.NDArray[np.generic], task: str
) -> float | None:
    """Return how well one column tells the target where it has a value, None on too few rows."""
    numeric = column.kind in ("number", "date")
    known = (
        ~np.isnan(cells.astype(np.float64)) if numeric else np.array([c is not None for c in cells.tolist()])
    )
    cells, target = cells[known], truth[known]
    if len(target) < LEAST_ROWS:
        return None
    if task == "regression":
        values = target.astype(np.float64)
        straight = _correlation(cells.astype(np.float64), values) if numeric else 0.0
        return max(_r_squared(_guess(cells, values, numeric=numeric), values), straight)
    classes, counts = np.unique(target, return_counts=True)
    if len(classes) < 2 or counts.min() < LEAST_OF_CLASS:
        return None
    # Of two classes one is what the other is not: a column tells both alike.
    told = classes if len(classes) > 2 else classes[1:]
    hits = [(target == one).astype(np.float64) for one in told]
    return min(_area_of(cells, hit, numeric=numeric) for hit in hits)


def _area_of(cells: npt.NDArray[np.generic], hit: Floats, *, numeric: bool) -> float:
    """Return the better area of a number's own order, either way up, and of what the other rows say."""
    area = ordering.area(ordering.ranks(_guess(cells, hit, numeric=numeric)), hit)
    if not numeric:
        return area
    ordered = ordering.area(ordering.ranks(cells.astype(np.float64)), hit)
    return max(area, ordered, 1 - ordered)


def _guess(cells: npt.NDArray[np.generic], values: Floats, *, numeric: bool) -> Floats:
    """Return what a column says of each row's value, by the other rows: of equal cells, or of near ones."""
    names, groups = np.unique(cells if numeric else cells.astype(str), return_inverse=True)
    if numeric and len(names) > _FEW:
        return _near(cells.astype(np.float64), values)
    return ordering.means_of_others(groups, values)


def _near(cells: Floats, values: Floats) -> Floats:
    """Return the mean of the values of the five rows below and the five above each, in the cells' order."""
    order = np.argsort(cells, kind="stable")
    sums = np.convolve(values[order], np.ones(2 * _SIDE + 1), mode="same") - values[order]
    counts = np.convolve(np.ones(len(values)), np.ones(2 * _SIDE + 1), mode="same") - 1
    guess = np.empty(len(values))
    guess[order] = sums / counts
    return guess


def _r_squared(guess: Floats, values: Floats) -> float:
    spread = float(((values - values.mean()) ** 2).sum())
    return 1 - float(((values - guess) ** 2).sum()) / spread if spread else 0.0


def _correlation(one: Floats, other: Floats) -> float:
    """Return the square of Pearson's correlation, 0 when either is constant."""
    spread = float(one.std() * other.std())
    return float(np.mean((one - one.mean()) * (other - other.mean())) / spread) ** 2 if spread else 0.0
