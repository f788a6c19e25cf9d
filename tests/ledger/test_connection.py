import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from vigil.errors import LedgerError
from vigil.ledger import connection as connection_module
from vigil.ledger import schema
from vigil.ledger.connection import migrate, open_engine, sqlite_path


def tables(engine):
    """Return the names of a database's tables, alembic's own left out."""
    return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}


def test_a_new_ledger_has_the_newest_schema(tmp_path):
    """Opened for the first time a ledger has every table with the columns, keys and rules of the schema."""
    engine = open_engine("sqlite:///deep/down/ledger.db", root=tmp_path)
    look = sa.inspect(engine)
    assert tables(engine) == set(schema.metadata.tables)
    for name, table in schema.metadata.tables.items():
        made = {column["name"]: column for column in look.get_columns(name)}
        assert set(made) == set(table.c.keys())
        assert {key: made[key]["nullable"] for key in made} == {c.name: bool(c.nullable) for c in table.c}
        assert look.get_pk_constraint(name)["constrained_columns"] == [c.name for c in table.primary_key]
    assert look.get_unique_constraints("batches")[0]["column_names"] == ["project", "order"]
    engine.dispose()


def test_a_new_ledger_is_what_the_migrations_make(tmp_path):
    """Made at once, a database has the very tables and indexes, and the version, of one that was migrated."""
    made = open_engine("sqlite:///made.db", root=tmp_path)
    moved = open_engine("sqlite:///moved.db", root=tmp_path)
    migrate(moved, "base")
    migrate(moved, revisions()[0])
    migrate(moved)
    asked = ("SELECT type, name, sql FROM sqlite_master", "SELECT * FROM alembic_version")
    for one in asked:
        both = []
        for engine in (made, moved):
            with engine.connect() as connection:
                rows = connection.execute(sa.text(one)).all()
            both.append(sorted(tuple(" ".join(str(cell).split()) for cell in row) for row in rows))
        assert both[0] == both[1]
    made.dispose()
    moved.dispose()


def test_opening_again_keeps_what_is_there(tmp_path):
    """A second opening migrates nothing and loses nothing."""
    first = open_engine("sqlite:///l.db", root=tmp_path)
    with first.begin() as connection:
        connection.execute(schema.facts.insert().values(project="p", key="k", value="v"))
    first.dispose()
    second = open_engine("sqlite:///l.db", root=tmp_path)
    with second.connect() as connection:
        assert connection.execute(sa.select(schema.facts.c.value)).scalar() == "v"
    second.dispose()


def test_migrations_go_down_and_up(tmp_path):
    """Down to nothing every table goes; up again they are all there."""
    engine = open_engine("sqlite:///l.db", root=tmp_path)
    migrate(engine, "base")
    assert tables(engine) == set()
    migrate(engine)
    assert tables(engine) == set(schema.metadata.tables)
    with engine.connect() as connection:
        version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    assert version == schema.HEAD
    engine.dispose()


def test_the_database_can_be_read_while_it_is_written(tmp_path):
    """SQLite keeps a log beside the file, and waits for another writer."""
    engine = open_engine("sqlite:///l.db", root=tmp_path)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    engine.dispose()


