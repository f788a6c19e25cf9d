"""F2 of the positive class: 5·TP/(5·TP + 4·FN + FP), where a miss costs more than a false alarm."""

from __future__ import annotations

from vigil.stats.metrics._rates import FBeta


class F2(FBeta):
    """See ``FBeta``."""

    name = "f2"
    title = "F2"
    beta = 2.0


METRIC = F2()
