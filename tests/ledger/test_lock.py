import subprocess
import sys
import textwrap

import pytest
import sqlalchemy as sa

from vigil.errors import LedgerError
from vigil.ledger.connection import open_engine
from vigil.ledger.lock import held, key

HOLDER = """
    import sys, time
    from pathlib import Path
    from vigil.ledger.connection import open_engine
    from vigil.ledger.lock import held
    with held(open_engine(sys.argv[1], root=Path(".")), "p") as alone:
        print(alone, flush=True)
        time.sleep(60)
"""


@pytest.fixture
def engine(postgresql, tmp_path):
    """An engine on PostgreSQL."""
    made = open_engine(postgresql, root=tmp_path)
    yield made
    made.dispose()


def test_one_session_has_the_lock(engine, postgresql, tmp_path):
    """A second session is told at once; another project's lock is another one; given back, it is free."""
    other = open_engine(postgresql, root=tmp_path)
    with held(engine, "p") as first, held(other, "p") as second, held(other, "q") as third:
        assert (first, second, third) == (True, False, True)
    with held(other, "p") as again:
        assert again
    other.dispose()


def test_a_fault_gives_the_lock_back(engine, postgresql, tmp_path):
    """Whatever ends a run, its connection goes back without the lock."""
    with pytest.raises(ZeroDivisionError), held(engine, "p"):
        raise ZeroDivisionError
    other = open_engine(postgresql, root=tmp_path)
    with held(other, "p") as alone:
        assert alone
    other.dispose()


def test_a_killed_process_leaves_no_lock(engine, postgresql):
    """The server frees the lock of a process that was killed."""
    command = [sys.executable, "-c", textwrap.dedent(HOLDER), postgresql]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "True\n"
        with held(engine, "p") as alone:
            assert not alone
        child.kill()
        child.wait()
    for _ in range(100):
        with held(engine, "p") as alone:
            if alone:
                return
    pytest.fail("the lock is still held")


def test_a_run_that_lost_its_lock_ends(engine, postgresql):
    """When the server ends the session with the lock, the next transaction is refused in words."""
    with held(engine, "p"):
        other = sa.create_engine(postgresql, isolation_level="AUTOCOMMIT")
        with other.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            )
        other.dispose()
        with pytest.raises(LedgerError, match="this run's lock with it"):
            write_something(engine)


def write_something(engine):
    """Begin a transaction."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT 2")


def test_sqlite_needs_none(tmp_path):
    """On SQLite the lock file is all there is."""
    made = open_engine(f"sqlite:///{tmp_path / 'l.db'}", root=tmp_path)
    with held(made, "p") as one, held(made, "p") as two:
        assert one
        assert two
    made.dispose()


def test_a_key_fits_the_database():
    """A lock's number is a signed one of 64 bits, and differs between projects."""
    assert -(2**63) <= key("p") < 2**63
    assert key("p") != key("q")
