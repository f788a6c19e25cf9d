"""Every outcome as it arrived, with what it is about and from when on it held: nothing is overwritten.

An outcome that corrects another is a later row. What was known at a moment are the rows that had
arrived by then, the last one for each case, so that any past state can be asked for again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from vigil import figures, intake
from vigil.arrow import pc
from vigil.contract import cells, columns
from vigil.errors import FileRefused
from vigil.outcomes import matching
from vigil.predictions import segments
from vigil.records import BATCH_COLUMN, HASH_COLUMN, LINE_COLUMN, ORDER_COLUMN, Contract
from vigil.table.store import Table

ABOUT, LABEL, VALID, ARRIVED = "_vigil_about", "_vigil_label", "_vigil_valid", "_vigil_arrived"
#: Columns of an outcomes file beside key and target, when the data has none of these names.
REQUEST, ROW, VALID_FOR = "request", "row", "valid_for"

_MOMENT = pa.timestamp("us", tz="UTC")


class Outcome(msgspec.Struct, array_like=True, frozen=True):
    """One outcome: ``about`` by `matching`, ``valid`` and ``arrived`` in seconds since 1970."""

    about: str
    label: str
    valid: float | None
    arrived: float


@dataclass(frozen=True, slots=True)
class Known:
    """The last word on one case: the label, the moment that it holds for, when it first and last arrived."""

    label: str
    valid: float
    first_arrived: float
    arrived: float


def table(output: Path) -> Table:
    """Return the table of outcomes."""
    return Table(output / "outcomes" / "table")


def folder(output: Path) -> Path:
    """Return where the service leaves what was sent to it."""
    return output / "outcomes" / "segments"


def receive(output: Path, outcomes: Iterable[Outcome]) -> None:
    """Write outcomes down, for the next tick; on return they are on the disk. Raises OSError."""
    writer = segments.Segments(folder(output))
    try:
        writer.write([msgspec.msgpack.encode(outcome) for outcome in outcomes])
        writer.close()
    except OSError:
        writer.abandon()
        raise


def collect(output: Path) -> int:
    """Move what the service has received into the table, exactly once; return how many outcomes."""
    found = segments.closed(folder(output))
    into = table(output)
    new = [path for path in found if not into.has(path.stem)]
    decoder = msgspec.msgpack.Decoder(Outcome)
    outcomes = [decoder.decode(content) for path in new for content in segments.records(path)]
    if new:
        _append(into, outcomes, [path.stem for path in new])
    for path in found:
        path.unlink()
    return len(outcomes)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file: outcomes taken in, lines left out, and why the first of these was."""

    count: int
    left: int = 0
    why: str = ""

    def __str__(self) -> str:
        """Say it."""
        left = f", {self.left:,} left out. {self.why}" if self.left else "."
        return f"{figures.counted(self.count, 'outcome')} taken in{left}"


def take_file(output: Path, path: Path, contract: Contract, arrived: float) -> Taken:
    """Take one file of outcomes in, exactly once; return how many it had that were not in yet.

    It has the target's column and either the key's, or ``request`` and ``row``; ``valid_for`` may say
    from when on each holds. A line that names no case, no label that the contract knows, or a moment that is
    none is left out.
    Raises FileRefused when those columns are not there, or the file cannot be read.
    """
    digest = intake.digest(path)
    into = table(output)
    if into.has(digest):
        return Taken(0)
    raw = intake.read(path)
    decimal = columns.decimal_of_file(raw)
    kinds = {column.name: column.kind for column in contract.columns}
    own: dict[str, Any] = {REQUEST: "text", ROW: "number", VALID_FOR: "date"}
    present = [name for name in raw.columns.column_names if name in kinds or name in own]
    typed = {n: columns.typed(raw.columns.column(n), (own | kinds)[n], decimal) for n in present}
    rows = pa.table({name: column.values for name, column in typed.items()})
    target = contract.target.name
    about = _about(rows, contract, raw.name)
    if target not in present:
        raise FileRefused(f"has no column {target!r}.", where=raw.name)
    moments: list[Any] = rows.column(VALID_FOR).to_pylist() if VALID_FOR in present else [None] * len(about)
    labels = [cells.text_of(cell) for cell in rows.column(target).to_pylist()]
    wrong = [_wrong(case, label, contract) for case, label in zip(about, labels, strict=True)]
    for rule, mask in typed[VALID_FOR].faults.items() if VALID_FOR in present else ():
        for line in np.flatnonzero(mask):
            wrong[line] = wrong[line] or f"has a {VALID_FOR} that is {rule}"
    outcomes = [
        Outcome(case, label, moment and moment.timestamp(), arrived)
        for case, label, moment, why in zip(about, labels, moments, wrong, strict=True)
        if case is not None and label is not None and not why
    ]
    _append(into, outcomes, [digest])
    left = [(line, why) for line, why in zip(raw.lines.tolist(), wrong, strict=True) if why]
    left += [(fault.line, fault.rule) for fault in raw.faults]
    said = "Line {:,} {}.".format(*min(left)) if left else ""
    return Taken(len(outcomes), len(left), said)


