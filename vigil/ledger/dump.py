"""One project's rows of the ledger as lines of JSON: the same from SQLite and PostgreSQL, and into either."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from vigil.errors import LedgerError
from vigil.ledger.connection import migrate
from vigil.ledger.schema import HEAD, metadata

#: Rows that are written to the database together.
_AT_ONCE = 500


def dump(engine: Engine, project: str) -> Iterator[str]:
    """Yield every row of a project, in one transaction: the table's name, and its values by column."""
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            query = sa.select(table).where(table.c.project == project).order_by(*table.primary_key)
            for row in connection.execute(query).mappings():
                yield json.dumps([table.name, dict(row)], ensure_ascii=False)


def has_rows(engine: Engine, project: str | None = None) -> bool:
    """Say whether the ledger holds anything, of one project or of any."""
    with engine.connect() as connection:
        return any(
            connection.execute(
                sa.select(sa.literal(1))
                .select_from(table)
                .where(table.c.project == project if project else sa.true())
                .limit(1)
            ).first()
            for table in metadata.sorted_tables
        )


def forget(engine: Engine, project: str) -> None:
    """Delete every row of a project."""
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(table.delete().where(table.c.project == project))


def load(engine: Engine, lines: Iterable[str], *, revision: str) -> None:
    """Write dumped rows of the schema ``revision`` in one transaction, and bring them to the newest schema.

    Raises LedgerError when they are of a newer version, or of an older one and the database is in use.
    """
    where = engine.url.render_as_string(hide_password=True)
    if revision > HEAD:
        what = "the backup is of a newer version of Vigil."
        raise LedgerError(what, where=where, hint="Restore it with that version.")
    if revision != HEAD:
        if has_rows(engine):
            what = "the backup is of an older version of Vigil, and the database is in use."
            raise LedgerError(what, where=where, hint="Restore it into an empty database.")
        migrate(engine, revision)
    then = sa.MetaData()
    then.reflect(engine)
    with engine.begin() as connection:
        for name, rows in _grouped(lines):
            connection.execute(then.tables[name].insert(), rows)
    migrate(engine)


def _grouped(lines: Iterable[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield rows of one table together, a few hundred at a time."""
    current, rows = "", list[dict[str, Any]]()
    for line in lines:
        name, row = json.loads(line)
        if rows and (name != current or len(rows) >= _AT_ONCE):
            yield current, rows
            rows = []
        current = name
        rows.append(row)
    if rows:
        yield current, rows
