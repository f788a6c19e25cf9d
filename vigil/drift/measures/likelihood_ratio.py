"""The G test, or likelihood ratio test, of a table of levels by sides.

Rare levels are pooled as for χ², to which G is close; it weighs a level that vanishes more. With few
rows in many cells G is too large by chance; p allows for it by Williams' factor.
Sources: Wilks (1938), doi 10.1214/aoms/1177732360; Williams (1976), doi 10.1093/biomet/63.1.33.
"""

from __future__ import annotations

import numpy as np

from vigil.drift import cells
from vigil.drift.measures import Measured, chi_squared
from vigil.profiles import ColumnProfile
from vigil.records import Kind

NAME = "likelihood_ratio"
KINDS: tuple[Kind, ...] = ("category",)
#: A tenth of the rows have another level, as for χ².
FLOOR = 0.1
DECIDES = True


def measure(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Return G with k − 1 degrees of freedom; the effect is the share of rows that moved."""
    from scipy.special import chdtrc, rel_entr

    found = cells.of_levels(reference, current)
    if not found.both:
        return None
    table = cells.pooled(found)
    ours, theirs = table.shares()
    n, m = table.n_ref, table.n_cur
    share = (table.reference + table.current) / (n + m)
    statistic = max(0.0, 2 * float(n * rel_entr(ours, share).sum() + m * rel_entr(theirs, share).sum()))
    p_value = float(chdtrc(len(share) - 1, statistic / _factor(share, n, m))) if len(share) > 1 else None
    return Measured(statistic, p_value, float(np.abs(ours - theirs).sum() / 2), n, m)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:
    """Return the smallest share of moved rows found with 80 % power: that of χ², its near equal."""
    return chi_squared.detectable(reference, current, alpha)


def _factor(share: cells.Floats, n: int, m: int) -> float:
    """Return by how much G exceeds χ² in the mean, for these margins."""
    rows = n + m
    return 1 + (rows / n + rows / m - 1) * (float(np.sum(1 / share)) - 1) / (6 * rows * (len(share) - 1))
