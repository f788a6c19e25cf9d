"""Wasserstein's distance, in the reference's standard deviations: how far the average row has moved.

The area between two distribution functions; exact where every value is known, else the rows of a
bucket are spread evenly inside it. Source: Vallender (1974), doi 10.1137/1118101.
"""

from __future__ import annotations

import numpy as np

from vigil.drift import cells
from vigil.drift.cells import Floats
from vigil.drift.measures import Measured
from vigil.profiles import ColumnProfile
from vigil.records import Kind

NAME = "wasserstein"
KINDS: tuple[Kind, ...] = ("number", "text", "date")
#: A quarter of a standard deviation.
FLOOR = 0.25
DECIDES = False


def measure(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Return the distance in standard deviations, without a p-value.

    The unit is the batch's standard deviation when the reference has only one value, and 1 when
    neither varies.
    """
    found, start, end = cells.positions(reference, current)
    if not found.both:
        return None
    unit = cells.spread(reference) or cells.spread(current) or 1.0
    distance = _area(found, start, end) / unit
    return Measured(distance, None, distance, found.n_ref, found.n_cur)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:  # noqa: ARG001
    """Return None: there is no test."""
    return None


def _area(found: cells.Cells, start: Floats, end: Floats) -> float:
    """Return ∫ |F − G|, between buckets and, where the difference is a straight line, inside them."""
    ours, theirs = found.shares()
    after = np.cumsum(ours - theirs)
    before = after - (ours - theirs)
    between = np.abs(after[:-1]) @ (start[1:] - end[:-1])
    return float(between + np.sum(_mean_size(before, after) * (end - start)))


def _mean_size(left: Floats, right: Floats) -> Floats:
    """Return the mean of |x| for x on the way from left to right."""
    span = np.abs(left) + np.abs(right)
    crossing = (left**2 + right**2) / (2 * np.where(span > 0, span, 1.0))
    return np.where(left * right < 0, crossing, span / 2)
