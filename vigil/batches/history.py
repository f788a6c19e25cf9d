"""Values that have to be unique in the whole table: those of a new file that stand in another row already.

A row that is in the table as it is comes again as a duplicate and is dropped as such. One that has another
row's value, and differs from it, breaks the rule; the first to come stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vigil.contract import Checked
from vigil.contract.checking import SHOWN_LETTERS
from vigil.intake import RawTable, listed
from vigil.ledger.ledger import Ledger
from vigil.records import ORDER_COLUMN, Contract, RowFault
from vigil.storage import durable
from vigil.table import hashing
from vigil.table.firsts import WAITING, Firsts
from vigil.table.seen import Seen
from vigil.table.store import Table

Orders = npt.NDArray[np.int64]

_FOLDER = "unique-"


class History:
    """What the table holds of columns whose values have to be unique, each with an index of its own.

    The indexes lie beside that of the rows; one that is not what the table holds is made anew there, or
    ``aside`` where nothing may change. ``settle`` commits the files that wait for others.
    """

    def __init__(
        self, ledger: Ledger, table: Table, seen: Seen, *, drop: bool, aside: Path | None = None
    ) -> None:
        self._ledger = ledger
        self._table = table
        self._seen = seen
        self._drop = drop
        self._aside = aside or seen.root
        self._indexes: dict[str, Firsts] = {}
        self.settle: Callable[[], None] = _nothing_waits

    def judged(self, contract: Contract, checked: Checked, raw: Callable[[], RawTable]) -> Checked:
        """Part the valid rows with a value of another row in the table from the others.

        ``raw`` is asked for the file's cells only if there are such rows.
        """
        found = self._elsewhere(contract, checked.table)
        if any((orders == WAITING).any() for orders in found.values()):
            self.settle()
            found = self._elsewhere(contract, checked.table)
        broken = np.zeros(checked.table.num_rows, dtype=bool)
        for orders in found.values():
            broken |= orders > 0
        broken = self._without_identical(contract, checked.table, broken)
        if not broken.any():
            return checked
        faults = list(self._faults(found, broken, checked, raw()))
        table = checked.table.filter(pa.array(~broken))
        return replace(
            checked,
            table=table,
            lines=checked.lines[~broken],
            faults=tuple(sorted([*checked.faults, *faults], key=lambda fault: fault.line)),
            quarantined=checked.quarantined + int(broken.sum()),
        )

    def hold(self, contract: Contract, rows: pa.Table) -> None:
        """Keep the values of rows, and the orders of their batches; rows without one wait for others."""
        names = _unique(contract)
        if names:
            waiting = ORDER_COLUMN not in rows.column_names
            orders = np.full(rows.num_rows, WAITING) if waiting else rows.column(ORDER_COLUMN).to_numpy()
            for name in names:
                self._index(name).hold(rows.column(name), orders)

    def take(self, version: int | None) -> None:
        """Let what is held be part of the indexes, at a version of the table."""
        for index in self._indexes.values():
            index.take(version)

    def discard(self) -> None:
        """Forget what is held."""
        for index in self._indexes.values():
            index.discard()

    def _elsewhere(self, contract: Contract, rows: pa.Table) -> dict[str, Orders]:
        """Return by column which batch has the value of each row, for columns where any has."""
        found = {name: self._index(name).orders(rows.column(name)) for name in _unique(contract)}
        return {name: orders for name, orders in found.items() if orders.any()}

    def _without_identical(
        self, contract: Contract, rows: pa.Table, broken: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
        """Leave out rows that are in the table as they are, where such are dropped."""
        if not self._drop or not broken.any():
            return broken
        same = np.zeros(len(broken), dtype=bool)
        same[broken] = self._seen.known(hashing.of_columns(rows.filter(pa.array(broken)), contract.kept))
        return broken & ~same

    def _faults(
        self, found: dict[str, Orders], broken: npt.NDArray[np.bool_], checked: Checked, raw: RawTable
    ) -> Iterator[RowFault]:
        """Write out which value of which row stands where."""
        for name, orders in found.items():
            rows = np.flatnonzero(broken & (orders > 0))
            lines = checked.lines[rows]
            cells = listed(raw.columns.column(name).take(np.searchsorted(raw.lines, lines)))
            names = {order: self._name(order) for order in np.unique(orders[rows]).tolist()}
            for line, cell, order in zip(lines.tolist(), cells, orders[rows].tolist(), strict=True):
                yield RowFault(line, name, str(cell)[:SHOWN_LETTERS], f"stands in {names[order]} already")

    def _name(self, order: int) -> str:
        """Return the name of a batch, for people."""
        return next((one.name for one in self._ledger.batches.all(after=order - 1, through=order)), "a batch")

    def _index(self, name: str) -> Firsts:
        """Return a column's index, made anew where it is not what the table holds."""
        if name not in self._indexes:
            index = Firsts(self._seen.root / _folder(name), name)
            if not index.covers(self._table):
                index = Firsts(self._aside / _folder(name), name)
                index.rebuild(self._table)
            self._indexes[name] = index
        return self._indexes[name]


def forget(seen: Path) -> None:
    """Delete all indexes beside that of the rows; the next tick makes anew what it needs."""
    for folder in seen.glob(f"{_FOLDER}*"):
        durable.remove_tree(folder)


def forget_columns(seen: Path, names: Iterable[str]) -> None:
    """Delete the indexes of some columns, of which some may have none."""
    for name in names:
        durable.remove_tree(seen / _folder(name))


def _folder(name: str) -> str:
    """Return the name of the folder that has a column's index."""
    return f"{_FOLDER}{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _unique(contract: Contract) -> list[str]:
    """Return the columns whose values have to be unique in the table."""
    return [column.name for column in contract.kept if column.unique is True]


def _nothing_waits() -> None:
    """There are no files that wait for others."""
