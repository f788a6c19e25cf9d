"""Whether the model answers otherwise than it did: classes by χ², numbers and probabilities by KS.

The reference is what the release answered to rows that were held out for it. Other answers need no other
truth: this is the first sign of a change while the labels are still out. Test and effect are those of
`label_drift`, as answers and labels are of one kind.
"""

from __future__ import annotations

from vigil.drift.measures.label_drift import detectable, measure
from vigil.records import Kind

__all__ = ["DECIDES", "FLOOR", "KINDS", "NAME", "detectable", "measure"]

NAME = "prediction_drift"
KINDS: tuple[Kind, ...] = ("number", "category")
#: A tenth of the rows are answered otherwise.
FLOOR = 0.1
DECIDES = True
