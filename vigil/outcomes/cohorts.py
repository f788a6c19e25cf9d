"""Rows that wait for their labels together, and what has come of them so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from vigil.arrow import pc
from vigil.outcomes import matching
from vigil.outcomes.store import Known
from vigil.predictions import collecting
from vigil.records import Column, Contract

#: Points of the curve of delays.
_POINTS = 60
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Cohort:
    """Rows of one day that were answered, or of one file that came without labels.

    ``about`` lists for each row what an outcome may call it; ``asked`` are seconds since 1970, when each
    row was answered or came, shape (rows,). ``ended`` says that no row will join it.
    """

    id: str
    rows: pa.Table
    about: list[tuple[str | None, ...]]
    asked: np.ndarray
    begun: datetime
    ended: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What has come of a cohort: a label or None for each row, and the days until it arrived (or NaN)."""

    labels: list[str | None]
    delays: np.ndarray

    @property
    def labelled(self) -> int:
        """How many rows have a label."""
        return sum(label is not None for label in self.labels)

    @property
    def share(self) -> float:
        """The share of rows that have a label."""
        return self.labelled / max(len(self.labels), 1)


def answered(rows: pa.Table, contract: Contract, now: datetime) -> list[Cohort]:
    """Return a cohort for each UTC day of answers; a silent challenger's answers count for nobody."""
    rows = rows.filter(pc.not_equal(rows.column(collecting.ROLE), "shadow"))
    times: list[Any] = rows.column(collecting.AT).to_pylist()
    moments = np.array([time.timestamp() for time in times])
    days = np.floor(moments / _DAY).astype(int) if len(moments) else np.array([], dtype=int)
    found = []
    for day in np.unique(days).tolist():
        part = rows.filter(pa.array(days == day))
        begun = datetime.fromtimestamp(day * _DAY, UTC)
        requests: list[Any] = part.column(collecting.REQUEST).to_pylist()
        places: list[Any] = part.column(collecting.ROW).to_pylist()
        names = [matching.of_request(r, p) for r, p in zip(requests, places, strict=True)]
        about: list[tuple[str | None, ...]] = list(zip(names, _keys(part, contract), strict=True))
        ended = now >= begun + timedelta(days=1)
        found.append(Cohort(f"answered-{begun:%Y-%m-%d}", part, about, moments[days == day], begun, ended))
    return found


def unlabelled(name: str, rows: pa.Table, contract: Contract, came: datetime) -> Cohort:
    """Return the rows of a file that came without a label."""
    rows = rows.filter(pc.is_null(rows.column(contract.target.name)))
    asked = np.full(rows.num_rows, came.timestamp())
    time = contract.by_role("time")
    if time and time[0].name in rows.column_names:
        moments = rows.column(time[0].name).to_pylist()
        asked = np.array([came.timestamp() if at is None else at.timestamp() for at in moments])
    about: list[tuple[str | None, ...]] = [(key,) for key in _keys(rows, contract)]
    return Cohort(name, rows, about, asked, came, ended=True)


def _keys(rows: pa.Table, contract: Contract) -> list[str | None]:
    key = contract.by_role("key")
    if not all(column.name in rows.column_names for column in key):
        return [None] * rows.num_rows
    return matching.of_keys(rows, key)


def look(cohort: Cohort, outcomes: Mapping[str, Sequence[Known]]) -> Found:
    """Find each row's outcome: by its request, else by its key the first that holds from then on."""
    labels: list[str | None] = []
    delays = np.full(len(cohort.about), np.nan)
    for place, (names, asked) in enumerate(zip(cohort.about, cohort.asked.tolist(), strict=True)):
        one = next((found for name in names if (found := _after(outcomes.get(name or "", ()), asked))), None)
        labels.append(one.label if one else None)
        if one is not None:
            delays[place] = max(0.0, one.first_arrived - asked) / _DAY
    return Found(labels, delays)


def strangers(
    cohorts: Sequence[Cohort], outcomes: Mapping[str, Sequence[Known]], since: datetime
) -> list[str]:
    """Return what outcomes that arrived since a moment are about when that is no row, by arrival."""
    asked = {name for cohort in cohorts for names in cohort.about for name in names}
    late = [(max(one.arrived for one in case), name) for name, case in outcomes.items() if name not in asked]
    return [name for arrived, name in sorted(late) if arrived >= since.timestamp()]


def _after(case: Sequence[Known], asked: float) -> Known | None:
    """Return the first outcome that holds at or after a moment."""
    return next((one for one in case if one.valid >= asked), None)


def labelled(cohort: Cohort, found: Found, contract: Contract) -> pa.Table:
    """Return the rows that have a label, with the contract's columns.

    Left out are rows without the key that the contract asks for, and answers kept as a hash alone.
    """
    wanted = [column for column in contract.columns if column.role not in ("ignored", "target")]
    table = pa.table({column.name: _column(cohort.rows, column) for column in wanted})
    kept = np.array([label is not None for label in found.labels], dtype=bool)
    for column in wanted:
        if column.role == "key" and not column.nullable:
            kept &= table.column(column.name).is_valid().to_numpy()
    if collecting.FEATURES in cohort.rows.column_names:
        kept &= cohort.rows.column(collecting.FEATURES).is_null().to_numpy()
    table = table.append_column(contract.target.name, pa.array(found.labels, pa.string()))
    return table.filter(pa.array(kept))


def _column(rows: pa.Table, column: Column) -> Any:
    if column.name in rows.column_names:
        return rows.column(column.name)
    return pa.nulls(rows.num_rows, pa.string())


def curve(found: Sequence[tuple[Cohort, Found]], now: datetime) -> list[dict[str, float]]:
    """Return by ``days``: the ``share`` of rows that had their label so many days after they were asked.

    Of ``rows`` that old alone, so that what is still to come does not count as late.
    """
    if not found:
        return []
    ages = np.concatenate([(now.timestamp() - cohort.asked) / _DAY for cohort, _ in found])
    delays = np.concatenate([one.delays for _, one in found])
    points = []
    for day in range(1, min(int(ages.max(initial=0.0)), _POINTS) + 1):
        old = ages >= day
        points.append({"days": day, "share": float((delays[old] <= day).mean()), "rows": int(old.sum())})
    return points
