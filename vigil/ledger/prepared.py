"""Statements of one table that are put together once for each form, and then asked with other values.

SQLAlchemy builds a statement from objects and looks its text up by their form. For the short questions of a
ledger that takes several times as long as the answer, so that the statement itself is kept, by a key that
costs little. What is of an unusual form is built anew each time, as ever.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, False_, Null, True_, UnaryExpression

#: How a column may be held against a value that changes from one time to the next.
_COMPARED = {
    operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge, operators.in_op,
}  # fmt: skip
#: How it may be held against nothing, or against yes and no.
_ASKED = {operators.is_, operators.is_not}

#: What the parameters are called; no column is called so.
_MINE, _MOST = "of_project", "at_most"

Values = dict[str, Any]


class Statements:
    """The statements of one table about the rows of one project."""

    def __init__(self, table: sa.Table, project: str) -> None:
        self._table = table
        self._mine = {_MINE: project}
        self._kept: dict[Any, Any] = {}

    def select(
        self, where: Sequence[Any], order: Sequence[Any], limit: int | None, columns: Sequence[Any]
    ) -> tuple[Any, Values]:
        """Return the question after some rows and the values that go with it."""
        forms, values = self._forms(where)
        sorting = [self._sorting(one) for one in order]
        named = [one.name if self._is_own(one) else None for one in columns]
        key = None
        if None not in forms and None not in sorting and None not in named:
            key = ("select", *forms, "by", *sorting, "of", *named, limit is None)
        values |= {} if limit is None else {_MOST: limit}
        return self._once(key, lambda: self._selected(where, order, limit, columns)), values

    def update(self, where: Sequence[Any]) -> tuple[Any, Values]:
        """Return the change of some rows, for execution with the new values besides the ones returned."""
        forms, values = self._forms(where)
        key = None if None in forms else ("update", *forms)
        return self._once(key, lambda: self._table.update().where(*self._bound(where))), values

    def keyed(self, act: str, names: Sequence[str]) -> Any:
        """Return the statement that asks after (``has``), updates or deletes the row at a key's columns.

        Its parameters are those that ``at`` returns.
        """
        return self._once((act, *names), lambda: self._of_key(act, names))

    def at(self, key: Mapping[str, Any]) -> Values:
        """Return the parameters that name one row."""
        return {**self._mine, **{f"at_{name}": value for name, value in key.items()}}

    def _once(self, key: Any, build: Callable[[], Any]) -> Any:
        """Return the statement under a key, built when it is first asked for; without a key, each time."""
        if key is None:
            return build()
        if key not in self._kept:
            self._kept[key] = build()
        return self._kept[key]

    def _selected(
        self, where: Sequence[Any], order: Sequence[Any], limit: int | None, columns: Sequence[Any]
    ) -> Any:
        query = sa.select(*(columns or [self._table])).where(*self._bound(where)).order_by(*order)
        return query if limit is None else query.limit(sa.bindparam(_MOST, type_=sa.Integer))

    def _of_key(self, act: str, names: Sequence[str]) -> Any:
        table = self._table
        same = [table.c.project == sa.bindparam(_MINE)]
        same += [table.c[name] == sa.bindparam(f"at_{name}") for name in names]
        if act == "has":
            return sa.select(sa.literal_column("1")).select_from(table).where(*same)
        return (table.update() if act == "update" else table.delete()).where(*same)

    def _bound(self, where: Sequence[Any]) -> list[Any]:
        """Return conditions whose values are parameters, besides the one that narrows to the project."""
        own = self._table.c.project == sa.bindparam(_MINE)
        return [own, *(self._parametrised(one, place) for place, one in enumerate(where))]

    def _parametrised(self, condition: Any, place: int) -> Any:
        if not self._is_compared(condition):
            return condition
        right = condition.right
        value = sa.bindparam(f"value_{place}", type_=right.type, expanding=right.expanding)
        return condition.left.operate(condition.operator, value)

    def _forms(self, where: Sequence[Any]) -> tuple[list[Any], Values]:
        """Return what is the same in each condition from one time to the next, and the values."""
        forms, values = [], dict(self._mine)
        for place, condition in enumerate(where):
            if self._is_compared(condition):
                values[f"value_{place}"] = condition.right.value
                forms.append((condition.left.name, condition.operator))
            else:
                forms.append(self._constant(condition))
        return forms, values

    def _is_compared(self, condition: Any) -> bool:
        """Say whether a condition holds a column of the table against one value."""
        return (
            isinstance(condition, BinaryExpression)
            and condition.operator in _COMPARED
            and isinstance(condition.right, BindParameter)
            and self._is_own(condition.left)
        )

    def _constant(self, condition: Any) -> Any:
        """Return the form of a condition without values; None for an unusual one."""
        if not isinstance(condition, BinaryExpression) or condition.operator not in _ASKED:
            return None
        known = self._is_own(condition.left) and isinstance(condition.right, Null | True_ | False_)
        return (condition.left.name, condition.operator, type(condition.right)) if known else None

    def _sorting(self, by: Any) -> Any:
        """Return the form of a part of the order; None for an unusual one."""
        if self._is_own(by):
            return by.name
        if isinstance(by, UnaryExpression) and self._is_own(by.element):
            return by.element.name, by.modifier
        return self._constant(by)

    def _is_own(self, column: Any) -> bool:
        return isinstance(column, sa.Column) and column.table is self._table
