"""Rows that came before come again: the same feed twice, in whole or in part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from vigil.faults import wording
from vigil.faults.finding import Finding
from vigil.faults.mending import unchanged as mend
from vigil.table import hashing

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case

__all__ = ["EXPLAINS", "NAME", "THRESHOLD", "TITLE", "WITNESSES", "look", "mend"]

NAME = "duplicated"
TITLE = "a duplicated feed"
#: Four points of the share more than ever before, and eight standard errors.
THRESHOLD = 0.8
EXPLAINS: frozenset[str] = frozenset({"partial_file"})
WITNESSES = False
LEAST_RISE = 0.04


def look(case: Case) -> Iterator[Finding]:
    """Count rows that were dropped as known, and rows that repeat all features of an earlier one."""
    if not case.files:
        return
    usual = max(dropped / max(rows + dropped, 1) for rows, dropped in case.files)
    total = case.count + case.dropped
    repeated, usual_repeats = _repeats(case)
    again = case.dropped + repeated
    usual = max(usual, usual_repeats)
    if not total or again / total - usual < LEAST_RISE:
        return
    error = np.sqrt(max(usual * (1 - usual), 1 / total) / total)
    z = float((again / total - usual) / error)
    yield Finding(
        fault=NAME,
        columns=(),
        confidence=1 - float(np.exp(-z / 5)),
        rows=repeated,
        what=(
            f"{wording.rows(again)} of the {total:,} in the file ({wording.share(again / total)}) came "
            f"before with the same values, {case.dropped:,} of them in every column (these were dropped); "
            f"at most {wording.share(usual)} did before."
        ),
        act="Quarantine this batch, and ask the source whether it sent an old file again.",
        evidence={
            "dropped": case.dropped,
            "repeated": repeated,
            "share": again / total,
            "largest_before": usual,
        },
    )


def _repeats(case: Case) -> tuple[int, float]:
    """Return the batch's rows with the features of another row, and the largest such share before."""
    names = [column.name for column in case.contract.features]
    if not names or not case.past:
        return 0, 0.0
    parts = [_hashes(rows, names) for rows in case.past]
    seen, usual = parts[0], _within(parts[0]) / max(len(parts[0]), 1)
    for part in parts[1:]:
        usual = max(usual, _known(part, seen) / max(len(part), 1))
        seen = np.union1d(seen, part)
    return _known(_hashes(case.rows, names), seen), usual


def _hashes(rows: pa.Table, names: list[str]) -> np.ndarray:
    """Return one word for each row's features."""
    known = [name for name in names if name in rows.column_names]
    return hashing.row_hashes(rows, known)[:, 0]


def _known(part: np.ndarray, seen: np.ndarray) -> int:
    """Count rows that were seen, or that repeat another of the same part."""
    fresh = part[~np.isin(part, seen)]
    return len(part) - len(np.unique(fresh))


def _within(part: np.ndarray) -> int:
    """Count rows that repeat another of the same part."""
    return len(part) - len(np.unique(part))