@pytest.mark.parametrize(
    "url", ["nonsense", "sqlite:////proc/none/l.db", "mysql://u:p@h/d", "sqlite:///folder", ""]
)
def test_what_cannot_be_opened_is_said(tmp_path, url):
    """A URL that is none, another database, a folder: one message that names the setting."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(LedgerError, match="setting 'ledger'"):
        open_engine(url, root=tmp_path)


def test_a_password_is_never_shown(tmp_path):
    """A fault that names the database leaves the password out."""
    with pytest.raises(LedgerError) as caught:
        open_engine("postgresql+pg8000://me:secret@127.0.0.1:1/none", root=tmp_path)
    assert "secret" not in str(caught.value)


def test_a_damaged_file_is_said(tmp_path):
    """Bytes that are no database end in a LedgerError."""
    (tmp_path / "l.db").write_bytes(b"nonsense" * 500)
    with pytest.raises(LedgerError, match="cannot be opened"):
        open_engine("sqlite:///l.db", root=tmp_path)


def test_a_ledger_of_a_newer_version_is_left_alone(tmp_path):
    """An older program does not touch a database that a newer one has migrated, and says so."""
    open_engine("sqlite:///l.db", root=tmp_path).dispose()
    with closing(sqlite3.connect(tmp_path / "l.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerError):
        open_engine("sqlite:///l.db", root=tmp_path)
    with closing(sqlite3.connect(tmp_path / "l.db")) as database:
        assert database.execute("SELECT count(*) FROM facts").fetchone() == (0,)


def test_a_fault_in_use_is_ours(tmp_path):
    """What the database objects to later is a LedgerError too, in its own first words."""
    engine = open_engine("sqlite:///l.db", root=tmp_path)
    with (
        pytest.raises(LedgerError, match="the database said: no such table: none_such"),
        engine.connect() as db,
    ):
        db.execute(sa.text("SELECT * FROM none_such"))
    engine.dispose()


def test_only_a_file_has_a_path(tmp_path):
    """A SQLite URL names a file, relative to the config or absolute; others name none."""
    assert sqlite_path("sqlite:///a/l.db", tmp_path) == tmp_path / "a/l.db"
    assert sqlite_path(f"sqlite:///{tmp_path}/l.db", tmp_path / "else") == tmp_path / "l.db"
    assert sqlite_path("postgresql+pg8000://h/d", tmp_path) is None


def test_the_ledger_is_a_plain_file(tmp_path):
    """Nobody can run it."""
    open_engine("sqlite:///l.db", root=tmp_path).dispose()
    assert not (tmp_path / "l.db").stat().st_mode & stat.S_IXUSR


def test_migrations_go_down_and_up_on_each_database(database, tmp_path):
    """Down to nothing every table goes; up again they are all there, with the schema's columns."""
    engine = open_engine(database, root=tmp_path)
    migrate(engine, "base")
    assert tables(engine) == set()
    migrate(engine)
    look = sa.inspect(engine)
    for name, table in schema.metadata.tables.items():
        assert {column["name"] for column in look.get_columns(name)} == set(table.c.keys())
        assert look.get_pk_constraint(name)["constrained_columns"] == [c.name for c in table.primary_key]
    with engine.connect() as connection:
        version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    assert version == schema.HEAD
    engine.dispose()


def revisions():
    """Return the numbers of all migrations, oldest first."""
    folder = Path(connection_module.__file__).parent / "migrations" / "versions"
    return sorted(path.name[:4] for path in folder.glob("[0-9]*.py"))


@pytest.mark.parametrize("revision", revisions())
def test_a_ledger_of_every_earlier_version_is_brought_up(database, tmp_path, revision):
    """A database that stands at some migration, with a row in each table, keeps its rows up to the newest."""
    engine = open_engine(database, root=tmp_path)
    migrate(engine, revision)
    then = sa.MetaData()
    then.reflect(engine)
    filled = {name: one_row(table) for name, table in then.tables.items() if name != "alembic_version"}
    with engine.begin() as connection:
        for name, row in filled.items():
            connection.execute(then.tables[name].insert().values(**row))
    engine.dispose()
    engine = open_engine(database, root=tmp_path)
    with engine.connect() as connection:
        for name in schema.metadata.tables:
            kept = [dict(row) for row in connection.execute(schema.metadata.tables[name].select()).mappings()]
            if name in filled:
                assert [{key: row[key] for key in filled[name] if key in row} for row in kept] == [
                    filled[name]
                ]
    engine.dispose()


def one_row(table):
    """Return a value of the right kind for each column of a table."""
    made = {}
    for column in table.columns:
        kind = column.type
        if isinstance(kind, sa.JSON):
            made[column.name] = {"kept": [1, None, "ü"]}
        elif isinstance(kind, sa.Boolean):
            made[column.name] = True
        elif isinstance(kind, sa.Integer):
            made[column.name] = 7
        elif isinstance(kind, sa.Float):
            made[column.name] = 0.25
        else:
            made[column.name] = "word"
    return made
