"""How much more often rows of a kind come now than among the held-out ones: their density ratio.

A model of which of two samples a row is from gives it: the odds of "new" are the ratio, up to the sizes of
the samples (Bickel, Brückner & Scheffer 2009, JMLR 10:2137). Held-out rows weighted by it stand for the new
ones as long as only the rows have changed, not what they mean (covariate shift; Shimodaira 2000,
doi:10.1016/S0378-3758(00)00115-4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Columns = Mapping[str, npt.NDArray[Any]]

#: The penalty on the squared coefficients, and the steps and the change at which the fit ends.
RIDGE, STEPS, STILL = 1.0, 50, 1e-8
#: Levels of a column that have a place of their own, the commonest; the others share one.
LEVELS = 20
#: A smaller share of rows that count than this, and the two samples hardly overlap.
OVERLAP = 0.2
#: No row may stand for more than this many.
MOST = 50.0


@dataclass(frozen=True, slots=True)
class Weights:
    """One weight for each held-out row, mean 1; ``effective`` is how many equal ones are worth as much.

    ``effective`` is (Σw)²/Σw² (Kish, 1965): a few heavy rows carry little, however many light ones there are.
    """

    weight: Floats
    effective: float


def weights(held: Columns, new: Columns) -> Weights:
    """Return what makes held-out rows, arrays of shape (n,) by column, look like new ones.

    Both have the same columns: float64 with NaN for missing, or objects with None.
    """
    design = np.vstack(_coded(held, new))
    count = len(next(iter(held.values())))
    is_new = np.arange(len(design)) >= count
    odds = design[:count] @ _fitted(design, is_new.astype(float))
    ratio = np.exp(np.clip(odds - odds.max(), -50.0, 0.0))
    ratio = np.minimum(ratio / ratio.mean(), MOST)
    weight = ratio / ratio.mean()
    return Weights(weight, float(weight.sum() ** 2 / (weight**2).sum()))


def _fitted(design: Floats, target: Floats) -> Floats:
    """Return the coefficients of a logistic regression with a small penalty, by Newton's method."""
    penalty = RIDGE * np.eye(design.shape[1])
    penalty[0, 0] = 0.0  # the constant
    found = np.zeros(design.shape[1])
    for _ in range(STEPS):
        share = 1 / (1 + np.exp(-np.clip(design @ found, -30.0, 30.0)))
        slope = design.T @ (target - share) - penalty @ found
        curve = (design * (share * (1 - share))[:, None]).T @ design + penalty
        step = np.linalg.solve(curve + 1e-9 * np.eye(len(curve)), slope)
        found = found + step
        if np.abs(step).max() < STILL:
            break
    return found


def _coded(held: Columns, new: Columns) -> tuple[Floats, Floats]:
    """Return both samples as numbers, a constant first, every column scaled by both together."""
    count = len(next(iter(held.values())))
    parts = [np.ones((count + len(next(iter(new.values()))), 1))]
    for name, cells in held.items():
        both = np.concatenate([cells, new[name]])
        parts.append(_levels(both) if both.dtype == object else _numbers(both))
    design = np.hstack(parts)
    return design[:count], design[count:]


def _numbers(cells: Floats) -> Floats:
    """Return a number's normal score, its square, and whether it is missing, shape (n, 3).

    Scores of ranks, as a few far values would else decide the fit; the square lets a spread differ as well as
    a place.
    """
    from scipy.special import ndtri

    absent = np.isnan(cells)
    known = np.sort(cells[~absent])
    below = np.searchsorted(known, cells, side="left") + np.searchsorted(known, cells, side="right")
    score = np.where(absent, 0.0, ndtri((below + 1.0) / (2 * len(known) + 2)))
    return np.column_stack([score, np.where(absent, 0.0, score**2 - 1), absent])


def _levels(cells: npt.NDArray[Any]) -> Floats:
    """Return one column for each of the commonest levels, shape (n, levels); missing is one of them."""
    names, places, counts = np.unique(
        np.array(["" if cell is None else f"={cell}" for cell in cells.tolist()], dtype=object).astype(str),
        return_inverse=True,
        return_counts=True,
    )
    kept = np.argsort(-counts, kind="stable")[: min(LEVELS, max(len(names) - 1, 0))]
    return np.asarray(places[:, None] == kept[None, :], dtype=np.float64)
