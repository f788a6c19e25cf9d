"""A long history in few points, none of which is made up, and none of which hides a fall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

#: From best to worst, so that the worst of a stretch is kept.
_GRAVITY = {"steady": 0, "insufficient data": 1, "watch": 2, "degraded": 3}


def thinned(rows: Sequence[dict[str, Any]], most: int) -> list[int]:
    """Return which rows to draw, at most ``most`` (6 or more), in order.

    Of each stretch the lowest and the highest score and the gravest verdict stay; so do both ends.
    """
    if len(rows) <= most:
        return list(range(len(rows)))
    size = math.ceil(len(rows) / ((most - 2) // 3))
    kept = {0, len(rows) - 1}
    for start in range(0, len(rows), size):
        stretch = range(start, min(start + size, len(rows)))
        kept.add(min(stretch, key=lambda at: rows[at]["value"]))
        kept.add(max(stretch, key=lambda at: rows[at]["value"]))
        kept.add(max(stretch, key=lambda at: _GRAVITY.get(rows[at]["verdict"], 0)))
    return sorted(kept)
