"""Many files at once: processes look at them, and the end is that of a single one."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet
import pytest

import ingestion
from tests.conftest import Site
from tests.crash import world
from vigil import contract as contracts
from vigil import intake
from vigil.batches import ahead, edits
from vigil.run import begun

HERE = Path(__file__).resolve().parents[1]
FILES = 22


def arrive(folder: Path) -> None:
    """Write files of every sort: faulty, refused, repeated, packed, with a column that begins to vary."""
    dice = random.Random(3)
    folder.mkdir(exist_ok=True)
    lines: list[str] = []
    for number in range(FILES):
        lines = [row(dice, number, place) for place in range(60)]
        if number % 5 == 1:
            lines[3] = "c-bad,many,1.5,4,yes\n"
        if number == 12:
            lines[5] = "c3-5,1,5.00,30,y\n"
        if number % 5 == 2:
            lines += lines[:4]
        name, header = folder / f"f-{number}.csv", world.HEADER
        if number == 9:
            header = header.replace("visits", "visit")
        name.write_text(header + "".join(lines))
    (folder / "f-20.csv").write_bytes((folder / "f-19.csv").read_bytes())
    text = world.HEADER + "".join(row(dice, 50, place) for place in range(60))
    (folder / "g-1.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    rows = pyarrow.csv.read_csv(folder / "f-3.csv").slice(7)
    pyarrow.parquet.write_table(rows, folder / "h.parquet")
    (folder / "i.csv").write_text("")
    (folder / "j.csv").write_text(world.HEADER + lines[0])


def row(dice: random.Random, number: int, place: int) -> str:
    """Return a row; spend is the same in all of the first files."""
    spend = 5 if number < 6 else dice.uniform(5, 90)
    return f"c{number}-{place},{dice.randrange(40)},{spend:.2f},{dice.randrange(18, 80)},{'yn'[place % 2]}\n"


def project(folder: Path) -> Path:
    """Return the config of a project that takes these files."""
    arrive(folder / "arriving")
    settings = {"positive": "y", "ledger": "sqlite:///ledger.db"}
    return world.configure(folder / "project", folder / "arriving", **settings)


def taken_in(site: Site, monkeypatch: pytest.MonkeyPatch, processes: int) -> dict[str, Any]:
    """Take all files in with so many processes; return all that is left, bytes of data files included."""
    monkeypatch.setattr(ahead, "processes", lambda *_: processes)
    monkeypatch.setattr(ingestion, "GROUP_ROWS", 300)
    site.configure(positive="y", target="left", key="customer")
    arrive(site.arriving)
    opened = site.project()
    contract, _ = edits.first(intake.read(site.arriving / "f-0.csv"), opened.config)
    key, *others = contract.columns
    contracts.save(replace(contract, columns=(replace(key, unique=True), *others)), opened.output)
    with opened.locked(), begun(opened, "test") as current:
        arrivals = ingestion.run(opened, run=current.number)
    log = [
        json.loads(line)
        for entry in sorted((opened.output / "table/_delta_log").glob("*.json"))
        for line in entry.read_text().splitlines()
    ]
    added = [entry["add"]["path"] for entry in log if "add" in entry]
    return {
        "arrivals": [arrival.as_json() for arrival in arrivals],
        "said": list(site.said),
        "data": [(opened.output / "table" / name).read_bytes() for name in added],
        "quarantine": {
            path.name: path.read_bytes() for path in sorted((opened.output / "quarantine").iterdir())
        },
        "profiles": opened.ledger.batches.profiles(),
        "list": (opened.output / "ingestedfiles.txt").read_text(),
    }


def test_so_many_processes_end_alike(new_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    """Data files, quarantine, profiles, what is said and the end of each file are the same to the byte."""
    alone = taken_in(new_site("alone"), monkeypatch, 0)
    assert {arrival["status"] for arrival in alone["arrivals"]} == {"ingested", "refused", "duplicate"}
    assert "stands in f-3.csv already" in str(alone["arrivals"])
    assert any(arrival["duplicates"] for arrival in alone["arrivals"])
    assert len(alone["data"]) > 3
    beside = taken_in(new_site("beside"), monkeypatch, 2)
    for name, value in alone.items():
        assert beside[name] == value, name


DRIVE = """
import sys
sys.path.insert(0, {root!r})
import ingestion
from pathlib import Path
from vigil import contract as contracts
from vigil import intake
from vigil.batches import ahead, edits
from vigil.project import Project
from vigil.run import begun
ahead.processes = lambda *_: {processes}
ingestion.GROUP_ROWS = 300
project = Project(Path({config!r}))
with project.locked(), begun(project, "ingestion") as run:
    print("begun", flush=True)
    ingestion.run(project, run=run.number)
"""


def run(config: Path, processes: int = 2) -> "subprocess.Popen[str]":
    """Start to take files in, in a process of its own."""
    code = DRIVE.format(root=str(HERE), processes=processes, config=str(config))
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def children(pid: int) -> list[int]:
    """Return the processes that a process has started, of any of its threads."""
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in listed.read_text().split()]
        except OSError:
            continue  # the thread has ended
    return found


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the state after an undisturbed run without processes."""
    config = project(tmp_path_factory.mktemp("undisturbed"))
    with run(config, 0) as done:
        assert done.wait(120) == 0
    return comparable(config)


def comparable(config: Path) -> dict[str, Any]:
    """Return the state, the paths of arriving files by their names."""
    folder = str(config.parents[1])
    told: dict[str, Any] = json.loads(json.dumps(world.state(config.parent), default=str).replace(folder, ""))
    del told["ledger"]["runs to report"]
    # Where a file stands on the disk is told by its inode, and when it was written by its time.
    for name, rows in told["ledger"].items():
        found = [json.loads(one) for one in rows]
        for values in found:
            values.pop("inode", None)
            values.pop("mtime_ns", None)
        told["ledger"][name] = found
    return told


@pytest.mark.parametrize("after", [0.2, 0.7, 1.2])
def test_a_killed_run_is_finished_by_the_next(tmp_path: Path, expected: dict[str, Any], after: float) -> None:
    """Whenever the run is killed, no process of it is left, and the next run ends as an undisturbed one."""
    config = project(tmp_path)
    with run(config) as killed:
        assert killed.stdout is not None
        killed.stdout.readline()
        time.sleep(after)
        started = children(killed.pid)
        killed.kill()
    until = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in started) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in started)
    with run(config) as again:
        assert again.wait(120) == 0
    assert world.differences(comparable(config), expected) == []


def test_killed_workers_are_not_noticed(tmp_path: Path, expected: dict[str, Any]) -> None:
    """Workers that are killed once are replaced, and every file ends as if they had not been."""
    config = project(tmp_path)
    with run(config) as going:
        assert going.stdout is not None
        going.stdout.readline()
        until = time.monotonic() + 20
        while len(children(going.pid)) < 2 and going.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        victims = children(going.pid)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        assert going.wait(120) == 0
    assert len(victims) == 2
    assert world.differences(comparable(config), expected) == []
