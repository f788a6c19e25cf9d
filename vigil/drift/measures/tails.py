"""Whether more rows lie far out than did: Fisher's exact test of the outermost values, on either side.

The cuts leave one row in forty of both samples together beyond them, above and below, or as near to it as
ties allow. Seen together, the rows do not tell the sides apart, so that the batch's share of those beyond a
cut is hypergeometric when nothing has changed. Both sides share the p-value by Bonferroni's rule. Where
KS and `spread` look at the middle, this sees a heavier or lighter tail. Source: Fisher (1935).
"""

from __future__ import annotations

import numpy as np

from vigil.drift import cells
from vigil.drift.measures import Measured, missing_share
from vigil.profiles import ColumnProfile
from vigil.records import Kind

NAME = "tails"
KINDS: tuple[Kind, ...] = ("number",)
#: Two rows in a hundred more, or fewer, lie far out.
FLOOR = 0.02
DECIDES = True

#: The share of all rows beyond a cut, and the most that ties may make of it: one value in many is no tail.
_BEYOND, _MOST = 0.025, 0.1


def measure(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Return the batch's share beyond the cut where it changed most, that change as effect, and p."""
    found = cells.of_values(reference, current)
    if not found.both:
        return None
    n, m = found.n_ref, found.n_cur
    sides = [_beyond(found, downwards=downwards) for downwards in (False, True)]
    changes = [abs(theirs / m - ours / n) for ours, theirs in sides]
    _, theirs = sides[int(np.argmax(changes))]
    p_values = [missing_share.exact_p(*side, n, m) for side in sides if 0 < sum(side) < n + m]
    p_value = min(1.0, len(p_values) * min(p_values)) if p_values else None
    return Measured(theirs / m, p_value, max(changes), n, m)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:
    """Return the smallest change of the share beyond a cut found with 80 % power."""
    from scipy.special import ndtri

    n, m = cells.counts(reference, current)
    if not n or not m:
        return None
    spread = np.sqrt(_BEYOND * (1 - _BEYOND) * (1 / n + 1 / m))
    return min(1.0, float((0.84 - ndtri(alpha / 4)) * spread))


def _beyond(found: cells.Cells, *, downwards: bool) -> tuple[int, int]:
    """Return the rows of either side in the outermost buckets that hold the share of all rows, or nearly."""
    order = slice(None) if downwards else slice(None, None, -1)
    both = (found.reference + found.current)[order]
    count = int(np.searchsorted(np.cumsum(both), _BEYOND * both.sum(), side="right"))
    kept = max(count, 1)
    if int(both[:kept].sum()) > _MOST * both.sum():
        return 0, 0
    return int(found.reference[order][:kept].sum()), int(found.current[order][:kept].sum())
