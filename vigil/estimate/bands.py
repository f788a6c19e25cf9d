"""How far an estimate may be off, from how far past ones were."""

from __future__ import annotations

import math
from collections.abc import Sequence

#: Coverage of a band, and the past estimates without which none of that coverage can be claimed.
COVERAGE, FEWEST = 0.95, 19


def half_width(misses: Sequence[float]) -> float | None:
    """Return the half-width of a band around the next estimate, None with fewer than 19 past misses.

    ``misses`` are estimated less realised scores. When past and next misses are exchangeable the band
    covers with 95 % or more, whatever their distribution: it is the ⌈0.95·(n + 1)⌉-th smallest of their
    sizes (split conformal prediction; Lei et al. 2018, doi:10.1080/01621459.2017.1307116).
    """
    if len(misses) < FEWEST:
        return None
    rank = math.ceil(COVERAGE * (len(misses) + 1))
    return sorted(abs(miss) for miss in misses)[rank - 1]
