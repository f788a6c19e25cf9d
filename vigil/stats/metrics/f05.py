"""F0.5 of the positive class: 1.25·TP/(1.25·TP + 0.25·FN + FP), where a false alarm costs more."""

from __future__ import annotations

from vigil.stats.metrics._rates import FBeta


class F05(FBeta):
    """See ``FBeta``."""

    name = "f05"
    title = "F0.5"
    beta = 0.5


METRIC = F05()
