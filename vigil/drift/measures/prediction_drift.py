"""Whether the model answers otherwise than it did: classes by χ², numbers and probabilities by KS.

The reference is what the release answered to rows that were held out for it. Other answers need no other
truth: this is the first sign of a change while the labels are still out. The test and the effect are those
of `chi_squared` and `ks`.
"""

from __future__ import annotations

from vigil.drift.measures import Measure, Measured, get
from vigil.profiles import ColumnProfile
from vigil.records import Kind

NAME = "prediction_drift"
KINDS: tuple[Kind, ...] = ("number", "category")
#: A tenth of the rows are answered otherwise.
FLOOR = 0.1
DECIDES = True


def measure(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Return the statistic, the share of answers that moved, and p."""
    return _test(reference).measure(reference, current)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:
    """Return the smallest share found with 80 % power."""
    return _test(reference).detectable(reference, current, alpha)


def _test(reference: ColumnProfile) -> Measure:
    """Return the measure whose test it is."""
    return get("chi_squared" if reference.kind == "category" else "ks")
