"""What is guessed from all cells of a column, where a file is read in blocks: by a pass of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pyarrow as pa

from vigil.contract.columns import VOTING_ROWS, date_orders, decimal_of_file, more_usual, one_order, signs
from vigil.errors import FileRefused
from vigil.intake import Blocks, RawTable
from vigil.records import Column, Contract


@dataclass(frozen=True, slots=True)
class Guesses:
    """A file's usual decimal sign, and by column its own, or what comes first in its dates."""

    decimal: str
    columns: dict[str, str]

    def known(self, raw: RawTable) -> RawTable:
        """Return a block that is typed by these guesses."""
        return replace(raw, decimal=self.decimal, guesses=self.columns)


@dataclass(slots=True)
class _Votes:
    """What the cells of a column of numbers show; ``passed`` when some with a point were not counted."""

    points: int = 0
    commas: int = 0
    passed: bool = False

    def add(self, found: tuple[int, int] | None) -> None:
        self.passed |= found is None
        points, commas = found or (0, 0)
        self.points, self.commas = self.points + points, self.commas + commas


@dataclass(slots=True)
class _Seen:
    """What the blocks show so far, by column."""

    votes: dict[str, _Votes] = field(default_factory=dict)
    orders: dict[str, set[str]] = field(default_factory=dict)


def settled(contract: Contract, blocks: Blocks) -> Guesses:
    """Guess from all blocks what `contract.check` guesses from a file that is read whole.

    Raises FileRefused where going through the blocks does.
    """
    decimal = _decimal(blocks)
    open_columns = [one for one in contract.kept if not _is_fixed(one)]
    seen = _counted(blocks, open_columns, quickly=decimal == ".")
    unsure = [one for one in open_columns if one.name in seen.votes and _is_unsure(seen.votes[one.name])]
    if unsure:
        seen.votes |= _counted(blocks, unsure, quickly=False).votes
    numbers = {name: more_usual(one.points, one.commas, decimal) for name, one in seen.votes.items()}
    return Guesses(decimal, numbers | {name: one_order(orders) for name, orders in seen.orders.items()})


def _is_fixed(column: Column) -> bool:
    """Say whether the contract itself says how a column is written."""
    return bool(column.decimal or column.date_order)


def _is_unsure(votes: _Votes) -> bool:
    """Say whether cells that were passed over would have counted."""
    return votes.passed and votes.commas > 0


def _decimal(blocks: Blocks) -> str:
    """Return the file's usual decimal sign, by its first rows."""
    first: list[RawTable] = []
    for raw in blocks:
        first.append(raw)
        if sum(one.columns.num_rows for one in first) >= VOTING_ROWS:
            break
    return decimal_of_file(replace(first[0], columns=pa.concat_tables([one.columns for one in first])))


def _counted(blocks: Iterable[RawTable], columns: list[Column], *, quickly: bool) -> _Seen:
    """Go through all blocks and count what their cells show."""
    seen = _Seen()
    for raw in blocks:
        for column in columns:
            if column.name in raw.columns.column_names:
                _LOOKS.get(column.kind, _nothing)(seen, raw, column.name, quickly)
    return seen


def _look_at_numbers(seen: _Seen, raw: RawTable, name: str, quickly: bool) -> None:
    with suppress(FileRefused):  # cells that are no single values: the check says so
        seen.votes.setdefault(name, _Votes()).add(signs(raw.columns.column(name), quickly=quickly))


def _look_at_dates(seen: _Seen, raw: RawTable, name: str, _quickly: bool) -> None:
    with suppress(FileRefused):  # cells that are no single values: the check says so
        seen.orders.setdefault(name, set()).update(date_orders(raw.columns.column(name)))


def _nothing(_seen: _Seen, _raw: RawTable, _name: str, _quickly: bool) -> None:
    """Of categories and texts nothing is guessed."""


_LOOKS: dict[str, Callable[[_Seen, RawTable, str, bool], None]] = {
    "number": _look_at_numbers,
    "date": _look_at_dates,
}