def _wrong(case: str | None, label: str | None, contract: Contract) -> str:
    """Say why a line is no outcome; nothing when it is one."""
    if case is None:
        return "does not say whom it is about"
    if label is None:
        return f"has no {contract.target.name} that can be read"
    if contract.classes and label not in contract.classes:
        return f"has {label!r}, and {contract.target.name} is one of {', '.join(contract.classes)}"
    return ""


def _about(rows: pa.Table, contract: Contract, name: str) -> list[str | None]:
    """Return what each row of a file is about."""
    key = contract.by_role("key")
    if REQUEST in rows.column_names and REQUEST not in {column.name for column in key}:
        requests = rows.column(REQUEST).to_pylist()
        places = rows.column(ROW).to_pylist() if ROW in rows.column_names else [0] * len(requests)
        pairs = zip(requests, places, strict=True)
        return [None if r is None or p is None else matching.of_request(r, int(p)) for r, p in pairs]
    if key and all(column.name in rows.column_names for column in key):
        return matching.of_keys(rows, key)
    wanted = ", ".join(column.name for column in key)
    raise FileRefused(f"names no cases: it needs {wanted or 'a key'}, or request and row.", where=name)


def known(output: Path, *, by: datetime | None = None) -> dict[str, list[Known]]:
    """Return what was known by a moment (now, when None): for each case its outcomes by validity."""
    stored = table(output)
    if not stored.exists():
        return {}
    rows = stored.rows(columns=[ABOUT, LABEL, VALID, ARRIVED])
    if by is not None:
        rows = rows.filter(pc.less_equal(rows.column(ARRIVED), pa.scalar(by, _MOMENT)))
    rows = rows.sort_by(ARRIVED)
    latest: dict[tuple[str, float | None], Known] = {}
    names = (ABOUT, LABEL, VALID, ARRIVED)
    for about, label, valid, arrived in zip(*(rows.column(n).to_pylist() for n in names), strict=True):
        place = (about, valid and valid.timestamp())
        now = arrived.timestamp()
        first = latest[place].first_arrived if place in latest else now
        latest[place] = Known(label, now if valid is None else valid.timestamp(), first, now)
    found: dict[str, list[Known]] = defaultdict(list)
    for (about, _), one in latest.items():
        found[about].append(one)
    for case in found.values():
        case.sort(key=lambda one: one.valid)
    return dict(found)


def _append(into: Table, outcomes: Sequence[Outcome], digests: Sequence[str]) -> None:
    """Write outcomes into the table in one commit that carries their sources' names."""
    count = len(outcomes)
    moments: dict[str, list[int | None]] = {
        VALID: [None if o.valid is None else round(o.valid * 1e6) for o in outcomes],
        ARRIVED: [round(o.arrived * 1e6) for o in outcomes],
    }
    rows: dict[str, Any] = {
        ABOUT: pa.array([o.about for o in outcomes], pa.string()),
        LABEL: pa.array([o.label for o in outcomes], pa.string()),
        **{name: pa.array(times, pa.int64()).cast(_MOMENT) for name, times in moments.items()},
        BATCH_COLUMN: pa.repeat(digests[0], count),
        ORDER_COLUMN: pa.repeat(pa.scalar(into.last_order() + 1, pa.int64()), count),
        LINE_COLUMN: pa.array(np.arange(count), pa.int64()),
        HASH_COLUMN: pa.array([bytes(16)] * count, pa.binary(16)),
    }
    into.append(pa.table(rows), digests)
