"""Whether the truth is mixed otherwise than it was: classes by χ², values by KS.

The reference is the labels that the release was trained on. Rows without a label yet are no rows here: labels
come late. A change of the mix moves the share of right answers and the best threshold, even where the
rows of each class are as before. The test and the effect are those of `chi_squared` and `ks`.
"""

from __future__ import annotations

from vigil.drift.measures import Measure, Measured, get
from vigil.profiles import ColumnProfile
from vigil.records import Kind

NAME = "label_drift"
KINDS: tuple[Kind, ...] = ("number", "category")
#: A tenth of the labels are others.
FLOOR = 0.1
DECIDES = True


def measure(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Return the statistic, the share of rows that moved, and p."""
    return _test(reference).measure(reference, current)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:
    """Return the smallest share found with 80 % power."""
    return _test(reference).detectable(reference, current, alpha)


def _test(reference: ColumnProfile) -> Measure:
    """Return the measure whose test it is."""
    return get("chi_squared" if reference.kind == "category" else "ks")
