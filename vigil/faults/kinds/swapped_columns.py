"""Two columns have each other's cells.

Tried on every pair of one kind: put back, the rows must be far likelier as earlier rows go. Of very many
columns those are tried that are least like before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

from vigil.faults import mending, wording
from vigil.faults.density import Undo
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case

TITLE = "two columns swapped"
RETRAIN = True
#: 18 nats beyond twice what earlier batches show by chance; of many pairs some would show fewer.
THRESHOLD = 0.9
EXPLAINS = {
    "case_change",
    "clipped",
    "flipped_labels",
    "merged_levels",
    "precision_loss",
    "renamed_levels",
    "truncated",
    "unit_change",
}
WITNESSES = True
LEAST_SHARE, LEAST_ROWS = 0.1, 8
WORTH = 12.0
#: Columns whose pairs are all tried. Those of five times as many take minutes.
MOST_COLUMNS = 60


class Exchanged(Undo):
    """Put each column's cells back from where they are."""

    def __init__(self, source: Mapping[str, str | None]) -> None:
        self._source = source

    def __call__(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """Return the columns with the cells of their sources; without one they are missing."""
        return {name: cells[origin] for name, origin in self._source.items() if origin is not None}


def look(case: Case) -> Iterator[Finding]:
    """Try every pair, and name pairs that share no column, the best first."""
    if case.count < LEAST_ROWS:
        return
    columns = [column for column in case.density.least_usual(MOST_COLUMNS) if column.role == "feature"]
    pairs = [(a.name, b.name) for a, b in combinations(columns, 2) if a.kind == b.kind]
    undone = [Exchanged({one: other, other: one}) for one, other in pairs]
    screened = {pair: gain for pair, (gain, _) in zip(pairs, case.density.screened(undone), strict=True)}
    taken: set[str] = set()
    for pair in sorted(pairs, key=lambda pair: -screened[pair]):
        if screened[pair] < WORTH or taken & set(pair):
            continue
        taken |= set(pair)
        found = case.density.explained(Exchanged({pair[0]: pair[1], pair[1]: pair[0]}))
        rows = int(found.mask.sum())
        if rows < max(LEAST_ROWS, LEAST_SHARE * case.count):
            continue
        first, second = pair
        yield Finding(
            columns=pair,
            confidence=found.confidence * found.clear,
            rows=rows,
            what=(
                f"{first} and {second} have each other's cells in "
                f"{wording.of(rows, case.count)}: put back, these rows are like the earlier ones."
            ),
            act="Swap the two columns back in these rows, and see to the order of columns in the source.",
            evidence={"share": rows / case.count, "gain_nats": found.gain, "usual_nats": found.usual},
            repair={"columns": list(pair), "rows": mending.ranges_of(found.mask)},
        )


def mend(rows: pa.Table, repair: Mapping[str, Any]) -> pa.Table:
    """Swap the cells of the two columns in the rows that it concerns."""
    first, second = repair["columns"]
    mask = mending.mask_of(rows.num_rows, repair["rows"])
    return mending.exchanged(rows, {first: second, second: first}, mask)
