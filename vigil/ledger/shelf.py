"""What every part of the ledger shares: a database, a project's name, the time, and one row to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from vigil.ledger.prepared import Statements

Row = dict[str, Any]
P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound="Shelf")

#: Answers that a shelf remembers, and the rows of the longest: a run over long history must stay small.
_ANSWERS, _LONGEST = 64, 512


def timestamp(moment: datetime) -> str:
    """Write a moment as the ledger keeps it: UTC, microseconds, sortable as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Onward:
    """The project's clock as the ledger uses it: never behind what it has written down before.

    A machine's clock may be set back, and then what happens next would seem to come first. Until
    the clock has caught up, the ledger's time goes on by a microsecond at a time.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._last: datetime | None = None

    def __call__(self) -> datetime:
        """Return the clock's time, or one just after the last when that is later."""
        moment = self._clock()
        if self._last is not None and moment < self._last:
            moment = self._last + timedelta(microseconds=1)
        self._last = moment
        return moment

    def not_before(self, text: str) -> timedelta:
        """Let no later time be before this one of the ledger; return how far behind it the clock is."""
        written = datetime.fromisoformat(text)
        behind = written - self._clock()
        self._last = max(written, self._last or written)
        return max(behind, timedelta(0))


def remembered(method: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
    """Let a shelf answer the same question from memory until it is written to; see ``Shelf.remembering``."""

    @wraps(method)
    def asked(shelf: S, /, *args: P.args, **named: P.kwargs) -> T:
        key = (method.__name__, args, *sorted(named.items()))
        return shelf.recalled(key, lambda: method(shelf, *args, **named))

    return asked


class Shelf:
    """Rows of one table that belong to one project."""

    def __init__(self, engine: Engine, table: sa.Table, project: str, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._table = table
        self._project = project
        self._clock = clock
        self._statements = Statements(table, project)
        self._memory: dict[Any, Any] | None = None

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Remember what is read, as long as nobody else can write: a run holds the project's lock."""
        self._memory = {}
        try:
            yield
        finally:
            self._memory = None

    def recalled(self, key: Any, read: Callable[[], T]) -> T:
        """Return what is remembered under a key, else what is read; rows are the caller's own to change."""
        if self._memory is None:
            return read()
        if key in self._memory:
            found: T = self._memory[key]
        else:
            found = read()
            if isinstance(found, list) and len(found) > _LONGEST:
                return found
            if len(self._memory) >= _ANSWERS:
                del self._memory[next(iter(self._memory))]
            self._memory[key] = found
        return _copied(found)

    def remembers(self, method: Callable[[], object]) -> bool:
        """Say whether the answer of a method that takes nothing is remembered."""
        return self._memory is not None and (method.__name__, ()) in self._memory

    def _forget(self) -> None:
        """Remember nothing of what was read before something was written."""
        if self._memory is not None:
            self._memory.clear()

    def now(self) -> str:
        """Return the project's time as the ledger writes it."""
        return timestamp(self._clock())

    def mine(self, *where: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        """Narrow a query to this project."""
        return sa.and_(self._table.c.project == self._project, *where)

    def find(
        self,
        *where: sa.ColumnElement[bool],
        order: Sequence[Any] = (),
        limit: int | None = None,
        columns: Sequence[Any] = (),
    ) -> list[Row]:
        """Return matching rows (or only `columns` of them) as dicts."""
        query, values = self._statements.select(where, order, limit, columns)
        with self._engine.connect() as connection:
            found = connection.execute(query, values)
            names = tuple(found.keys())
            return [dict(zip(names, row, strict=True)) for row in found]

    def first(self, *where: sa.ColumnElement[bool], order: Sequence[Any] = ()) -> Row | None:
        """Return the first matching row, or None."""
        return next(iter(self.find(*where, order=order, limit=1)), None)

    def put(self, key: Mapping[str, Any], values: Mapping[str, Any], *, replace: bool = True) -> bool:
        """Write the row at `key`; return False when it was there and `replace` is off.

        The run holds the project's lock, so that looking first cannot race; the primary key stands
        behind it all the same.
        """
        self._forget()
        names, at = tuple(key), self._statements.at(key)
        with self._engine.begin() as connection:
            if connection.execute(self._statements.keyed("has", names), at).first():
                if replace:
                    connection.execute(self._statements.keyed("update", names), {**values, **at})
                return replace
            connection.execute(self._table.insert(), {"project": self._project, **key, **values})
            return True

    def put_all(self, rows: Sequence[tuple[Row, Row]]) -> None:
        """Write whole rows, each a key and its values, in one transaction, in the place of what was there."""
        if not rows:
            return
        self._forget()
        same = self._statements.keyed("delete", tuple(rows[0][0]))
        with self._engine.begin() as connection:
            connection.execute(same, [self._statements.at(key) for key, _ in rows])
            whole = [{"project": self._project, **key, **values} for key, values in rows]
            connection.execute(self._table.insert(), whole)

    def change(self, values: Mapping[str, Any], *where: sa.ColumnElement[bool]) -> int:
        """Update matching rows, by values or by expressions of their columns; return how many."""
        self._forget()
        same, at = self._statements.update(where)
        # What the database computes is a part of the statement, and no value that is bound to it.
        computed = {name: value for name, value in values.items() if isinstance(value, sa.ClauseElement)}
        plain = {name: value for name, value in values.items() if name not in computed}
        with self._engine.begin() as connection:
            return connection.execute(same.values(computed) if computed else same, {**plain, **at}).rowcount

    def delete(self, *where: sa.ColumnElement[bool]) -> int:
        """Delete matching rows; return how many."""
        self._forget()
        with self._engine.begin() as connection:
            return connection.execute(self._table.delete().where(self.mine(*where))).rowcount


def _copied(found: T) -> T:
    """Return rows as dicts of their own; what cannot be changed as it is."""
    copied: Any = found
    if isinstance(found, list):
        copied = [_copied(one) for one in found]
    elif isinstance(found, dict):
        copied = dict(found)
    made: T = copied
    return made
