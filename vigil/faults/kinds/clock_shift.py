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

NAME = "clock_shift"
TITLE = "a shifted clock"
#: The shift must gain 18 nats more than twice what it gains in earlier batches.
THRESHOLD = 0.9
EXPLAINS: frozenset[str] = frozenset({"partial_file"})
WITNESSES = True
LEAST_ROWS = 40
#: Rows that the hours are read from, at most.
MOST_ROWS = 4_000
#: Nats that each row must gain: people's summer time moves habits by an hour, and gains less.
LEAST_RATE = 0.2
#: Half hours of a day, and the shifts that are tried: up to twelve hours either way.
SLOTS = 48
SHIFTS = tuple(shift for shift in range(-24, 25) if shift)


def look(case: Case) -> Iterator[Finding]:
    """Try each shift on each column of dates that have a time of day."""
    if not case.past or case.count < LEAST_ROWS:
        return
    for column in case.columns("date"):
        times = case.numbers(column.name)
        before = case.past_numbers(column.name)
        if not _has_hours(np.concatenate(before)) or np.isfinite(times).sum() < LEAST_ROWS:
            continue
        others = [
            c.name for c in case.columns("number") if c.role == "feature" and c.name not in case.suspects
        ]
        cells = [[_some(case.past_numbers(name)[at]) for name in others] for at in range(len(before))]
        now = [_some(case.numbers(name)) for name in others]
        scale = len(times) / max(len(_some(times)), 1)
        times, before = _some(times), [_some(part) for part in before]
        half = max(1, len(before) // 2)
        gains = {shift: _gain(times, now, before, cells, shift) for shift in SHIFTS}
        best = max(gains, key=lambda shift: gains[shift])
        rates = [
            max(_gain(before[at], cells[at], before[:half], cells[:half], shift) for shift in SHIFTS)
            / max(len(before[at]), 1)
            for at in range(half if len(before) > 1 else 0, len(before))
        ]
        excess = scale * (gains[best] - (2 * max([*rates, 0.0]) + LEAST_RATE) * len(times))
        if excess > 4:
            yield _finding(case, column.name, best, scale * gains[best], excess)


def _some(values: Floats) -> Floats:
    """Keep every so many of very many rows: which hour it is takes no more."""
    return values[:: max(1, -(-len(values) // MOST_ROWS))]


def _finding(case: Case, name: str, shift: int, gain: float, excess: float) -> Finding:
    """Put the shift in words; it is what was added to the moments."""
    hours = -shift / 2
    said = f"{abs(hours):g} h {'ahead' if hours > 0 else 'behind'}"
    rows = int(np.isfinite(case.numbers(name)).sum())
    return Finding(
        fault=NAME,
        columns=(name,),
        confidence=1 - float(np.exp(-excess / 8)),
        rows=rows,
        what=f"The clock of {name} is {said}: moved back, the hours of the day are as before.",
        act=f"Move {name} by {-hours:+g} h in this batch, and see to the time zone of the source.",
        evidence={"hours": hours, "gain_nats": gain},
        repair={"column": name, "seconds": -hours * 3600},
    )


def _has_hours(times: Floats) -> bool:
    """Say whether moments have a time of day."""
    known = times[np.isfinite(times)]
    return len(known) > 0 and len(np.unique(_slots(known, 0))) >= 8


def _slots(times: Floats, shift: int) -> Any:
    """Return the half hour of the day, moved on by some."""
    return (np.floor(np.nan_to_num(times) / 1800).astype(np.int64) + shift) % SLOTS


def _gain(
    times: Floats,
    cells: Sequence[Floats],
    before: Sequence[Floats],
    past: Sequence[Sequence[Floats]],
    shift: int,
) -> float:
    """Return what a shift gains in nats: the most that one witness says, no more than all say together."""
    known = np.isfinite(times)
    then = np.concatenate([_slots(part, 0) for part in before])
    kept = np.concatenate([np.isfinite(part) for part in before])
    ours, moved = _slots(times, 0)[known], _slots(times, shift)[known]
    counts = np.log(np.bincount(then[kept], minlength=SLOTS) + 1.0)
    gains = [float(np.sum(counts[moved] - counts[ours]))]
    for place, values in enumerate(cells):
        every = np.concatenate([part[place] for part in past])
        usual = kept & np.isfinite(every)
        now = known & np.isfinite(values)
        if usual.sum() < 2 * SLOTS or not now.any():
            continue
        centre, spread = _curve(then[usual], every[usual])
        first = _slots(times, 0)[now]
        second = _slots(times, shift)[now]
        gains.append(
            float(
                np.sum(_fits(values[now], centre, spread, second) - _fits(values[now], centre, spread, first))
            )
        )
    return min(max(gains), sum(gains))


def _curve(slots: Any, values: Floats) -> tuple[Floats, Floats]:
    """Return the mean and the deviation of a column in each half hour, smoothed where rows are few."""
    count = np.bincount(slots, minlength=SLOTS)
    mean, whole = values.mean(), values.std() or 1.0
    centre = (np.bincount(slots, values, SLOTS) + 2 * mean) / (count + 2)
    squares = np.bincount(slots, (values - centre[slots]) ** 2, SLOTS)
    return centre, np.sqrt((squares + 2 * whole**2) / (count + 2)) + 0.02 * whole


def _fits(values: Floats, centre: Floats, spread: Floats, slots: Any) -> Floats:
    """Return the log-density of values at their half hours, with a floor of five deviations."""
    off = np.minimum(np.abs(values - centre[slots]) / spread[slots], 5)
    found: Floats = -0.5 * off**2 - np.log(spread[slots])
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
