"""Cells are missing far more often than in any earlier batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vigil.faults import surprise, wording
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    from vigil.faults.case import Case
    from vigil.records import Column

TITLE = "missing values"
RETRAIN = True
EXPLAINS = {"clipped", "merged_levels", "precision_loss", "renamed_levels", "swapped_columns", "unit_change"}
COLUMNS = ("number", "category", "date", "text")
OF_TARGET = False
#: The smallest rise of the share: less is drift, which is told elsewhere.
LEAST_RISE = 0.04


def look_at(case: Case, column: Column) -> Iterator[Finding]:
    """Compare the missing cells with those of earlier batches, from profiles alone."""
    now = case.profile.column(column.name)
    before = [
        (found.missing if found else p.rows, p.rows)
        for p in case.before
        if p.rows
        for found in [p.column(column.name)]
    ]
    if now is None or not before or not now.rows:
        return
    share, usual = now.missing / now.rows, max(missing / rows for missing, rows in before)
    if share - usual < LEAST_RISE:
        return
    nats = surprise.count(now.missing, now.rows, before)
    yield Finding(
        confidence=surprise.sure(nats, case.asked),
        rows=now.missing,
        what=(
            f"{column.name} is missing in {wording.of(now.missing, now.rows)}; "
            f"at most {wording.share(usual)} were before."
        ),
        act=f"Quarantine this batch, and have the source fill {column.name} and send the file again.",
        evidence={"share": share, "largest_share_before": usual, "nats": nats},
    )
