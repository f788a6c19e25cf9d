"""Moments are off by whole half hours: another time zone, or a clock that was set.

The other columns tell the hour: what is usual at each hour of the day is learnt from earlier batches, and
the shift is looked for that makes the batch usual again. The number of rows at each hour counts as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.faults import mending
from vigil.faults.finding import Finding

if TYPE_CHECKING:
    import pyarrow as pa

    from vigil.faults.case import Case, Floats
    from vigil.records import Column

TITLE = "a shifted clock"
RETRAIN = True
#: The shift must gain 18 nats more than twice what it gains in earlier batches.
THRESHOLD = 0.9
EXPLAINS = {"partial_file"}
COLUMNS = ("date",)
WITNESSES = True
LEAST_ROWS = 40
#: Rows that the hours are read from, at most.
MOST_ROWS = 4_000
#: Nats that each row must gain: people's summer time moves habits by an hour, and gains less.
LEAST_RATE = 0.2
#: Half hours of a day, and the shifts that are tried: up to twelve hours either way.
SLOTS = 48
SHIFTS = tuple(shift for shift in range(-24, 25) if shift)


def look_at(case: Case, column: Column) -> Iterator[Finding]:
    """Try each shift on a column of dates that have a time of day."""
    if case.count < LEAST_ROWS:
        return
    before = [_Hours(case, column, at) for at in range(len(case.past))]
    now = _Hours(case, column, -1)
    if now.rows < LEAST_ROWS or len(np.unique(np.concatenate([part.slots for part in before]))) < 8:
        return
    gains = _gains(now, before)
    best = int(np.argmax(gains))
    least = LEAST_RATE * now.rows
    if now.scale * (float(gains[best]) - least) <= 4:
        return  # the earlier batches need not be asked
    half = max(1, len(before) // 2)
    tested = before[half:] if len(before) > 1 else []
    rates = [float(_gains(part, before[:half]).max()) / max(part.rows, 1) for part in tested]
    excess = now.scale * (float(gains[best]) - 2 * max([*rates, 0.0]) * now.rows - least)
    if excess > 4:
        yield _finding(case, column.name, SHIFTS[best], now.scale * float(gains[best]), excess)


def _finding(case: Case, name: str, shift: int, gain: float, excess: float) -> Finding:
    """Put the shift in words; it is what was added to the moments."""
    hours = -shift / 2
    said = f"{abs(hours):g} h {'ahead' if hours > 0 else 'behind'}"
    rows = int(np.isfinite(case.numbers(name)).sum())
    return Finding(
        confidence=1 - float(np.exp(-excess / 8)),
        rows=rows,
        what=f"The clock of {name} is {said}: moved back, the hours of the day are as before.",
        act=f"Move {name} by {-hours:+g} h in this batch, and see to the time zone of the source.",
        evidence={"hours": hours, "gain_nats": gain},
        repair={"column": name, "seconds": -hours * 3600},
    )


class _Hours:
    """One batch as its half hours see it: the slot of each row, and the witnesses' cells.

    Of very many rows every so many are kept: which hour it is takes no more. ``scale`` makes up for it.
    """

    def __init__(self, case: Case, column: Column, at: int) -> None:
        times = case.cells(column, at)
        kept = np.flatnonzero(np.isfinite(times))
        kept = kept[:: max(1, -(-len(kept) // MOST_ROWS))]
        self.slots = np.floor(times[kept] / 1800).astype(np.int64) % SLOTS
        self.rows = len(kept)
        self.scale = float(np.isfinite(times).sum()) / max(len(kept), 1)
        self.counts = np.bincount(self.slots, minlength=SLOTS)
        others = [c for c in case.columns("number") if c.role == "feature" and c.name not in case.suspects]
        self.cells = [case.cells(other, at)[kept] for other in others]


def _gains(now: _Hours, before: Sequence[_Hours]) -> Floats:
    """Return what each shift gains in nats: the most that one witness says, no more than all say together."""
    usual = np.log(sum(part.counts for part in before) + 1.0)
    gains = [_moved(now.counts[:, None].astype(float) * usual)]
    then = np.concatenate([part.slots for part in before])
    for place, values in enumerate(now.cells):
        every = np.concatenate([part.cells[place] for part in before])
        if np.isfinite(every).sum() >= 2 * SLOTS and np.isfinite(values).any():
            gains.append(_moved(_fits(now.slots, values, *_curve(then, every))))
    least: Floats = np.minimum(np.max(gains, axis=0), np.sum(gains, axis=0))
    return least


def _moved(fits: Floats) -> Floats:
    """Return what each shift gains, from how well the rows of each half hour would fit to each other one."""
    here = np.arange(SLOTS)[:, None]
    stay, *moved = fits[here, (here + np.array([0, *SHIFTS])) % SLOTS].sum(axis=0)
    gains: Floats = np.array(moved) - stay
    return gains


def _curve(slots: Any, values: Floats) -> tuple[Floats, Floats]:
    """Return the mean and the deviation of a column in each half hour, smoothed where rows are few."""
    known = np.isfinite(values)
    slots, values = slots[known], values[known]
    count = np.bincount(slots, minlength=SLOTS)
    mean, whole = values.mean(), values.std() or 1.0
    centre = (np.bincount(slots, values, SLOTS) + 2 * mean) / (count + 2)
    squares = np.bincount(slots, (values - centre[slots]) ** 2, SLOTS)
    return centre, np.sqrt((squares + 2 * whole**2) / (count + 2)) + 0.02 * whole


def _fits(slots: Any, values: Floats, centre: Floats, spread: Floats) -> Floats:
    """Return the log-density of each half hour's rows as if they were of each other one, 48 by 48.

    It has a floor of five deviations.
    """
    known = np.isfinite(values)
    off = np.minimum(np.abs(values[known, None] - centre) / spread, 5)
    hours = (slots[known, None] == np.arange(SLOTS)).astype(float)
    found: Floats = hours.T @ (-0.5 * off**2 - np.log(spread))
    return found


def mend(rows: pa.Table, repair: Mapping[str, Any]) -> pa.Table:
    """Move the moments back."""
    import pyarrow as pa
    import pyarrow.compute as pc

    name = repair["column"]
    cells: Any = rows.column(name)
    ticks = cells.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    moved: Any = pc.add(ticks, pa.scalar(int(repair["seconds"] * 1e6), pa.int64()))
    return mending.with_column(rows, name, moved.cast(pa.timestamp("us", "UTC")))
