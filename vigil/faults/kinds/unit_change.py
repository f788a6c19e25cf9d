"""A number in another unit: ×10, ×100, ×1000 or a part of that, °C for °F or the reverse.

The undone cells must fit the earlier rows, together with the row's other columns, far better than the
cells as they came (see `vigil.faults.density`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.faults import mending, wording
from vigil.faults.density import Explained, Undo
from vigil.faults.finding import Finding
from vigil.faults.lattice import on_grid

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case, Floats
    from vigil.records import Column

TITLE = "another unit"
RETRAIN = True
#: The gain in likelihood beyond twice what earlier batches show by chance must reach 18 nats.
THRESHOLD = 0.9
EXPLAINS = {"clipped", "precision_loss"}
COLUMNS = ("number",)
OF_TARGET = False  # a target that moves is what the model's score is for
WITNESSES = True
#: The smallest share of rows: less is a matter of single outliers.
LEAST_SHARE, LEAST_ROWS = 0.05, 8
#: From this share of rows on it is the whole column.
MOST_ROWS = 0.8
#: A confidence below is not worth a word.
LEAST = 0.5
#: Nats from which a screened change is looked at on all rows.
WORTH = 8.0
#: Changes that are weighed on all rows, at most.
WEIGHED = 3

#: What was done to the values: they came as value·factor + offset.
CHANGES = (
    (10.0, 0.0, "×10"),
    (100.0, 0.0, "×100"),
    (1000.0, 0.0, "×1000"),
    (0.1, 0.0, "÷10"),
    (0.01, 0.0, "÷100"),
    (0.001, 0.0, "÷1000"),
    (1.8, 32.0, "°C turned into °F"),
    (1 / 1.8, -32 / 1.8, "°F turned into °C"),
)


class Rescaled(Undo):
    """Divide a column's values by a factor, after taking an offset away.

    Where there is an offset, they are rounded as the column is: a degree's tenths were rounded once more.
    """

    def __init__(self, name: str, factor: float, offset: float, decimals: int | None = None) -> None:
        self._name, self._factor, self._offset = name, factor, offset
        self._decimals = decimals if offset else None
        self.jacobian = -float(np.log(factor))

    def __call__(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """Return the column with its values undone."""
        undone = (cells[self._name] - self._offset) / self._factor
        return {self._name: undone if self._decimals is None else np.round(undone, self._decimals)}


def look_at(case: Case, column: Column) -> Iterator[Finding]:
    """Try each change on a column of numbers, and name the surest of those that fit best."""
    if len(case.known_numbers(column)) < LEAST_ROWS or column not in case.density.columns:
        return
    decimals = case.decimals(column)
    undone = [Rescaled(column.name, factor, offset, decimals) for factor, offset, _ in CHANGES]
    screened = case.density.screened_each(column.name, undone)
    order = sorted(range(len(undone)), key=lambda place: screened[place], reverse=True)[:WEIGHED]
    findings: list[Finding] = []
    for place in order:
        gain, share = screened[place]
        # What fits best may be refused by what else it would have moved: then the next one is weighed.
        if gain < WORTH or share < LEAST_SHARE / 2 or any(one.confidence >= THRESHOLD for one in findings):
            break
        if not case.density.could_reach(undone[place], LEAST):
            continue
        found = case.density.explained(undone[place])
        if found.mask.mean() >= LEAST_SHARE and found.mask.sum() >= LEAST_ROWS:
            findings.append(_finding(case, column, place, found))
    if findings:
        yield max(findings, key=lambda one: one.confidence)


def _finding(case: Case, column: Column, change: int, found: Explained) -> Finding:
    """Put the change in words."""
    factor, offset, said = CHANGES[change]
    name = column.name
    mask, values = found.mask, case.numbers(name)
    before = float(np.nanmedian(np.concatenate(case.past_numbers(name))))
    known = values[mask & np.isfinite(values)]
    now = float(np.median(known)) if len(known) else float("nan")
    undone = (now - offset) / factor
    how = f"rescale by {wording.figure(1 / factor)}" if not offset else f"turn {said} back"
    return Finding(
        confidence=found.confidence
        * found.clear
        * _agrees(case, column, found, factor, offset)
        * _varies(case, column, found),
        rows=int(mask.sum()),
        what=(
            f"The unit of {name} has changed ({said}) in "
            f"{wording.of(int(mask.sum()), len(mask))}: their median is {wording.figure(now)} where it was "
            f"{wording.figure(before)}; undone, it is {wording.figure(undone)}."
        ),
        act=f"{how[0].upper()}{how[1:]} in these rows, and have the source write the old unit again.",
        evidence={
            "change": said,
            "share": float(mask.mean()),
            "gain_nats": found.gain,
            "usual_nats": found.usual,
            "median": now,
            "median_before": before,
            "median_undone": undone,
        },
        repair={"column": name, "factor": factor, "offset": offset, "rows": mending.ranges_of(mask)},
    )


def _agrees(case: Case, column: Column, found: Explained, factor: float, offset: float) -> float:
    """Ask what a change of unit moves with no exception: the spread, and by tens the decimals.

    Of d decimals, d − 1 are left when they come times ten; divided by ten, hardly any value has d. A source
    that writes d decimals in any unit keeps them: then a hundredfold of the whole column has to be enough.
    """
    if offset:
        return 1.0 if _is_stretched(case, column, found, factor) else 0.3
    decimals = case.decimals(column)
    if decimals is None:
        return 1.0
    values = case.numbers(column.name)[found.mask]
    lost = round(abs(float(np.log10(factor))))
    if factor > 1:
        is_coarser = float(on_grid(values, decimals - lost).mean()) >= 0.9
        return 1.0 if is_coarser else _as_printed(case, column, found, factor)
    came_rounded = float(on_grid(values, decimals).mean()) >= 0.9
    return 0.5 if came_rounded and found.mask.mean() < MOST_ROWS else 1.0


def _as_printed(case: Case, column: Column, found: Explained, factor: float) -> float:
    """Return how far values are believed that came times ten or more with all their decimals."""
    if found.mask.mean() < MOST_ROWS or not _is_stretched(case, column, found, factor):
        return 0.3
    return 1.0 if factor >= 100 else 0.7


def _is_stretched(case: Case, column: Column, found: Explained, factor: float) -> bool:
    """Tell whether the quartiles lie apart as the factor asks; values that merely moved keep theirs."""
    past = np.concatenate(case.past_numbers(column.name))
    now = case.numbers(column.name)[found.mask]
    spreads = [np.subtract(*np.quantile(part[np.isfinite(part)], [0.75, 0.25])) for part in (past, now)]
    if not min(spreads) > 0:
        return False
    return abs(float(np.log(spreads[1] / spreads[0] / factor))) < abs(float(np.log(factor))) / 2


def _varies(case: Case, column: Column, found: Explained) -> float:
    """Ask that the rows differ, as in another unit they would: one value for most of them is a heap.

    A limit that cuts a range off makes one, and some unit fits any value.
    """
    values, past = case.numbers(column.name)[found.mask], np.concatenate(case.past_known_numbers(column))
    heap = _heaped(values[np.isfinite(values)])
    return 0.3 if heap > 0.5 and heap > 2 * _heaped(past) else 1.0


def _heaped(values: Floats) -> float:
    """Return the share of the most frequent value."""
    counts = np.unique(values, return_counts=True)[1]
    return float(counts.max(initial=0)) / max(len(values), 1)


def mend(rows: pa.Table, repair: Mapping[str, Any]) -> pa.Table:
    """Take the change back in the rows that it concerns."""
    name = repair["column"]
    values = mending.numbers_of(rows, name)
    mask = mending.mask_of(rows.num_rows, repair["rows"])
    undone = (values[mask] - repair["offset"]) / repair["factor"]
    values[mask] = [float(f"{value:.12g}") for value in undone]
    return mending.with_numbers(rows, name, values)
