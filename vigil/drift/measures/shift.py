"""Van der Waerden's test of location: whether values lie higher, or lower, than they did.

The mean of the rows' normal scores: the normal quantiles of their ranks among all rows. Of all rank tests
it loses nothing to the t-test on normal values, and never falls behind it on others (Chernoff, Savage
1958, doi 10.1214/aoms/1177706436), while outliers and heavy tails do not move its p-value. Where KS asks how
far two distribution functions are apart at one value, this adds up a small move of all of them. Source:
van der Waerden (1952), Indagationes Mathematicae 14.
"""

from __future__ import annotations

import math

from vigil.drift import cells, ranks
from vigil.drift.measures import Measured
from vigil.profiles import ColumnProfile
from vigil.records import Kind

NAME = "shift"
KINDS: tuple[Kind, ...] = ("number",)
#: A normal mean moved by a quarter of its standard deviation, as for KS.
FLOOR = 0.25
DECIDES = True


def measure(reference: ColumnProfile, current: ColumnProfile) -> Measured | None:
    """Return the standardised statistic and its two-sided p; the effect is the distance of the mean scores.

    For normal values it is the distance of the means in standard deviations.
    """
    found = cells.of_values(reference, current)
    if not found.both:
        return None
    score = ranks.normal_scores(found)
    ours, theirs = found.shares()
    effect = abs(float(theirs @ score) - float(ours @ score))
    ranked = ranks.tested(found, score)
    z, p_value = (0.0, None) if ranked is None else (ranked.z, ranked.p_value)
    return Measured(z, p_value, effect, found.n_ref, found.n_cur)


def detectable(reference: ColumnProfile, current: ColumnProfile, alpha: float) -> float | None:
    """Return the smallest distance found with 80 % power."""
    from scipy.special import ndtri

    n, m = cells.counts(reference, current)
    if not n or not m:
        return None
    return min(1.0, float((0.84 - ndtri(alpha / 2)) * math.sqrt(1 / n + 1 / m)))
