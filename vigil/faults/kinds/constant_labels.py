"""The labels say one thing only, for the whole batch or from some row on.

A run that goes on to the last row has one place to begin, where any other has as many as there are rows. And
labels that stopped do not ask the features: where half of a run's rows look like the other class, as rows
went before, that counts as well, though no more than the run itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vigil.faults import surprise, wording
from vigil.faults.finding import Finding
from vigil.faults.kinds.flipped_labels import Turned

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
    # Two questions are asked: of any run, and of one to the end.
    places = 2 * (1 if first + length == len(cells) else len(cells))
    by_run, usual = surprise.run(length, places, largest, parts)
    against = min(_against(case, first, length), by_run) if by_run else 0.0
    nats = by_run + against
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
            "nats_of_features": against,
        },
    )


def _against(case: Case, first: int, length: int) -> float:
    """Return what the features of a run say against its label, in nats beyond twice what is usual in runs."""
    target = case.contract.target
    if case.contract.task != "binary" or target not in case.density.columns:
        return 0.0
    undo = Turned(target.name, case.contract.classes)
    gain = case.density.gain_within(undo, -1, slice(first, first + length))
    rates = []
    for at in case.density.tested if gain else ():
        begin, usual = surprise.longest_run(case.cells(target, at))
        within = case.density.gain_within(undo, at, slice(begin, begin + usual))
        rates.append(within / max(usual, 1))
    return max(gain - 2 * max(rates, default=0.0) * length, 0.0)
