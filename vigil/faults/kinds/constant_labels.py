"""The labels say one thing only, for the whole batch or from some row on.

Classes come in runs by themselves, where the world does. Then the features say so too: of two classes, each
row of the run also says how much less likely its label is by the row's features than by the class's share.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from vigil.faults import surprise, wording
from vigil.faults.case import is_known
from vigil.faults.finding import Finding
from vigil.faults.kinds.flipped_labels import Turned

if TYPE_CHECKING:
    from vigil.faults.case import Case

TITLE = "constant labels"
EXPLAINS = {"flipped_labels"}
LEAST_SHARE, LEAST_ROWS = 0.1, 15


def look(case: Case) -> Iterator[Finding]:
    """Look at the longest run of one label."""
    target = case.contract.target
    cells, parts = case.cells(target), case.past_cells(target)
    first, length = surprise.longest_run(cells)
    if length < max(LEAST_ROWS, LEAST_SHARE * len(cells)):
        return
    value = cells[first]
    # A class may be rarer or more frequent from batch to batch: its largest share counts.
    largest = max(float((part == value).mean()) for part in parts if len(part))
    nats, usual = surprise.run(length, len(cells), largest, parts)
    if length <= usual:
        return
    nats += _against(case, first, length)
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


def _against(case: Case, first: int, length: int) -> float:
    """Return what the features of the run's rows say against its label, in nats; less than 0 for it.

    It is held against the label's share before, and against the rows outside of the run: where these
    contradict their labels as well, the labels are wrong otherwise.
    """
    target, classes = case.contract.target, case.contract.classes
    if case.contract.task != "binary":
        return 0.0
    other = case.density.rows(Turned(target.name, classes))
    known = is_known(case.cells(target))
    outside = known & ((np.arange(len(known)) < first) | (np.arange(len(known)) >= first + length))
    usual = max(float(other[outside].mean()), 0.0) if outside.any() else 0.0
    every = np.concatenate(case.past_cells(target))
    share = (float((every == case.cells(target)[first]).sum()) + 1) / (float(is_known(every).sum()) + 2)
    against = np.logaddexp(0.0, other[first : first + length] - usual)
    return float(against.sum() + length * np.log(share))
