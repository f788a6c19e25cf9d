"""Rows in quarantine before a new version of the contract: those that it lets in become a batch of their own.

The batch's digest follows from that of the file and the version, and the table's log knows it: cut off
anywhere, the same rows come in once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from vigil import contract as contracts
from vigil.batches.arrival import Accepted, Arrival, NewFile
from vigil.batches.commit import Committer
from vigil.batches.history import History
from vigil.contract import Checked
from vigil.contract.checking import REPEATED
from vigil.errors import FileRefused
from vigil.intake import RawTable
from vigil.ledger.ledger import Ledger
from vigil.records import RELEASED, Batch, Contract
from vigil.table import quarantine
from vigil.table.quarantine import Held
from vigil.table.store import Table

#: The fact that says by which version all rows in quarantine were judged.
JUDGED = "quarantine_judged"


class Rejudging:
    """Judges what one project holds in quarantine; the committer takes in what passes."""

    def __init__(self, committer: Committer, ledger: Ledger, table: Table, output: Path) -> None:
        self._committer = committer
        self._ledger = ledger
        self._table = table
        self._output = output

    def run(self, contract: Contract | None, *, run: int) -> list[Arrival]:
        """Judge every row in quarantine that this version has not judged; return the batches made."""
        if contract is None:
            return []
        arrivals = self._restored(contract, run)
        if self._ledger.facts.get(JUDGED) == str(contract.version):
            return arrivals
        for batch in self._ledger.batches.all():
            arrivals += self._judge(batch, contract, run) if batch.quarantined else []
        self._ledger.facts.set(**{JUDGED: contract.version})
        return arrivals

    def _restored(self, contract: Contract, run: int) -> list[Arrival]:
        """Take rows in again that were let in and whose part of the table was damaged."""
        arrivals = []
        for lost in self._ledger.batches.lost():
            path, mark, version = lost.path.rpartition(RELEASED)
            for batch in self._ledger.batches.all() if mark else ():
                if batch.path == path and _digest(batch, int(version)) == lost.digest:
                    held = quarantine.read(self._output / "quarantine", batch.id)
                    cells = {n: row for n, row in held.cells.items() if held.released.get(n) == int(version)}
                    checked = _checked(cells, held, contract, batch.name, None) if cells else None
                    if checked is not None:
                        accepted = [_accepted(batch, checked, contract, int(version))]
                        arrivals += self._committer.commit(accepted, contract, run=run)
        return arrivals

    def _judge(self, batch: Batch, contract: Contract, run: int) -> list[Arrival]:
        """Judge one batch's rows again, and write down which were let in."""
        folder = self._output / "quarantine"
        held = quarantine.read(folder, batch.id)
        repeats = _repeats(held, contract)
        waiting = {
            line: cells
            for line, cells in held.cells.items()
            if line not in held.released and line not in repeats
        }
        if held.contract >= contract.version or not waiting:
            return []
        checked = _checked(waiting, held, contract, batch.name, self._committer.history)
        arrivals = []
        if checked is not None and checked.table.num_rows:
            accepted = _accepted(batch, checked, contract, contract.version)
            if not self._table.has(accepted.digest):
                arrivals = self._committer.commit([accepted], contract, run=run)
        quarantine.write(folder, batch.id, batch.name, _after(held, checked, contract))
        return arrivals


def _repeats(held: Held, contract: Contract) -> set[int]:
    """Return the lines whose value stood in their file before, where it still has to be the only one."""
    unique = {column.name for column in contract.columns if column.unique}
    return {fault.line for fault in held.faults if fault.rule == REPEATED and fault.column in unique}


def _checked(
    waiting: Mapping[int, Mapping[str, Any]],
    held: Held,
    contract: Contract,
    name: str,
    history: History | None,
) -> Checked | None:
    """Check the waiting rows, by the table as well; None where the version refuses a file such as theirs."""
    names = list(dict.fromkeys(name for cells in waiting.values() for name in cells))
    columns = pa.table({name: _column(cells.get(name) for cells in waiting.values()) for name in names})
    lines = np.array(list(waiting), dtype=np.int64)
    raw = RawTable(columns, lines, (), len(lines), None, (), name, held.decimal)
    try:
        checked = contracts.check(contract, raw)
        return history.judged(contract, checked, lambda: raw) if history is not None else checked
    except FileRefused:
        return None


def _column(cells: Iterable[Any]) -> Any:
    """Return cells of one type as they are, of several as texts."""
    listed = list(cells)
    try:
        return pa.array(listed)
    except pa.ArrowException:
        return pa.array([None if cell is None else str(cell) for cell in listed], pa.string())


def _accepted(batch: Batch, checked: Checked, contract: Contract, version: int) -> Accepted:
    """Return the rows that pass as a file of their own, let in by a version of the contract."""
    path = f"{batch.path}{RELEASED}{version}"
    file = NewFile(Path(f"{batch.name}, out of quarantine"), path, (0, 0, 0))
    passed = replace(checked, faults=(), quarantined=0, rows=checked.table.num_rows, notes=())
    return Accepted(file, _digest(batch, version), passed, contract.version, Held())


def _digest(batch: Batch, version: int) -> str:
    """Return what stands for the rows of a batch that a version let in, in place of a file's digest."""
    return hashlib.sha256(f"{batch.digest}{RELEASED}{version}".encode()).hexdigest()


def _after(held: Held, checked: Checked | None, contract: Contract) -> Held:
    """Return what the quarantine holds afterwards: the rows let in marked, the faults of the others anew."""
    let_in = set(checked.lines.tolist()) if checked is not None else set()
    released = {**held.released, **dict.fromkeys(let_in, contract.version)}
    anew = {fault.line for fault in checked.faults} if checked is not None else set()
    faults = [fault for fault in held.faults if fault.line not in anew]
    faults += checked.faults if checked is not None else []
    ordered = tuple(sorted(faults, key=lambda fault: fault.line))
    return replace(held, faults=ordered, contract=contract.version, released=released)
