"""A long history in few points, none of which is made up, and none of which hides a fall."""

from __future__ import annotations

import math
from collections.abc import Sequence

#: From best to worst, so that the worst of a stretch is kept.
_GRAVITY = {"steady": 0, "insufficient data": 1, "watch": 2, "degraded": 3}


def thinned(values: Sequence[float], verdicts: Sequence[str], most: int) -> list[int]:
    """Return which of a history's batches to draw, at most ``most`` (6 or more), in order.

    Of each stretch the lowest and the highest value and the gravest verdict stay; so do both ends.
    """
    if len(values) <= most:
        return list(range(len(values)))
    size = math.ceil(len(values) / ((most - 2) // 3))
    kept = {0, len(values) - 1}
    for start in range(0, len(values), size):
        stretch = range(start, min(start + size, len(values)))
        kept.add(min(stretch, key=values.__getitem__))
        kept.add(max(stretch, key=values.__getitem__))
        kept.add(max(stretch, key=lambda at: _GRAVITY.get(verdicts[at], 0)))
    return sorted(kept)
