"""Cells are missing far more often than in any earlier batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from vigil.faults import wording
from vigil.faults.finding import Finding
from vigil.faults.mending import unchanged as mend

if TYPE_CHECKING:
    from vigil.faults.case import Case

__all__ = ["EXPLAINS", "NAME", "THRESHOLD", "TITLE", "WITNESSES", "look", "mend"]

NAME = "null_spike"
TITLE = "missing values"
#: Five points of the share more than ever before, and eight standard errors.
THRESHOLD = 0.8
EXPLAINS: frozenset[str] = frozenset(
    {"clipped", "merged_levels", "precision_loss", "renamed_levels", "swapped_columns", "unit_change"}
)
WITNESSES = False
#: The smallest rise of the share: less is drift, which is told elsewhere.
LEAST_RISE = 0.04


def look(case: Case) -> Iterator[Finding]:
    """Compare the share of missing cells with the largest of earlier batches, from profiles alone."""
    for column in case.columns("number", "category", "date", "text"):
        now = case.profile.column(column.name)
        before = [p.column(column.name) for p in case.before if p.rows]
        if now is None or column.role == "target" or not before or not now.rows:
            continue
        share = now.missing / now.rows
        usual = max(1.0 if one is None else one.missing / one.rows for one in before)
        if share - usual < LEAST_RISE:
            continue
        error = np.sqrt(max(usual * (1 - usual), 1 / now.rows) / now.rows)
        z = float((share - usual) / error)
        yield Finding(
            fault=NAME,
            columns=(column.name,),
            confidence=1 - float(np.exp(-z / 5)),
            rows=now.missing,
            what=(
                f"{column.name} is missing in {wording.rows(now.missing)} ({wording.share(share)}); "
                f"at most {wording.share(usual)} were before."
            ),
            act=f"Quarantine this batch, and have the source fill {column.name} and send the file again.",
            evidence={"share": share, "largest_share_before": usual, "standard_errors": z},
        )
