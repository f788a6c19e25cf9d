"""A stand-in for "no value", as −999, creeps in: one value, outside of all that was seen, again and again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.faults import mending, wording
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case, Floats
    from vigil.records import Column

TITLE = "a stand-in value"
COLUMNS = ("number", "date")
EXPLAINS = {"clipped", "precision_loss", "shifted_columns", "swapped_columns", "unit_change"}
#: Values that programs write for "no value".
USUAL = {
    -1.0,
    -9.0,
    -99.0,
    -999.0,
    -9999.0,
    -99999.0,
    99.0,
    999.0,
    9999.0,
    99999.0,
    999999.0,
    -32768.0,
    65535.0,
}
#: Equal values that are needed; of one that is usual for "no value", or far out, two.
LEAST_SHARE, LEAST_ROWS, LEAST_USUAL = 0.01, 4, 2


def look_at(case: Case, column: Column) -> Iterator[Finding]:
    """Look for a frequent value outside of the range of the earlier rows."""
    known = case.known_numbers(column)
    past = np.concatenate(case.past_known_numbers(column))
    if not len(past) or not len(known):
        return
    outside = known[(known < past.min()) | (known > past.max())]
    if not len(outside):
        return
    values, counts = np.unique(outside, return_counts=True)
    place = int(np.argmax(counts))
    value, count = float(values[place]), int(counts[place])
    confidence = _judged(case, value, count, len(outside), past)
    if not confidence or _is_elsewhere(case, column, value):
        return
    said = wording.date(value) if column.kind == "date" else wording.figure(value)
    yield Finding(
        confidence=confidence,
        rows=count,
        what=(
            f"{column.name} is {said} in {wording.of(count, case.count)}, a value that never came before: "
            f"it probably stands for “no value”."
        ),
        act=f"Read {said} as missing in {column.name}, and have the source leave such cells empty.",
        evidence={
            "value": value,
            "share": count / case.count,
            "minimum_before": float(past.min()),
            "maximum_before": float(past.max()),
        },
        repair=None if column.kind == "date" else {"column": column.name, "value": value},
    )


def _judged(case: Case, value: float, count: int, outside: int, past: Floats) -> float:
    """Judge one value: how often it comes, how far out it is, and whether others come beside it."""
    spread = float(past.max() - past.min()) or max(abs(float(past.max())), 1.0)
    gap = max(float(past.min()) - value, value - float(past.max())) / spread
    signs = (value in USUAL) + (gap > 3)
    usual = signs > 0
    least = LEAST_USUAL if usual else max(LEAST_ROWS, LEAST_SHARE * case.count)
    if not least <= count <= 0.9 * case.count:
        return 0.0
    alone = count / (count + 0.3 * (outside - count))
    # Two outliers that are equal to the last digit are hardly two accidents, far out or of a usual value;
    # still less when they are both.
    return float(1 - (0.5, 0.35, 0.2)[signs] ** count) * alone * min(1.0, 0.6 + gap + 0.4 * usual)


def _is_elsewhere(case: Case, column: Column, value: float) -> bool:
    """Say whether the value is at home in another column: then cells have changed places."""
    others = [other for other in case.columns("number") if other.name != column.name]
    return any(value in part for other in others for part in case.past_cells(other))


def mend(rows: pa.Table, repair: Mapping[str, Any]) -> pa.Table:
    """Make the cells with the value missing."""
    values = mending.numbers_of(rows, repair["column"])
    values[values == repair["value"]] = np.nan
    return mending.with_numbers(rows, repair["column"], values)
