"""Jensen and Shannon's distance: the root of the mean divergence, in bits, from the mixture of both.

Between 0 and 1, whatever the number of cells. Levels as they are; values in the reference's tenths.
Source: Lin (1991), doi 10.1109/18.61115.
"""

from __future__ import annotations

import math

from vigil.drift import cells
from vigil.drift.measures import Measured
from vigil.profiles import ColumnProfile
from vigil.records import Kind

NAME = "jensen_shannon"
KINDS: tuple[Kind, ...] = ("number", "category", "text", "date")
#: The distance of two samples whose stability index is about 0.1.
FLOOR = 0.13
DECIDES = False


def measure(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Return the distance, without a p-value."""
    from scipy.special import rel_entr

    found = cells.of_groups(reference, current)
    if not found.both:
        return None
    ours, theirs = found.shares()
    middle = (ours + theirs) / 2
    divergence = float(rel_entr(ours, middle).sum() + rel_entr(theirs, middle).sum()) / 2
    distance = math.sqrt(max(0.0, divergence) / math.log(2))
    return Measured(distance, None, distance, found.n_ref, found.n_cur)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:  # noqa: ARG001
    """Return None: there is no test."""
    return None
