"""The rows a decision rests on: what may be trained on, what chooses, what gates.

Membership is decided by the row itself: a stable hash of its key, else of its feature cells, never of
the label. The same row is on the same side in every snapshot and on every machine.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vigil import contract as contracts
from vigil import intake
from vigil.errors import FileRefused
from vigil.records import HASH_COLUMN, ORDER_COLUMN, Contract
from vigil.table import hashing
from vigil.table.store import Table
from vigil.trials import arrays

TRAIN, CHOOSING, GATING = 0, 1, 2
#: The order of rows from the test folder: before every batch.
BEFORE_ALL = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All rows up to a batch, with every column that was ever kept.

    Arrays have shape (rows,); ``hashes`` (rows, 2) is of the identity. Rows of the table carry its hash, by
    which a profile samples them. ``passed_over`` says which test files could not be used, and why.
    """

    rows: pa.Table
    hashes: npt.NDArray[np.uint64]
    sides: npt.NDArray[np.uint8]
    orders: npt.NDArray[np.int64]
    passed_over: tuple[str, ...] = ()

    def part(self, *sides: int, since: int = BEFORE_ALL) -> npt.NDArray[np.bool_]:
        """Tell which rows are on some sides and in batches from order ``since`` on."""
        chosen: npt.NDArray[np.bool_] = np.isin(self.sides, sides) & (self.orders >= since)
        return chosen

    def batches(self, *sides: int) -> int:
        """Return how many batches have rows on some sides."""
        return len(np.unique(self.orders[self.part(*sides)]))

    def take(self, mask: npt.NDArray[np.bool_]) -> pa.Table:
        """Return the rows of a mask."""
        return self.rows.filter(pa.array(mask))


def snapshot(
    table: Table,
    contract: Contract,
    *,
    through: int,
    holdout: float,
    test_data: Path | None,
    since: int = BEFORE_ALL,
    without: Collection[int] = (),
) -> Snapshot:
    """Return every row of batches ``since`` … ``through``, and the test rows, with their sides.

    Batches of the orders ``without`` are left out: their feed was broken.

    Test rows are held out whatever their hash, and so is every other row with the same identity.
    """
    kept = [name for name in table.schema().names if not name.startswith("_vigil_")]
    rows = arrays.complete(
        table.rows(since=since, through=through, columns=[*kept, ORDER_COLUMN, HASH_COLUMN]),
        contract.kept,
    )
    if without:
        rows = rows.filter(pa.array(~np.isin(rows.column(ORDER_COLUMN).to_numpy(), list(without))))
    tests, passed_over = read_tests(test_data, contract) if test_data else (None, ())
    hashes = hashing.of_columns(rows, contract.identity)
    sides = hashing.side(hashes, holdout)
    orders = rows.column(ORDER_COLUMN).to_numpy().astype(np.int64)
    if tests is not None and tests.num_rows:
        test_hashes = hashing.of_columns(tests, contract.identity)
        sides = np.where(_same_identity(hashes, test_hashes), hashing.side(hashes, 1.0), sides)
        parts = [rows.drop_columns([ORDER_COLUMN]), tests]
        rows = pa.concat_tables(parts, promote_options="default")
        hashes = np.concatenate([hashes, test_hashes])
        sides = np.concatenate([sides, hashing.side(test_hashes, 1.0)])
        orders = np.concatenate([orders, np.full(tests.num_rows, BEFORE_ALL, dtype=np.int64)])
    return Snapshot(rows, hashes, sides.astype(np.uint8), orders, passed_over)


def read_tests(path: Path, contract: Contract) -> tuple[pa.Table | None, tuple[str, ...]]:
    """Return the valid rows of the test file or folder, None when there are none, and what was left out."""
    tables, passed_over = [], []
    for file in _files(path):
        try:
            checked = contracts.check(contract, intake.read(file))
        except FileRefused as refusal:
            passed_over.append(
                f"test file {intake.shown(file)} refused: {refusal.what} {refusal.hint}".strip()
            )
            continue
        tables.append(checked.table)
        if checked.quarantined:
            count = f"{checked.quarantined:,} of {checked.rows:,}"
            passed_over.append(f"test file {intake.shown(file)}: {count} rows are broken and left out.")
    found = pa.concat_tables(tables, promote_options="default") if tables else None
    return found, tuple(passed_over)


def _files(path: Path) -> Sequence[Path]:
    if path.is_dir():
        return sorted(file for file in path.iterdir() if intake.reads(file))
    return [path] if path.is_file() else []


def _same_identity(hashes: npt.NDArray[np.uint64], others: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Tell which hashes, shape (n, 2), stand among others, compared in full."""
    known = {(int(a), int(b)) for a, b in others}
    return np.fromiter(((int(a), int(b)) in known for a, b in hashes), dtype=bool, count=len(hashes))
