"""The labels say one thing only, for the whole batch or from some row on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vigil.faults import surprise, wording
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    from vigil.faults.case import Case

TITLE = "constant labels"
#: Where the world is steady for a while, a class has runs that eight batches have not shown.
THRESHOLD = 0.9
EXPLAINS = {"flipped_labels"}
LEAST_SHARE, LEAST_ROWS = 0.1, 15


def look(case: Case) -> Iterator[Finding]:
    """Look at the longest run of one label."""
    target = case.contract.target
    if not case.has_history(target):
        return
    cells, parts = case.cells(target), case.past_cells(target)
    first, length = surprise.longest_run(cells)
    if length < max(LEAST_ROWS, LEAST_SHARE * len(cells)):
        return
    value = cells[first]
    # A class may be rarer or more frequent from batch to batch: its largest share counts.
    largest = max(float((part == value).mean()) for part in parts if len(part))
    nats, usual = surprise.run(length, len(cells), largest, parts)
    said = wording.cell(value)
    yield Finding(
        columns=(target.name,),
        confidence=surprise.sure(nats),
        rows=length,
        what=(
            f"{target.name} is {said} for {wording.rows(length)} in a row "
            f"({wording.share(length / len(cells))}); the longest run before was {usual}."
        ),
        act=f"Quarantine this batch until the true labels of {target.name} are in.",
        evidence={
            "value": wording.plain(value),
            "run": length,
            "longest_before": usual,
            "share": length / len(cells),
            "nats": nats,
        },
    )
