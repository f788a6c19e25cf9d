"""The lock that a database keeps, so that two machines cannot run one project at once.

On PostgreSQL it is an advisory lock of a session: the server frees it when the connection ends, also
when the process was killed, and within a minute when its machine was lost. SQLite needs none: its
file is on one machine, where the project's lock file holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from vigil.errors import LedgerError

#: When the server asks whether a silent machine is still there: after how long, how often, how many times.
_KEEPALIVE = {"tcp_keepalives_idle": 30, "tcp_keepalives_interval": 10, "tcp_keepalives_count": 3}


@contextmanager
def held(engine: Engine, project: str) -> Iterator[bool]:
    """Hold the project's lock in the database; yield False, at once, when another session has it.

    While it is held, each transaction of the engine first asks whether it still is: a run that has lost
    it, because the server was restarted, ends with LedgerError and does not write beside another one.
    """
    if engine.dialect.name != "postgresql":
        yield True
        return
    with engine.connect() as session:
        session.execution_options(isolation_level="AUTOCOMMIT")
        for name, value in _KEEPALIVE.items():
            session.exec_driver_sql(f"SET {name} = {value}")
        if not session.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": key(project)}).scalar():
            yield False
            return
        try:
            with _watched(engine, session):
                yield True
        finally:
            _free(session, project)


def key(project: str) -> int:
    """Return the number by which the database knows a project's lock: 64 bits, signed."""
    digest = hashlib.sha256(f"vigil lock {project}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _free(session: Connection, project: str) -> None:
    """Give the lock back; a session that is gone has done so already."""
    try:
        session.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": key(project)})
    except (LedgerError, sa.exc.SQLAlchemyError):
        session.invalidate()


@contextmanager
def _watched(engine: Engine, session: Connection) -> Iterator[None]:
    """Let every transaction begin with the question whether the session with the lock still lives."""

    def ask(connection: Connection) -> None:
        if connection is session:
            return
        try:
            session.exec_driver_sql("SELECT 1")
        except (LedgerError, sa.exc.SQLAlchemyError) as error:
            hint = "Nothing was lost: the next run takes up the work where this one stopped."
            what = "the database was restarted or cut off, and this run's lock with it."
            where = engine.url.render_as_string(hide_password=True)
            raise LedgerError(what, where=where, hint=hint) from error

    sa.event.listen(engine, "begin", ask)
    try:
        yield
    finally:
        sa.event.remove(engine, "begin", ask)
