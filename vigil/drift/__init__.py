"""Has the data changed since the reference? Judged from two profiles; rows are read only where a person asks.

The reference profile is the same for every batch that a release meets. Each verdict allows for the
reference being a finite sample, but the verdicts of many batches share its error: a reference that is
unusual by chance looks unusual every time. The practical floors keep such small differences quiet.
"""

from vigil.drift.measures import Measured, Rows, Side, measure, names
from vigil.drift.verdict import ALPHA, DEFAULTS, LEAST, TOGETHER, WHOLE, ColumnDrift, judge

__all__ = [
    "ALPHA",
    "DEFAULTS",
    "LEAST",
    "TOGETHER",
    "WHOLE",
    "ColumnDrift",
    "Measured",
    "Rows",
    "Side",
    "judge",
    "measure",
    "names",
]
