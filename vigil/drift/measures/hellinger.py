"""Hellinger's distance: √(½ Σ (√p − √q)²), between 0 and 1.

Levels as they are; values in the reference's tenths. Source: Hellinger (1909),
doi 10.1515/crll.1909.136.210.
"""

from __future__ import annotations

import math

import numpy as np

from vigil.drift import cells
from vigil.drift.measures import Measured
from vigil.profiles import ColumnProfile
from vigil.records import Kind

NAME = "hellinger"
KINDS: tuple[Kind, ...] = ("number", "category", "text", "date")
#: The distance of two samples whose stability index is about 0.1.
FLOOR = 0.11
DECIDES = False


def measure(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Return the distance, without a p-value."""
    found = cells.of_groups(reference, current)
    if not found.both:
        return None
    ours, theirs = found.shares()
    distance = math.sqrt(float(np.sum((np.sqrt(ours) - np.sqrt(theirs)) ** 2)) / 2)
    return Measured(distance, None, distance, found.n_ref, found.n_cur)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:  # noqa: ARG001
    """Return None: there is no test."""
    return None
