"""Opening the ledger: SQLite beside the config, or PostgreSQL by its URL, brought to the newest schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from vigil.errors import LedgerError
from vigil.ledger.schema import HEAD, metadata

#: Where alembic notes which migration a database stands at.
_VERSION = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

#: How long a writer waits for another one before it gives up, in milliseconds.
BUSY_TIMEOUT = 30_000


def open_engine(url: str, *, root: Path) -> Engine:
    """Return an engine for `url` with the newest schema in place; a relative SQLite path starts at `root`.

    Raises LedgerError when the URL cannot be used or the database cannot be opened or brought up to date.
    """
    try:
        engine = sa.create_engine(_absolute(url, root), pool_pre_ping=not url.startswith("sqlite"))
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _prepare_sqlite)
        _upgrade(engine)
        sa.event.listen(engine, "handle_error", _in_our_words)
    except (SQLAlchemyError, ImportError, OSError) as error:
        what = f"cannot be opened ({_first_line(error)})."
        hint = "Check the setting 'ledger', that the database runs, and that its disk has room."
        raise LedgerError(what, where=_shown(url), hint=hint) from error
    return engine


def sqlite_path(url: str, root: Path) -> Path | None:
    """Return the file behind a SQLite URL, or None for another database."""
    prefix = "sqlite:///"
    return root / url.removeprefix(prefix) if url.startswith(prefix) else None


def _upgrade(engine: Engine) -> None:
    """Bring an older schema up; a newer one belongs to a newer program, and is left alone."""
    with engine.connect() as connection:
        revision = _revision(connection) or ""
    if revision > HEAD:
        hint = "Use the newer version, or another 'ledger'."
        raise LedgerError(
            "was written by a newer version of Vigil.", where=_shown(str(engine.url)), hint=hint
        )
    migrate(engine)


def migrate(engine: Engine, target: str = HEAD) -> None:
    """Bring the schema up or down to `target`, ``base`` for nothing; alembic is imported for work only."""
    with engine.connect() as connection:
        revision = _revision(connection)
    if revision == target:
        return
    if revision is None and target == HEAD:
        _make(engine)
    else:
        _move(engine, target)


def _make(engine: Engine) -> None:
    """Make the tables of an empty database as they are now, and note what they are, as migrations would."""
    with engine.begin() as connection:
        _alone(connection)
        if _revision(connection) is None:
            metadata.create_all(connection)
            _VERSION.create(connection, checkfirst=True)
            connection.execute(_VERSION.insert().values(version_num=HEAD))


def _move(engine: Engine, target: str) -> None:
    """Take the migrations that lead from where the database is to `target`."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        _alone(connection)
        revision = _revision(connection) or ""
        if revision == target:
            return
        config.attributes["connection"] = connection
        below = target != "base" and revision < target
        (command.upgrade if below else command.downgrade)(config, target)


def _alone(connection: Connection) -> None:
    """Let one process migrate, in one transaction: Python's SQLite would commit each table by itself."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(7413)"))


def _absolute(url: str, root: Path) -> str:
    """Make the path of a SQLite URL absolute, and its folder exist."""
    path = sqlite_path(url, root)
    if path is None:
        return url
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path}"


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Let readers and one writer work side by side, and let a commit survive a power loss."""
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _in_our_words(context: sa.engine.ExceptionContext) -> None:
    """Turn any fault of the database into ours, so that nobody meets a driver's traceback."""
    fault = context.original_exception
    database = context.engine.url.render_as_string(hide_password=True) if context.engine else "ledger"
    hint = "Nothing was lost: the next run takes up the work where this one stopped."
    raise LedgerError(f"the database said: {_first_line(fault)}.", where=database, hint=hint) from fault


def _revision(connection: Connection) -> str | None:
    """Return the schema's revision, None for an empty database."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _shown(url: str) -> str:
    """Return the URL without a password."""
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return "ledger"


def _first_line(error: BaseException) -> str:
    """Return the database's own first words."""
    return str(getattr(error, "orig", None) or error).split("\n")[0]
