"""Whether the groups of a sensitive column get the positive answer alike, the truly positive ones too.

Demographic parity compares the shares of positive answers, equal opportunity those among the truly
positive (Hardt, Price, Srebro 2016, arXiv 1610.02413), disparate impact is the ratio of the lowest share of
positive answers to the highest: below 0.8 it fails the "four-fifths rule" of the US selection guidelines.
These are descriptions with exact intervals, not judgements: which of them ought to be equal is a question
about the use, and they cannot all be (Chouldechova 2017, arXiv 1610.07524).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vigil.slices.groups import MISSING, OTHERS
from vigil.stats.intervals import share_lower, share_upper
from vigil.stats.metrics import Tally

#: Rows, and truly positive rows, below which a group's share is not compared.
LEAST = 30


def fairness(tallies: Mapping[str, Tally], order: Sequence[str]) -> dict[str, Any] | None:
    """Return the measures over groups of a binary task; None for another task or fewer than two groups.

    Each group has ``rows``, the share ``positive`` of positive answers and the share ``found`` of truly
    positive rows that got one, both with exact 95 % limits, None on too few rows. ``parity`` and
    ``opportunity`` are the largest differences of either, ``impact`` is the lowest share over the highest.
    """
    named = [name for name in order if name in tallies and name not in (MISSING, OTHERS)]
    tables = {name: np.array(tallies[name].get("confusion", [])) for name in named}
    if len(named) < 2 or any(table.shape != (2, 2) for table in tables.values()):
        return None
    groups = [_group(name, table) for name, table in tables.items()]
    chosen = [group["positive"] for group in groups if group["positive"] is not None]
    found = [group["found"] for group in groups if group["found"] is not None]
    return {
        "groups": groups,
        "parity": max(chosen) - min(chosen) if len(chosen) > 1 else None,
        "opportunity": max(found) - min(found) if len(found) > 1 else None,
        "impact": min(chosen) / max(chosen) if len(chosen) > 1 and max(chosen) > 0 else None,
    }


def _group(name: str, table: np.ndarray) -> dict[str, Any]:
    """Return one group's shares with their limits; rows of the table are the truth."""
    positive = _share(int(table[:, 1].sum()), int(table[:, 0].sum()))
    found = _share(int(table[1, 1]), int(table[1, 0]))
    return {
        "group": name,
        "rows": int(table.sum()),
        **dict(zip(("positive", "positive_low", "positive_high"), positive, strict=True)),
        **dict(zip(("found", "found_low", "found_high"), found, strict=True)),
    }


def _share(hits: int, misses: int) -> tuple[float | None, float | None, float | None]:
    """Return a share and its exact 95 % limits, None on too few rows."""
    if hits + misses < LEAST:
        return None, None, None
    low, high = share_lower(hits, misses, 0.025), share_upper(hits, misses, 0.025)
    return hits / (hits + misses), float(low), float(high)
