"""The cells of neighbouring columns have moved on by one, as after a lost or an added separator.

Tried for every column and direction, up to where the kind of column changes; cells of another kind would
not have passed the contract.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vigil.faults import mending, wording
from vigil.faults.finding import Finding
from vigil.faults.kinds.swapped_columns import Exchanged

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case
    from vigil.records import Column

TITLE = "shifted columns"
RETRAIN = True
#: 18 nats beyond twice what earlier batches show by chance, as for a swap.
THRESHOLD = 0.9
EXPLAINS = {
    "case_change",
    "clipped",
    "flipped_labels",
    "merged_levels",
    "null_spike",
    "precision_loss",
    "renamed_levels",
    "truncated",
    "unit_change",
}
WITNESSES = True
LEAST_SHARE, LEAST_ROWS, LEAST_COLUMNS = 0.05, 8, 3
WORTH = 12.0
#: Shifts that are weighed on all rows.
WEIGHED = 3


def look(case: Case) -> Iterator[Finding]:
    """Try every shift, weigh the few that gain most on all rows, and name the one that fits best."""
    if case.count < LEAST_ROWS:
        return
    shifts = _shifts(case.density.columns)
    undone = [Exchanged(_sources(*shift)) for shift in shifts]
    gains = [gain for gain, _ in case.density.screened(undone)]
    order = sorted(range(len(shifts)), key=lambda at: -gains[at])[:WEIGHED]
    weighed = [(case.density.explained(undone[at]), at) for at in order if gains[at] >= WORTH]
    if not weighed:
        return
    # One column too many gains as much, and leaves cells that do not fit.
    found, best = max(weighed, key=lambda pair: (round(pair[0].confidence, 2), pair[0].gain))
    names, step = shifts[best]
    rows = int(found.mask.sum())
    if rows < max(LEAST_ROWS, LEAST_SHARE * case.count):
        return
    way = "right" if step > 0 else "left"
    yield Finding(
        columns=names,
        confidence=found.confidence * found.clear,
        rows=rows,
        what=(
            f"The cells of {wording.listed(names)} have moved one column to the {way} in "
            f"{wording.of(rows, case.count)}, as after "
            f"{'an added' if step > 0 else 'a lost'} separator."
        ),
        act=f"Move these cells back to the {'left' if step > 0 else 'right'}; one cell is lost.",
        evidence={"share": rows / case.count, "gain_nats": found.gain, "usual_nats": found.usual, "way": way},
        repair={"columns": list(names), "step": step, "rows": mending.ranges_of(found.mask)},
    )


def _shifts(columns: Sequence[Column]) -> list[tuple[tuple[str, ...], int]]:
    """Return the columns and the direction of each shift: from a column on, or up to one."""
    return [
        (names, step)
        for run in _runs(columns)
        for start in range(len(run) - LEAST_COLUMNS + 1)
        for names in dict.fromkeys((tuple(run[start:]), tuple(run[: len(run) - start])))
        for step in (1, -1)
    ]


def _runs(columns: Sequence[Column]) -> list[list[str]]:
    """Return runs of neighbouring features of one kind, in the order of the contract."""
    runs: list[list[str]] = []
    before = None
    for column in columns:
        if column.role != "feature":
            before = None
            continue
        if before != column.kind:
            runs.append([])
        runs[-1].append(column.name)
        before = column.kind
    return [run for run in runs if len(run) >= LEAST_COLUMNS]


def _sources(names: Sequence[str], step: int) -> dict[str, str | None]:
    """Say where each column's cells are now; those of the last (or first) column are lost."""
    places = range(len(names))
    return {names[at]: names[at + step] if at + step in places else None for at in places}


def mend(rows: pa.Table, repair: Mapping[str, Any]) -> pa.Table:
    """Move the cells back in the rows that it concerns; what was lost is missing."""
    mask = mending.mask_of(rows.num_rows, repair["rows"])
    return mending.exchanged(rows, _sources(repair["columns"], repair["step"]), mask)
