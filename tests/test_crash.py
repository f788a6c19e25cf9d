"""Whatever cuts a tick off, the next one ends where an undisturbed one would have."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.crash import tracing, world
from tests.crash.told import told

HERE = Path(__file__).parent / "crash"
#: Points that a tick is killed at, for each of the two stories; `bench/kills.py` tries every one.
POINTS = 28

untraceable = tracing.unsupported()
traced = pytest.mark.skipif(bool(untraceable), reason=untraceable)


def tick(config, *options, **more):
    """Run a tick in a process of its own."""
    command = [sys.executable, str(HERE / "tick.py"), str(config), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, **more)


def copied(project, target):
    """Return the config of a copy of a project; its arriving files stay where they are."""
    shutil.copytree(project, target)
    return target / "config.json"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """Return the folder of a project before its first tick."""
    folder = tmp_path_factory.mktemp("fresh")
    world.make(folder)
    return folder


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """Return the folder of a project with a live release, before the files that lead to another one."""
    folder = tmp_path_factory.mktemp("deployed")
    done = tick(world.make(folder), "--folder", folder / "first")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def expected(deployed, tmp_path_factory):
    """Return the state after an undisturbed second tick."""
    config = copied(deployed / "project", tmp_path_factory.mktemp("undisturbed") / "project")
    done = tick(config)
    assert done.returncode == 0, done.stderr
    return world.state(config.parent)


def healed(config, expected):
    """Run a tick and return where the state differs from an undisturbed one."""
    done = tick(config)
    assert done.returncode == 0, done.stderr
    return world.differences(world.state(config.parent), expected)


def test_story(expected):
    """The second tick meets everything that a kill could cut: quarantine, alarm, retraining, a switch."""
    decided = [json.loads(row) for row in expected["ledger"]["decisions"]]
    assert {"train-first", "retrain", "promote", "nothing"} == {row["outcome"] for row in decided}
    statuses = {json.loads(row)["status"] for row in expected["ledger"]["files"]}
    assert statuses == {"ingested", "refused", "duplicate"}
    assert len(expected["ledger"]["incidents"]) == 1
    assert any("quarantine" in name for name in expected["files"])
    assert expected["idle"]


@traced
def test_kill_anywhere(fresh, deployed, tmp_path):
    """A tick killed at any write, and then a tick: the state of an undisturbed one."""
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(
            lambda name, made: told(made, tmp_path / name, name, POINTS),
            *zip(("first", fresh), ("second", deployed), strict=True),
        )
    tried = [point for points in answers for point in points]
    wrong = [point for point in tried if point["differences"]]
    print(f"killed at {sum(point['killed'] for point in tried)} points, {len(wrong)} with another end state")
    assert sum(point["killed"] for point in tried) >= 40
    assert not wrong, json.dumps(wrong, indent=1)


@pytest.fixture(scope="module")
def writes(deployed, tmp_path_factory):
    """Return how many writes an undisturbed second tick takes."""
    if not tracing.can_refuse():
        pytest.skip("a system call cannot be made to fail on this machine")
    config = copied(deployed / "project", tmp_path_factory.mktemp("counted") / "project")
    done = tick(config, "--full-at", 10**9)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


@traced
@pytest.mark.parametrize("share", [0.02, 0.3, 0.8])
def test_full_disk_anywhere(deployed, expected, writes, tmp_path, share):
    """A disk that is full from some write on: words and not a traceback, and the next tick heals."""
    config = copied(deployed / "project", tmp_path / "project")
    failed = tick(config, "--full-at", max(1, int(share * writes)))
    assert failed.returncode == 1, failed.stdout
    assert failed.stderr.strip()
    assert "Traceback" not in failed.stderr
    assert healed(config, expected) == []


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """Mount something on a folder for as long as needed; skip where that is not permitted."""
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a file system may not be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_full_disk(deployed, expected, tmp_path):
    """A disk without room: the tick says so and fails; once there is room, the next one heals."""
    project = tmp_path / "project"
    project.mkdir()
    with mounted(project, "-t", "tmpfs", "-o", "size=8m", "tmpfs"):
        shutil.copytree(deployed / "project", project, dirs_exist_ok=True)
        filler = project / "filler"
        with filler.open("wb", buffering=0) as file:
            fill(file)
        failed = tick(project / "config.json")
        assert failed.returncode == 1
        assert "Traceback" not in failed.stderr
        assert "disk" in failed.stderr or "No space" in failed.stderr
        filler.unlink()
        assert healed(project / "config.json", expected) == []


def fill(file):
    """Write until there is no room for another page."""
    for size in (65536, 4096):
        try:
            while file.write(bytes(size)) == size:
                pass
        except OSError:
            continue


@pytest.mark.parametrize("name", ["out", "models", "production"])
def test_read_only_folder(deployed, expected, tmp_path, name):
    """A folder that cannot be written: the tick says which and fails; later the next one heals."""
    config = copied(deployed / "project", tmp_path / "project")
    folder = config.parent / name
    source = tmp_path / "source"
    folder.rename(source)
    folder.mkdir()
    with mounted(folder, "-o", "bind,ro", str(source)):
        failed = tick(config)
        assert failed.returncode == 1
        assert name in failed.stderr
        assert "Traceback" not in failed.stderr
        assert "Read-only" in failed.stderr
    folder.rmdir()
    source.rename(folder)
    assert healed(config, expected) == []


@contextmanager
def at_work(config):
    """Run a tick that has the lock, and waits until it is told to go on."""
    command = [sys.executable, str(HERE / "tick.py"), str(config), "--wait"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout.readline() == "at work\n"
            yield child
        finally:
            child.kill()


def test_two_ticks(deployed, expected, tmp_path):
    """Of two ticks at once one works, and the other says so, does nothing and is no failure."""
    config = copied(deployed / "project", tmp_path / "project")
    with at_work(config) as first:
        second = tick(config)
        assert second.returncode == 0
        assert "another run is at work" in second.stdout
        _, told = first.communicate("go on\n", timeout=300)
        assert first.returncode == 0, told
    assert world.differences(world.state(config.parent), expected) == []


def test_lock_of_a_killed_tick(deployed, expected, tmp_path):
    """A killed tick leaves no lock behind."""
    config = copied(deployed / "project", tmp_path / "project")
    with at_work(config) as first:
        first.kill()
        first.wait()
    assert healed(config, expected) == []


@pytest.mark.parametrize(
    ("torn", "says"),
    [
        ("production/live.json", "the pointer to the live release is damaged"),
        ("models/*/compiled.npz", "compiled.npz is not what was written"),
        ("models/*/manifest.json", "manifest.json is not"),
    ],
)
def test_torn_file(deployed, expected, tmp_path, torn, says):
    """A torn pointer or bundle is named; nothing is decided until it is whole again."""
    config = copied(deployed / "project", tmp_path / "project")
    live = json.loads((config.parent / "production" / "live.json").read_text())["release"]
    path = config.parent / torn.replace("*", live)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    failed = tick(config)
    assert failed.returncode == 1
    assert says in failed.stderr
    assert "Traceback" not in failed.stderr
    path.write_bytes(whole)
    assert healed(config, expected) == []


def test_locked_ledger(deployed, expected, tmp_path):
    """A ledger that another process keeps locked: the tick says so and fails; the next one works."""
    config = copied(deployed / "project", tmp_path / "project")
    with closing(sqlite3.connect(config.parent / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        failed = tick(config, "--patience", 100)
        assert failed.returncode == 1
        assert "database is locked" in failed.stderr
        assert "Traceback" not in failed.stderr
        other.execute("ROLLBACK")
    assert healed(config, expected) == []


def test_file_still_being_written(fresh, tmp_path):
    """A file that was touched a moment ago waits, and is taken in whole by a later tick."""
    arriving = tmp_path / "arriving"
    arriving.mkdir()
    whole = (fresh / "first" / "1.csv").read_bytes()
    (arriving / "1.csv").write_bytes(whole[: len(whole) // 2])
    config = world.configure(tmp_path / "project", arriving, settle_seconds=3600)
    assert tick(config).returncode == 0
    assert world.state(config.parent)["ledger"]["files"] == []
    assert not world.state(config.parent)["idle"]
    (arriving / "1.csv").write_bytes(whole)
    world.configure(config.parent, arriving, settle_seconds=0)
    assert tick(config).returncode == 0
    assert len(world.state(config.parent)["table"]["rows"]) == whole.count(b"\n") - 1


def test_clock_set_back(site):
    """A clock that jumps back: what is written after it comes after, and it is said once a run."""
    site.leavers("1.csv", 600)
    site.tick()
    site.clock.forward(days=-400)
    site.leavers("2.csv", 600, seed=2, turned=True)
    site.tick()
    ledger = site.project().ledger
    runs = ledger.runs.latest()
    times = [run[key] for run in reversed(runs) for key in ("started", "finished")]
    assert times == sorted(times)
    decided = [row for run in reversed(runs) for row in ledger.decisions.of_run(run["run"])]
    assert [row["at"] for row in decided] == sorted(row["at"] for row in decided)
    live = json.loads((site.root / "production/live.json").read_text())["release"]
    assert ledger.releases.deployed()[0]["id"] == live
    assert sum("clock of this machine is behind" in line for line in site.said) == 1


def test_clock_set_ahead(site):
    """A clock that jumps ahead and comes back: the next tick works as ever."""
    site.leavers("1.csv", 600)
    site.clock.forward(days=4000)
    site.tick()
    site.clock.forward(days=-4000)
    site.leavers("2.csv", 300, seed=2)
    assert site.outcomes(site.tick()) == [("plan", "nothing")]
    assert site.tick()["decisions"] == []


def test_half_copied_bundle(deployed, expected, tmp_path):
    """A live bundle that lacks a file is named, the pointer stays, and made whole the next tick heals."""
    config = copied(deployed / "project", tmp_path / "project")
    pointer = config.parent / "production" / "live.json"
    before = pointer.read_bytes()
    path = config.parent / "models" / json.loads(before)["release"] / "compiled.npz"
    whole = path.read_bytes()
    path.unlink()
    failed = tick(config)
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 1
    assert "compiled.npz cannot be read" in failed.stderr
    assert pointer.read_bytes() == before
    path.write_bytes(whole)
    assert healed(config, expected) == []


def test_unreadable_file(deployed, expected, tmp_path):
    """A file that cannot be read waits and is said; the others go in, and later so does it."""
    config = copied(deployed / "project", tmp_path / "project")
    arriving = tmp_path / "arriving"
    shutil.copytree(deployed / "arriving", arriving)
    settings = json.loads(config.read_text()) | {"input_folder_path": str(arriving)}
    config.write_text(json.dumps(settings))
    # Another process's memory is a file that not even root may read.
    with mounted(arriving / "6.csv", "--bind", "/proc/1/mem"):
        first = tick(config)
    assert first.returncode == 0, first.stderr
    assert "6.csv: waiting: it cannot be read" in first.stdout
    assert tick(config).returncode == 0
    rows = world.state(config.parent)["table"]["rows"]
    assert len(rows) == len(expected["table"]["rows"])
