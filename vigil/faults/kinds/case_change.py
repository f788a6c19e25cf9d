"""Levels come in another case, or with other white space inside: "month to month" for "Month To Month"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from vigil.faults import levels, mending, wording
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case

NAME = "case_change"
TITLE = "another spelling"
#: Three rows: a new level that is a known one but for case and spaces is no accident.
THRESHOLD = 0.8
EXPLAINS: frozenset[str] = frozenset({"merged_levels", "renamed_levels", "truncated"})
WITNESSES = False


def look(case: Case) -> Iterator[Finding]:
    """Look for new levels that are known ones but for their spelling."""
    for column in case.columns("category"):
        found = levels.moved(case, column.name)
        if found is None:
            continue
        mapped = levels.same_but_for_case(case, found, column.name)
        rows = sum(found.new[level] for level in mapped)
        if not rows:
            continue
        pairs = [f"{wording.quoted(new)} for {wording.quoted(old)}" for new, old in sorted(mapped.items())]
        yield Finding(
            fault=NAME,
            columns=(column.name,),
            confidence=1 - 0.5**rows,
            rows=rows,
            what=(
                f"Levels of {column.name} are spelt otherwise in {wording.rows(rows)} "
                f"({wording.share(rows / case.count)}): {wording.listed(pairs)}."
            ),
            act=f"Map them back: {wording.listed(pairs)}.",
            evidence={"levels": mapped, "share": rows / case.count},
            repair={"column": column.name, "levels": mapped},
        )


def mend(rows: pa.Table, repair: Mapping[str, Any]) -> pa.Table:
    """Give the levels their known spelling."""
    return mending.with_levels(rows, repair["column"], repair["levels"])
