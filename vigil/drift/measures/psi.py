"""The population stability index: Σ (q − p)·ln(q/p), the sum of both Kullback–Leibler divergences.

Levels as they are; values in the reference's tenths. A share below one in a hundred, or below a tenth
of an even share of many cells, counts as that much, so that the index stays finite and does not grow
with the number of rows. It is shown because many know it: 0.1 is often read as "some", 0.25 as "much".
It has no null distribution here: by chance alone it is about (k − 1)·(1/n + 1/m), so that rules of
thumb fire on small batches and many levels
(Yurdakul, Naranjo 2020, doi 10.21314/JRMV.2020.227).
"""

from __future__ import annotations

import numpy as np

from vigil.drift import cells
from vigil.drift.measures import Measured
from vigil.profiles import ColumnProfile
from vigil.records import Kind

NAME = "psi"
KINDS: tuple[Kind, ...] = ("number", "category", "text", "date")
#: The usual rule of thumb for "some change".
FLOOR = 0.1
DECIDES = False


def measure(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Return the index, without a p-value."""
    found = cells.of_groups(reference, current)
    if not found.both:
        return None
    least = min(0.01, 0.1 / len(found.reference))
    ours, theirs = (np.maximum(share, least) for share in found.shares())
    index = float(np.sum((theirs - ours) * np.log(theirs / ours)))
    return Measured(index, None, index, found.n_ref, found.n_cur)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:  # noqa: ARG001
    """Return None: there is no test."""
    return None
