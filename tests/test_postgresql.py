"""A project whose ledger is on PostgreSQL: the whole tick, its lock, and what cuts it off."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.crash import tracing, world
from tests.crash.told import told
from vigil.errors import Busy, LedgerError

HERE = Path(__file__).parent / "crash"
untraceable = tracing.unsupported()


def test_a_whole_tick(new_site, postgresql):
    """Files in, a first release, an alarm, a retraining and its gate: as with a ledger in a file."""
    told = []
    for folder, ledger in (("a", postgresql), ("b", "sqlite:///ledger.db")):
        site = new_site(folder, key=["customer"], ledger=ledger)
        site.leavers("1.csv", 700)
        site.tick()
        site.write(
            "broken.csv", "customer,activity,staff,region,left\nc\0,many,1,north,yes\nd,1,1,north,no\n"
        )
        site.write("none.csv", "nothing\n")
        site.leavers("2.csv", 1500, seed=2, turned=True)
        found = site.tick()
        ledger = world.state(site.root)["ledger"]
        del ledger["files"]  # whose stamps differ: they are files of two folders
        told.append((site.outcomes(found), [file["status"] for file in found["files"]], ledger))
    assert told[0][0][-2:] == [("plan", "retrain"), ("gate", "promote")]
    assert told[0] == told[1]


def test_two_machines_cannot_tick_at_once(new_site, postgresql):
    """Two folders, one ledger: of two runs at once the second says that it is busy, and does nothing."""
    first, second = (new_site(folder, ledger=postgresql).project() for folder in ("here", "there"))
    with (
        first.locked(),
        pytest.raises(Busy, match="on another machine"),
        second.locked(),
    ):
        pytest.fail("both have the lock")
    with second.locked():
        assert second.ledger.runs.latest() == []


def test_a_server_that_is_down_is_said(new_site):
    """A ledger that does not answer is one message that names the setting, without a password."""
    site = new_site(ledger="postgresql+pg8000://me:secret@127.0.0.1:1/none")
    command = [sys.executable, "fullprocess.py", "--config", str(site.config)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parents[1], check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "setting 'ledger'" in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.skipif(bool(untraceable), reason=untraceable)
def test_kills(database_server, tmp_path):
    """A tick killed before what it writes or sends, and then a tick: the state of an undisturbed one."""
    start = database_server.create()
    world.make(tmp_path, ledger=database_server.url(start))
    command = [
        sys.executable,
        HERE / "tick.py",
        tmp_path / "project/config.json",
        "--folder",
        tmp_path / "first",
    ]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    tried = told(tmp_path, tmp_path / "s", "second", 8)
    assert sum(point["killed"] for point in tried) >= 6
    assert any(point["call"].startswith("send") for point in tried)
    wrong = [point for point in tried if point["differences"]]
    assert not wrong, json.dumps(wrong, indent=1)
    database_server.drop(start)


def test_a_restarted_server_ends_the_run_in_words(new_site, postgresql):
    """A tick whose connections are cut ends with a message; the next one takes up its work."""
    site = new_site(ledger=postgresql)
    project = site.project()
    with project.locked():
        other = sa.create_engine(postgresql, isolation_level="AUTOCOMMIT")
        with other.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        other.dispose()
        with pytest.raises(LedgerError, match="Nothing was lost"):
            project.ledger.facts.set(idle="yes")
    site.leavers("1.csv", 300)
    assert site.tick()["files"][0]["status"] == "ingested"
