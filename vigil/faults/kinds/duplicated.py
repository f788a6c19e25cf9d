"""Rows that came before come again: the same feed twice, in whole or in part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from vigil.faults import surprise, wording
from vigil.faults.finding import Finding
from vigil.table import hashing

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case

TITLE = "a duplicated feed"
EXPLAINS = {"partial_file"}
LONELY = True
#: The share must rise by this much above the largest one before.
LEAST_RISE = 0.04
#: From this share of rows with a twin on, rows recur by themselves, and the more the longer the past is.
RECURRING = 0.25


def look(case: Case) -> Iterator[Finding]:
    """Count rows that were dropped as known, and rows that repeat all features of an earlier one."""
    if not case.files:
        return
    repeated, repeats, recurring = _repeats(case)
    total, again = case.count + case.dropped, case.dropped + repeated
    before = _before(case, repeats)
    if recurring >= RECURRING:
        before.append((round(recurring * total), total))
    usual = max(hits / max(rows, 1) for hits, rows in before)
    if not total or again / total - usual < LEAST_RISE:
        return
    nats = surprise.count(again, total, before)
    also = f", {case.dropped:,} of them in every column (these were dropped)" if case.dropped else ""
    yield Finding(
        confidence=surprise.sure(nats),
        rows=repeated,
        what=(
            f"{wording.rows(again)} of the {total:,} in the file ({wording.share(again / total)}) came "
            f"before with the same values{also}; at most {wording.share(usual)} did before."
        ),
        act="Quarantine this batch, and ask the source whether it sent an old file again.",
        evidence={
            "dropped": case.dropped,
            "repeated": repeated,
            "share": again / total,
            "largest_before": usual,
            "nats": nats,
        },
    )


def _before(case: Case, repeats: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what came again of each earlier file, and its rows: dropped or kept, as it is counted now.

    Of files whose rows are not at hand only what was dropped is known; they count where no others do.
    """
    dropped = [(part, rows + part) for rows, part in case.files]
    if not repeats:
        return dropped
    newest = dropped[-len(repeats) :]
    pairs = zip(newest, repeats[-len(newest) :], strict=True)
    return [(part + hits, rows) for (part, rows), (hits, _) in pairs]


def _repeats(case: Case) -> tuple[int, list[tuple[int, int]], float]:
    """Return the batch's rows with the features of another row, such rows of each earlier batch, and a share.

    It is that of the batch's rows that would have a twin by now if rows came as they did before.
    """
    names = [column.name for column in case.contract.features]
    if not names or not case.past:
        return 0, [], 0.0
    parts = [*case.past, case.rows]
    words, sizes = _hashes(parts, names), [part.num_rows for part in parts]
    # A row repeats another where it is not the first of its kind, counted from the oldest batch.
    firsts = np.unique(words, return_index=True)[1]
    fresh = np.diff(np.searchsorted(np.sort(firsts), np.cumsum([0, *sizes])))
    *before, (ours, _) = [(size - int(new), size) for size, new in zip(sizes, fresh, strict=True)]
    return ours, before, _recurring(words, len(words) - case.count)


def _recurring(words: np.ndarray, past: int) -> float:
    """Return the share of rows with a twin among all, by how many have one among the earlier ones.

    A row of draws from many kinds is alone with a probability that falls exponentially with their number.
    """
    counts = np.unique(words[:past], return_counts=True)[1]
    alone = float((counts == 1).sum()) / max(past, 1)
    return 1.0 - alone ** (len(words) / max(past, 1)) if past else 0.0


def _hashes(parts: Sequence[pa.Table], names: list[str]) -> np.ndarray:
    """Return one word for each row's features, of all tables in turn."""
    import pyarrow as pa

    known = [name for name in names if all(name in part.column_names for part in parts)]
    whole = pa.concat_tables([part.select(known) for part in parts], promote_options="permissive")
    words: np.ndarray = hashing.row_hashes(whole.combine_chunks(), known)[:, 0]
    return words
