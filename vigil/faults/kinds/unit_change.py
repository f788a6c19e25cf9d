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

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case, Floats

NAME = "unit_change"
TITLE = "another unit"
#: The gain in likelihood beyond twice what earlier batches show by chance must reach 18 nats.
THRESHOLD = 0.9
EXPLAINS: frozenset[str] = frozenset({"clipped", "precision_loss"})
WITNESSES = True
#: The smallest share of rows: less is a matter of single outliers.
LEAST_SHARE, LEAST_ROWS = 0.05, 8
#: Nats from which a screened change is looked at on all rows.
WORTH = 8.0

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
    """Divide a column's values by a factor, after taking an offset away."""

    def __init__(self, name: str, factor: float, offset: float) -> None:
        self._name, self._factor, self._offset = name, factor, offset
        self.jacobian = -float(np.log(factor))

    def __call__(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """Return the column with its values undone."""
        return {self._name: (cells[self._name] - self._offset) / self._factor}


def look(case: Case) -> Iterator[Finding]:
    """Try each change on each column of numbers, and name the best."""
    if not case.past or case.count < LEAST_ROWS:
        return
    for column in case.columns("number"):
        if column.role == "target":
            continue  # a target that moves is what the model's score is for
        values = case.numbers(column.name)
        if np.isfinite(values).sum() < LEAST_ROWS:
            continue
        undone = [(Rescaled(column.name, factor, offset), said) for factor, offset, said in CHANGES]
        screened = [(case.density.screened(undo), place) for place, (undo, _) in enumerate(undone)]
        gain, best = max(screened)
        if gain < WORTH:
            continue
        found = case.density.explained(undone[best][0])
        if found.mask.mean() >= LEAST_SHARE and found.mask.sum() >= LEAST_ROWS:
            yield _finding(case, column.name, best, found)


def _finding(case: Case, name: str, change: int, found: Explained) -> Finding:
    """Put the change in words."""
    factor, offset, said = CHANGES[change]
    mask, values = found.mask, case.numbers(name)
    before = float(np.nanmedian(np.concatenate(case.past_numbers(name))))
    known = values[mask & np.isfinite(values)]
    now = float(np.median(known)) if len(known) else float("nan")
    undone = (now - offset) / factor
    how = f"rescale by {wording.figure(1 / factor)}" if not offset else f"turn {said} back"
    return Finding(
        fault=NAME,
        columns=(name,),
        confidence=found.confidence * found.clear * _agrees(case, name, found, factor, offset),
        rows=int(mask.sum()),
        what=(
            f"The unit of {name} has changed ({said}) in {wording.rows(int(mask.sum()))} "
            f"({wording.share(mask.mean())}): their median is {wording.figure(now)} where it was "
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


def _agrees(case: Case, name: str, found: Explained, factor: float, offset: float) -> float:
    """Ask the decimals, which a change of unit by tens moves with no exception.

    Of d decimals, d − 1 are left when they come times ten; divided by ten, hardly any value has d.
    """
    decimals = decimals_of(np.concatenate(case.past_numbers(name)))
    if offset or decimals is None:
        return 1.0
    values = case.numbers(name)[found.mask]
    lost = round(abs(float(np.log10(factor))))
    if factor > 1:
        return 1.0 if float(on_grid(values, decimals - lost).mean()) >= 0.9 else 0.3
    came_rounded = float(on_grid(values, decimals).mean()) >= 0.9
    return 0.5 if came_rounded and found.mask.mean() < 0.8 else 1.0


def decimals_of(values: Floats) -> int | None:
    """Return the number of decimals that nearly all values have at most, or None beyond eight."""
    known = values[np.isfinite(values)]
    for decimals in range(9):
        if len(known) and on_grid(known, decimals).mean() >= 0.99:
            return decimals
    return None


def on_grid(values: Floats, decimals: int) -> Any:
    """Tell which values have no more than so many decimals; −1 asks for whole tens."""
    scaled = values * 10.0**decimals
    return np.abs(scaled - np.rint(scaled)) <= 1e-6 * np.maximum(1.0, np.abs(scaled) * 1e-6)


def mend(rows: pa.Table, repair: Mapping[str, Any]) -> pa.Table:
    """Take the change back in the rows that it concerns."""
    name = repair["column"]
    values = mending.numbers_of(rows, name)
    mask = mending.mask_of(rows.num_rows, repair["rows"])
    undone = (values[mask] - repair["offset"]) / repair["factor"]
    values[mask] = [float(f"{value:.12g}") for value in undone]
    return mending.with_numbers(rows, name, values)
