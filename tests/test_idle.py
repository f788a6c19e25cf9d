"""A tick with nothing new ends at a glance, and the glance errs on the side of work."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.alerts import receivers
from vigil.ledger import glance

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {
    "sklearn",
    "pandas",
    "matplotlib",
    "sqlalchemy",
    "numpy",
    "pyarrow",
    "pydantic",
    "deltalake",
    "boto3",
}


@pytest.fixture
def idle(site):
    """A project whose last tick left nothing to do."""
    site.leavers("w-1.csv", 200)
    site.tick()
    assert glance.nothing_to_do(site.config)
    return site


def test_an_idle_tick_says_so_and_imports_next_to_nothing(idle):
    """``python fullprocess.py`` with nothing new prints one line; no toolkit is loaded for it."""
    lines, loaded, _ = _quick(idle)
    assert lines == ["Nothing new."]
    assert not HEAVY & loaded


def times(root):
    """Return the time of every file below a folder, but for SQLite's own while it is open, and the mark."""
    passing = ("-shm", "-wal", ".tick")
    files = [path for path in root.rglob("*") if path.is_file() and not path.name.endswith(passing)]
    return {path: path.stat().st_mtime_ns for path in files}


def test_an_idle_tick_writes_nothing(idle):
    """No run, no file and no time of a file changes (the mark of having looked aside)."""
    command = [sys.executable, str(ROOT / "fullprocess.py"), "--config", str(idle.config), "--json"]
    before = times(idle.root)
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(ended.stdout) == {}
    now = times(idle.root)
    assert {path: now.get(path) for path in before} == before


def _edit_config(site):
    site.configure(seed=1)


def _edit_contract(site):
    path = site.root / "ingested/contract.json"
    path.write_text(path.read_text() + "\n")


def _remove_contract(site):
    (site.root / "ingested/contract.json").unlink()


def _new_file(site):
    site.leavers("w-2.csv", 20, seed=2)


def _changed_file(site):
    site.leavers("w-1.csv", 20, seed=2)


def _touched_file(site):
    os.utime(site.arriving / "w-1.csv", ns=(1, 1))


def _replaced_file(site):
    path = site.arriving / "w-1.csv"
    before = path.stat()
    aside = site.arriving / ".aside"
    aside.write_bytes(path.read_bytes())
    os.utime(aside, ns=(before.st_atime_ns, before.st_mtime_ns))
    aside.replace(path)


def _no_input_folder(site):
    (site.arriving / "w-1.csv").unlink()
    site.arriving.rmdir()


def _damaged_ledger(site):
    for path in site.root.glob("ledger.db*"):
        path.write_bytes(b"no database at all" * 100)


def _no_ledger(site):
    for path in site.root.glob("ledger.db*"):
        path.unlink()


def _other_name(site):
    site.configure(name="other")


def _broken_config(site):
    site.config.write_text("{")


def _another_database(site):
    site.configure(ledger="postgresql+pg8000://nobody@127.0.0.1/none")


CHANGES = [
    _edit_config,
    _edit_contract,
    _remove_contract,
    _new_file,
    _changed_file,
    _touched_file,
    _replaced_file,
    _no_input_folder,
    _damaged_ledger,
    _no_ledger,
    _other_name,
    _broken_config,
    _another_database,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_whatever_changed_is_left_to_the_full_tick(idle, change):
    """The glance says "nothing" only when it is sure."""
    change(idle)
    assert not glance.nothing_to_do(idle.config)


def test_a_missing_config_is_left_to_the_full_tick(tmp_path):
    """Without a config there is something to say."""
    assert not glance.nothing_to_do(tmp_path / "config.json")


def test_work_that_another_step_left_is_not_overlooked(idle):
    """A batch that ingestion took in by itself still waits for its decision."""
    import ingestion
    from vigil.run import begun

    idle.leavers("w-2.csv", 50, seed=2)
    project = idle.project()
    with begun(project, "test") as current:
        ingestion.run(project, run=current.number)
    assert not glance.nothing_to_do(idle.config)
    idle.tick()
    assert glance.nothing_to_do(idle.config)


def test_another_folder_is_looked_at_by_itself(idle, tmp_path):
    """``--input`` asks about that folder's files."""
    other = tmp_path / "other"
    other.mkdir()
    assert glance.nothing_to_do(idle.config, str(other))
    (other / "a.csv").write_text("a\n1\n")
    assert not glance.nothing_to_do(idle.config, str(other))


def test_files_that_are_no_data_do_not_wake_a_tick(idle):
    """Hidden and temporary names are passed over."""
    for name in (".hidden.csv", "~lock.csv", "a.csv.part", "b.tmp", "c.swp"):
        (idle.arriving / name).write_text("x")
    assert glance.nothing_to_do(idle.config)


def _quick(site, *arguments):
    """Run a tick of its own process that says which toolkits it loaded."""
    code = (
        "import sys, fullprocess; code = fullprocess.main(sys.argv[1:]);"
        "print(*sorted({name.split('.')[0] for name in sys.modules})); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "--config", str(site.config), *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    *lines, loaded = ended.stdout.splitlines()
    return lines, set(loaded.split()), ended.stderr


def test_an_idle_tick_with_alerts_pings_and_loads_nothing_more(site):
    """A watcher outside gets its sign of life from the standard library alone."""
    with receivers.web() as server:
        log = {"kind": "file", "path": "told.jsonl"}
        alerts = {"channels": {"log": log}, "heartbeat": server.url, "private": receivers.LOOPBACK}
        site.configure(alerts=alerts, policy="never")
        site.leavers("w-1.csv", 200)
        site.tick()
        assert len(server.got) == 1
        lines, loaded, said = _quick(site)
        assert (lines, len(server.got), said) == (["Nothing new."], 2, "")
        assert not HEAVY & loaded
        server.status = lambda _: 500
        assert "heartbeat: 127.0.0.1 answered 500" in _quick(site)[2]


def test_an_idle_tick_delivers_what_is_due_and_makes_no_run(site):
    """A message that waited for its receiver is sent, although nothing else is new."""
    site.configure(alerts={"channels": {"log": {"kind": "file", "path": "later/told.jsonl"}}})
    site.leavers("w-1.csv", 400)
    site.tick()
    project = site.project()
    assert [row["state"] for row in project.ledger.messages.newest(5)] == ["pending"]
    (site.root / "later").mkdir()
    assert glance.nothing_to_do(site.config)
    lines, _, _ = _quick(site)
    assert lines == ["Nothing new.", "alerts: 1 delivered"]
    assert len(project.ledger.runs.latest()) == 1
    assert (site.root / "later/told.jsonl").exists()
    assert not HEAVY & _quick(site)[1]
