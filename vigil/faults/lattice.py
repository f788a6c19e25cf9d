"""The decimals of numbers: how many a column has, and which values have no more than so many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from vigil.faults.case import Floats

Mask = npt.NDArray[np.bool_]


def decimals_of(values: Floats) -> int | None:
    """Return the number of decimals that nearly all values have at most, or None beyond eight."""
    known = values[np.isfinite(values)]
    for decimals in range(9):
        if len(known) and on_grid(known, decimals).mean() >= 0.99:
            return decimals
    return None


def on_grid(values: Floats, decimals: int) -> Mask:
    """Tell which values have no more than so many decimals; −1 asks for whole tens."""
    scaled = values * 10.0**decimals
    near: Mask = np.abs(scaled - np.rint(scaled)) <= 1e-6 * np.maximum(1.0, np.abs(scaled) * 1e-6)
    return near


def place_among(values: Floats, atoms: Floats) -> npt.NDArray[np.intp]:
    """Return which of some sorted values each value is, but for rounding in the last digits; −1 for none."""
    right = np.clip(atoms.searchsorted(values), 0, len(atoms) - 1)
    left = np.maximum(right - 1, 0)
    place = np.where(np.abs(values - atoms[left]) < np.abs(values - atoms[right]), left, right)
    near = np.abs(values - atoms[place]) <= 1e-9 * np.maximum(np.abs(values), 1e-9)
    return np.where(near, place, -1)
