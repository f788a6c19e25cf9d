"""Whether rows changed in how their columns go together, which no column alone would show.

Asked for by hand, for it reads rows. What looks at the batch as a whole (`drift.names("batch")`) is judged
beside the columns, by the same rule.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from vigil import drift, figures, profiles
from vigil.drift import ColumnDrift
from vigil.records import Column
from vigil.trials import arrays


def compare(before: pa.Table, now: pa.Table, features: Sequence[Column]) -> list[ColumnDrift]:
    """Return what was found in all columns together, judged beside each single one.

    The batch's numbers are cut where those of before have their quartiles. What finds no rows enough, or
    nothing to look at, is left out.
    """
    reference = profiles.profile(before, features, {})
    current = profiles.profile(now, features, dict(reference.pairs.cuts))
    rows = arrays.features(before, features), arrays.features(now, features)
    judged = drift.judge(reference, current, whole=drift.names("batch"), rows=rows)
    return [one for one in judged if one.column.startswith(drift.TOGETHER)]


def told(found: Sequence[ColumnDrift]) -> list[str]:
    """Return what was found in lines for people."""
    if not found:
        return ["too little data to compare rows"]
    return [f"{one.words}; p {figures.chance(one.p_value)}: {_end(one)}" for one in found]


def _end(one: ColumnDrift) -> str:
    return "they differ" if one.verdict == "drift" else "no difference that matters"
