"""Strings are cut off at some length: levels that are the beginning of known ones, texts of one length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.faults import levels, mending, wording
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case
    from vigil.records import Column

TITLE = "truncated strings"
RETRAIN = True
COLUMNS = ("category", "text")
EXPLAINS = {"merged_levels", "renamed_levels"}
#: Texts cut off: the smallest share on the length.
LEAST_SHARE, LEAST_ROWS = 0.02, 8


def look_at(case: Case, column: Column) -> Iterator[Finding]:
    """Look at the levels of a category, or at the lengths of texts."""
    finding = (_levels if column.kind == "category" else _lengths)(case, column.name)
    if finding is not None:
        yield finding


def _levels(case: Case, name: str) -> Finding | None:
    """Look for new levels that are the beginning of known ones."""
    found = levels.moved(case, name)
    mapped = levels.cut_off(case, found, name) if found else {}
    spelt = levels.same_but_for_case(case, found, name) if found else {}
    mapped = {new: old for new, old in mapped.items() if new not in spelt}
    if found is None or not mapped or _is_usual(case, found, name, len(mapped)):
        return None
    rows = sum(found.new[level] for level in mapped)
    # White space at the cut is trimmed, so that a cut level may be one letter shorter.
    lengths = {len(level) for level in mapped}
    one_length = max(lengths) - min(lengths) <= 1
    known = case.known_levels(name)
    is_only = all(sum(old.startswith(new) for old in known) == 1 for new in mapped)
    pairs = levels.pairs(mapped)
    return Finding(
        confidence=(1 - 0.5**rows) * (1.0 if one_length else 0.7),
        rows=rows,
        what=(
            f"Levels of {name} are cut off after {max(lengths)} characters in "
            f"{wording.of(rows, case.count)}: {wording.listed(pairs)}."
        ),
        act=f"Map them back: {wording.listed(pairs)}; widen the field in the source."
        if is_only
        else "Quarantine this batch: what was cut off cannot be told. Widen the field in the source.",
        evidence={"levels": mapped, "length": max(lengths), "share": rows / case.count},
        repair={"column": name, "levels": mapped} if is_only else None,
    )


def _is_usual(case: Case, found: levels.Moved, name: str, mapped: int) -> bool:
    """Say whether so many new levels begin known ones by chance, as numbered ones do: x12 and x128.

    It is told by the known levels among each other, and by the new ones; what is cut off begins none there.
    """
    parts = (case.known_levels(name), found.new)
    nested = sum(map(levels.nested, parts))
    usual = 2 * (nested + 3) / sum(map(len, parts))
    return nested > 0 and mapped <= min(usual, 0.9) * len(found.new)


def _lengths(case: Case, name: str) -> Finding | None:
    """Look for a heap of texts at the largest length, where longer ones used to come."""
    now = _sizes(case.texts(name))
    before = [_sizes(part) for part in case.past_texts(name)]
    before = [part for part in before if len(part)]
    if len(now) < 30 or not before:
        return None
    limit = int(now.max())
    heap = int((now == limit).sum())
    beyond = min(float((part > limit).mean()) for part in before)
    usual = max(float((part == part.max()).mean()) for part in before)
    if heap < max(LEAST_ROWS, LEAST_SHARE * len(now)) or beyond < 0.01 or heap / len(now) < 2 * usual:
        return None
    return Finding(
        confidence=1 - float(np.exp(-heap * beyond)) * 0.5,
        rows=heap,
        what=(
            f"{name} is cut off after {limit} characters: {wording.rows(heap)} have exactly this length and "
            f"none is longer, where {wording.share(beyond)} or more were."
        ),
        act=f"Quarantine this batch, widen {name} in the source, and have the file sent again.",
        evidence={"length": limit, "share": heap / len(now), "share_longer_before": beyond},
    )


def _sizes(cells: Any) -> Any:
    """Return the lengths of the texts that are there."""
    return np.array([len(cell) for cell in cells if cell is not None], dtype=np.int64)


def mend(rows: pa.Table, repair: Mapping[str, Any]) -> pa.Table:
    """Give the levels their whole names."""
    return mending.with_levels(rows, repair["column"], repair["levels"])
