"""Levels come in another case, or with other white space inside: "month to month" for "Month To Month"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from vigil.faults import levels, mending, wording
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case
    from vigil.records import Column

TITLE = "another spelling"
RETRAIN = True
COLUMNS = ("category",)
EXPLAINS = {"merged_levels", "renamed_levels", "truncated"}


def look_at(case: Case, column: Column) -> Iterator[Finding]:
    """Look for new levels that are known ones but for their spelling; three rows are no accident."""
    found = levels.moved(case, column.name)
    mapped = levels.same_but_for_case(case, found, column.name) if found else {}
    if found is None or not mapped:
        return
    rows = sum(found.new[level] for level in mapped)
    pairs = levels.pairs(mapped)
    yield Finding(
        confidence=1 - 0.5**rows,
        rows=rows,
        what=(
            f"Levels of {column.name} are spelt otherwise in {wording.of(rows, case.count)}: "
            f"{wording.listed(pairs)}."
        ),
        act=f"Map them back: {wording.listed(pairs)}.",
        evidence={"levels": mapped, "share": rows / case.count},
        repair={"column": column.name, "levels": mapped},
    )


def mend(rows: pa.Table, repair: Mapping[str, Any]) -> pa.Table:
    """Give the levels their known spelling."""
    return mending.with_levels(rows, repair["column"], repair["levels"])
