"""Pearson's χ² test of a table of levels by sides.

Rare levels are pooled until every cell is expected to hold five rows in either sample, in an order that
does not tell the sides apart. Levels that the reference lacks are pooled like any rare level here: set
apart, they would count as a change even when nothing has changed, for a reference never has every
rare level. They have a test of their own, ``unseen_levels``.
"""

from __future__ import annotations

import math

import numpy as np

from vigil.drift import cells
from vigil.drift.measures import Measured
from vigil.profiles import ColumnProfile
from vigil.records import Kind

NAME = "chi_squared"
KINDS: tuple[Kind, ...] = ("category",)
#: A tenth of the rows have another level.
FLOOR = 0.1
DECIDES = True


def measure(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Return χ² with k − 1 degrees of freedom; the effect is the share of rows that moved.

    That share is the total variation distance, half the sum of the changes of all cells' shares. Unlike
    Cramér's V it does not depend on how the rows are divided between the samples.
    """
    table = _table(reference, current)
    if table is None:
        return None
    ours, theirs = table.shares()
    n, m = table.n_ref, table.n_cur
    share = (table.reference + table.current) / (n + m)
    statistic = float(n * m / (n + m) * np.sum((ours - theirs) ** 2 / share))
    effect = float(np.abs(ours - theirs).sum() / 2)
    return Measured(statistic, _p_value(statistic, len(share) - 1), effect, n, m)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:
    """Return the smallest share of moved rows found with 80 % power, when all levels take part."""
    from scipy.special import chdtri, chndtrinc

    table = _table(reference, current)
    if table is None or len(table.reference) < 2:
        return None
    degrees = len(table.reference) - 1
    noncentral = float(chndtrinc(chdtri(degrees, alpha), degrees, 0.2))
    # √(noncentrality·(1/n + 1/m)) is Cohen's w; the share of moved rows is at most half of it.
    return min(1.0, math.sqrt(noncentral * (1 / table.n_ref + 1 / table.n_cur)) / 2)


def _table(reference: ColumnProfile, current: ColumnProfile) -> cells.Cells | None:
    """Return the table with rare levels pooled, or None when a side is empty."""
    found = cells.of_levels(reference, current)
    return cells.pooled(found) if found.both else None


def _p_value(statistic: float, degrees: int) -> float | None:
    """Return P(χ² ≥ statistic), or None for a table of one level."""
    from scipy.special import chdtrc

    return float(chdtrc(degrees, statistic)) if degrees else None
