"""The two classes have each other's names.

Turned back, the labels must fit the features as before, and the shares of the classes must be mirrored.
A concept that changes for a part of the rows does not fit so: only a flip of nearly all rows is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.faults import mending, wording
from vigil.faults.case import is_known
from vigil.faults.density import Undo
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case
    from vigil.records import Column

TITLE = "flipped labels"
RETRAIN = True
#: 18 nats beyond twice the usual.
THRESHOLD = 0.9
WITNESSES = True
#: A smaller share cannot be told from a concept that has changed for some rows.
LEAST_SHARE, LEAST_ROWS = 0.7, 30
#: Nats from which turned labels are looked at on all rows.
WORTH = 8.0

#: How far the share of a class may be from the mirrored one, beyond 2.5 standard errors.
LEEWAY = 0.03


class Turned(Undo):
    """Give each row the other class; a feature says too little about a label for one row to be clear."""

    is_clear = False

    def __init__(self, name: str, classes: tuple[str, ...]) -> None:
        self._name = name
        self._other = {classes[0]: classes[1], classes[1]: classes[0]}

    def __call__(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """Return the target turned round."""
        turned = [self._other.get(cell, cell) for cell in cells[self._name]]
        return {self._name: np.array(turned, dtype=object)}


def look(case: Case) -> Iterator[Finding]:
    """Turn the labels round, and see whether they fit better."""
    contract = case.contract
    if contract.task != "binary" or case.count < LEAST_ROWS or contract.target not in case.density.columns:
        return
    name = contract.target.name
    undo = Turned(name, contract.classes)
    ((gain, share),) = case.density.screened([undo])
    if gain < WORTH or share < LEAST_SHARE - 0.1:
        return
    found = case.density.explained(undo)
    if found.share < LEAST_SHARE:
        return
    known = int(is_known(case.texts(name)).sum())
    yield Finding(
        columns=(name,),
        confidence=found.confidence * _mirrored(case, name, found.share),
        rows=known,
        what=(
            f"The labels of {name} are the wrong way round: turned, they fit the features as before, "
            f"in about {wording.share(found.share)} of the rows."
        ),
        act=f"Swap the two classes of {name} in this batch, and ask who writes the labels.",
        evidence={"share": found.share, "gain_nats": found.gain, "usual_nats": found.usual},
        repair={"column": name, "classes": list(contract.classes)},
    )


def _mirrored(case: Case, name: str, turned: float) -> float:
    """Ask what turned labels do and a concept turned round does not: 0.5 for no, 0.8 for perhaps, 1 for yes.

    They mirror the shares of the classes. Where these are nearly equal, two or more features must have
    turned their relation to the label, and none kept it.
    """
    one = case.contract.classes[0]
    shares = [
        float((part[is_known(part)] == one).mean()) for part in case.past_texts(name) if is_known(part).any()
    ]
    now = case.texts(name)
    now = now[is_known(now)]
    if not shares or not len(now):
        return 0.0
    seen = float((now == one).mean())
    leeway = 2.5 * float(np.sqrt(max(seen * (1 - seen), 1e-3) / len(now))) + LEEWAY
    if _off(seen, [share * (1 - turned) + (1 - share) * turned for share in shares]) > leeway:
        return 0.5
    if _off(seen, shares) > leeway:
        return 1.0
    inverted, kept = _relations(case)
    return 1.0 if inverted >= 2 and not kept else 0.8


def _off(seen: float, expected: Sequence[float]) -> float:
    """Return how far a share is outside of a range."""
    return max(seen - max(expected), min(expected) - seen, 0.0)


def _relations(case: Case) -> tuple[int, int]:
    """Count features whose relation to the label has turned its sign, and those that have kept it."""
    inverted = kept = 0
    for column in case.columns("number", "category"):
        if column.role != "feature":
            continue
        now, size = _relation(case, column, [-1])
        before, others = _relation(case, column, range(len(case.past)))
        if size < LEAST_ROWS or others < LEAST_ROWS:
            continue
        is_clear = abs(now) > 2.5 / size**0.5 and abs(before) > 2.5 / others**0.5
        inverted += is_clear and now * before < 0
        kept += is_clear and now * before > 0
    return inverted, kept


def _relation(case: Case, column: Column, places: Iterable[int]) -> tuple[float, int]:
    """Return a feature's rank correlation with the label, and on how many rows; a level counts as one."""
    places = list(places)
    cells = np.concatenate([case.cells(column, at) for at in places])
    labels = np.concatenate([case.cells(case.contract.target, at) for at in places])
    known = is_known(cells) & is_known(labels)
    cells, truth = cells[known], (labels[known] == case.contract.classes[0]).astype(float)
    if not len(cells):
        return 0.0, 0
    if column.kind == "number":
        values = np.unique(cells, return_inverse=True)[1].astype(float)
    else:
        values = (cells == _most_frequent(case, column)).astype(float)
    spread = float(values.std() * truth.std())
    product = float(np.mean((values - values.mean()) * (truth - truth.mean())))
    return (product / spread if spread else 0.0), len(cells)


def _most_frequent(case: Case, column: Column) -> str:
    """Return the level that came most often before."""
    tallies = case.past_tally(column.name)
    return max(
        case.known_levels(column.name),
        default="",
        key=lambda level: (sum(tally.get(level, 0) for tally in tallies), level),
    )


def mend(rows: pa.Table, repair: Mapping[str, Any]) -> pa.Table:
    """Give every labelled row the other class."""
    first, second = repair["classes"]
    return mending.with_levels(rows, repair["column"], {first: second, second: first})
