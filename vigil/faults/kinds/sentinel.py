"""A stand-in for "no value", as −999, creeps in: one value, outside of all that was seen, again and again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.faults import mending, wording
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case

NAME = "sentinel"
TITLE = "a stand-in value"
#: Five equal values beyond everything seen before, or fewer of one that is written for "no value".
THRESHOLD = 0.8
EXPLAINS: frozenset[str] = frozenset(
    {"clipped", "precision_loss", "shifted_columns", "swapped_columns", "unit_change"}
)
WITNESSES = False
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
LEAST_SHARE, LEAST_ROWS = 0.01, 4


def look(case: Case) -> Iterator[Finding]:
    """Look for a frequent value outside of the range of the earlier rows."""
    if not case.past:
        return
    for column in case.columns("number", "date"):
        past = np.concatenate(case.past_numbers(column.name))
        past, values = past[np.isfinite(past)], case.numbers(column.name)
        known = values[np.isfinite(values)]
        if not len(past) or not len(known):
            continue
        levels, counts = np.unique(known, return_counts=True)
        outside = (levels < past.min()) | (levels > past.max())
        if not outside.any():
            continue
        place = int(np.argmax(np.where(outside, counts, 0)))
        finding = _finding(
            case, column.name, float(levels[place]), int(counts[place]), past, int(counts[outside].sum())
        )
        if finding is not None:
            yield finding


def _finding(case: Case, name: str, value: float, count: int, past: Any, outside: int) -> Finding | None:
    """Judge one value: how often it comes, how far out it is, and whether others come beside it."""
    spread = float(past.max() - past.min()) or max(abs(float(past.max())), 1.0)
    gap = max(past.min() - value, value - past.max()) / spread
    usual = value in USUAL or gap > 3
    if count < max(LEAST_ROWS, LEAST_SHARE * case.count) and not (usual and count >= 3):
        return None
    if count > 0.9 * case.count or _is_elsewhere(case, name, value):
        return None
    alone = count / (count + 0.3 * (outside - count))
    confidence = (1 - 0.5**count) * alone * min(1.0, 0.6 + gap + 0.4 * usual)
    kind = next(column.kind for column in case.contract.columns if column.name == name)
    said = wording.date(value) if kind == "date" else wording.figure(value)
    return Finding(
        fault=NAME,
        columns=(name,),
        confidence=confidence,
        rows=count,
        what=(
            f"{name} is {said} in {wording.rows(count)} ({wording.share(count / case.count)}), a value that "
            f"never came before: it probably stands for “no value”."
        ),
        act=f"Read {said} as missing in {name}, and have the source leave such cells empty.",
        evidence={
            "value": value,
            "share": count / case.count,
            "minimum_before": float(past.min()),
            "maximum_before": float(past.max()),
        },
        repair=None if kind == "date" else {"column": name, "value": value},
    )


def _is_elsewhere(case: Case, name: str, value: float) -> bool:
    """Say whether the value is at home in another column: then cells have changed places."""
    others = [column.name for column in case.columns("number") if column.name != name]
    return any(value in part for other in others for part in case.past_numbers(other))


def mend(rows: pa.Table, repair: Mapping[str, Any]) -> pa.Table:
    """Make the cells with the value missing."""
    values = mending.numbers_of(rows, repair["column"])
    values[values == repair["value"]] = np.nan
    return mending.with_numbers(rows, repair["column"], values)
