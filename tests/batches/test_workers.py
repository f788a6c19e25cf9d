"""Processes that look at files."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from vigil import intake
from vigil.batches import early
from vigil.batches.workers import Workers
from vigil.contract import Checked
from vigil.errors import FileRefused, FileUnreadable
from vigil.records import Column, Contract

COLUMNS = (Column("a", "number", role="target"), Column("b", "number"), Column("c", "category"))
CONTRACT = Contract(1, "regression", COLUMNS, delimiter=",")
CUTS = {"b": (1.0, 2.0, 3.0)}
HERE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Return two processes."""
    started = Workers(2)
    yield started
    started.close()


def written(folder: Path, text: str) -> Path:
    """Write a file."""
    path = folder / "f.csv"
    path.write_text(text)
    return path


def test_another_process_finds_what_this_one_would(tmp_path: Path, workers: Workers) -> None:
    """Rows, faults, notes, hashes and profile are the same; of the rows as written only faulty ones come."""
    path = written(tmp_path, "a,b,c,d\n1,2,x,\n3,none of it,y,\n4,5,,\n\n6,7,z,\n")
    found, here = workers.look(path, CONTRACT, CUTS), early.look(path, CONTRACT)
    assert isinstance(found.checked, Checked)
    assert isinstance(here.checked, Checked)
    assert isinstance(found.raw, intake.RawTable)
    assert found.digest == here.digest == intake.digest(path)
    assert found.checked.table.equals(here.checked.table)
    assert found.checked.lines.tolist() == here.checked.lines.tolist() == [2, 4, 6]
    assert (found.checked.faults, found.checked.notes) == (here.checked.faults, here.checked.notes)
    assert found.raw.lines.tolist() == [3]
    measured = early.measure(here.checked, CONTRACT, CUTS)
    assert found.measured is not None
    assert found.measured.hashes.tolist() == measured.hashes.tolist()
    assert found.measured.profiled == measured.profiled


@pytest.mark.parametrize(
    ("text", "what"), [("", "is empty."), ("a,c\n1,x\n", "the required column is missing: 'b'.")]
)
def test_a_refusal_comes_back_in_its_words(tmp_path: Path, workers: Workers, text: str, what: str) -> None:
    """Why a file is refused is told as if it had been read here, with its digest."""
    found = workers.look(written(tmp_path, text), CONTRACT, CUTS)
    refusal = found.checked or found.raw
    assert isinstance(refusal, FileRefused)
    assert (refusal.what, refusal.where) == (what, "f.csv")
    assert found.digest == intake.digest(tmp_path / "f.csv")


def test_what_is_not_there_is_raised(tmp_path: Path, workers: Workers) -> None:
    """A file that went away meanwhile is told of where its result is asked for."""
    with pytest.raises(FileRefused, match="does not exist"):
        workers.look(tmp_path / "f.csv", CONTRACT, CUTS)


def test_a_killed_process_is_replaced(tmp_path: Path, workers: Workers) -> None:
    """When all of them were killed, the next files are looked at by new ones."""
    path = written(tmp_path, "a,b,c\n1,2,x\n")
    before = workers.pids
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    for _ in range(4):
        assert workers.look(path, CONTRACT, CUTS).digest == intake.digest(path)
    assert not {*before} & {*workers.pids}


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (signal.SIGKILL, r"was lost \(signal 9, signal 9\).*more memory"),
        (signal.SIGSTOP, r"was lost \(it hung, it hung\).*does not answer"),
    ],
)
def test_a_file_that_ends_or_stops_each_process_waits(
    tmp_path: Path, sent: signal.Signals, words: str
) -> None:
    """It is given up with words after the second time, and files after it are read."""
    path = written(tmp_path, "a,b,c\n1,2,x\n")
    workers, done = Workers(1, silence=6), threading.Event()

    def send() -> None:
        while not done.wait(0.02):
            with suppress(ProcessLookupError):  # it has just been ended
                os.kill(workers.pids[0], sent)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        with pytest.raises(FileUnreadable, match=words):
            workers.look(path, CONTRACT, CUTS)
    finally:
        done.set()
        sender.join()
    assert workers.look(path, CONTRACT, CUTS).digest == intake.digest(path)
    workers.close()


def test_a_process_that_hangs_is_replaced(tmp_path: Path) -> None:
    """One that was stopped and answers nothing is ended in time, and another one looks at the file."""
    path, workers = written(tmp_path, "a,b,c\n1,2,x\n"), Workers(1, silence=6)
    workers.look(path, CONTRACT, CUTS)
    hanging = workers.pids[0]
    os.kill(hanging, signal.SIGSTOP)
    assert workers.look(path, CONTRACT, CUTS).digest == intake.digest(path)
    assert hanging not in workers.pids
    assert not is_there(hanging)
    workers.close()


def test_processes_that_cannot_start_are_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the program of a worker gives up each time, files are looked at here."""
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    path, workers = written(tmp_path, "a,b,c\n1,2,x\n"), Workers(2)
    found = workers.look(path, CONTRACT, CUTS)
    workers.close()
    assert isinstance(found.checked, Checked)
    assert found.checked.valid == 1
    assert not found.few


def test_a_file_that_wants_too_much_memory_waits(tmp_path: Path) -> None:
    """A process that may have no more memory says so of the file, and reads smaller ones all the same."""
    small = written(tmp_path, "a,b,c\n1,2,x\n")
    large = tmp_path / "large.csv"
    large.write_text("a,b,c\n" + "1,2,x\n" * 600_000)
    workers = Workers(1)
    workers.look(small, CONTRACT, CUTS)
    used = int(Path(f"/proc/{workers.pids[0]}/statm").read_text().split()[0])
    most = used * os.sysconf("SC_PAGE_SIZE") + 2_000_000
    resource.prlimit(workers.pids[0], resource.RLIMIT_AS, (most, most))
    with pytest.raises(FileUnreadable, match="needs more memory to be read than there is"):
        workers.look(large, CONTRACT, CUTS)
    assert workers.look(small, CONTRACT, CUTS).digest == intake.digest(small)
    workers.close()


def test_they_end_with_the_run() -> None:
    """When they are let go none is left; nor when the process that started them is killed."""
    code = (
        "import time; from vigil.batches.workers import Workers; w = Workers(2);"
        "print(*w.pids, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=HERE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        orphans = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
    workers = Workers(2)
    let_go = workers.pids
    workers.close()
    assert not any(is_there(pid) for pid in let_go)
    until = time.monotonic() + 20
    while any(is_there(pid) for pid in orphans) and time.monotonic() < until:
        time.sleep(0.05)
    assert len(orphans) == 2
    assert not any(is_there(pid) for pid in orphans)


def is_there(pid: int) -> bool:
    """Say whether a process is running; one that has ended and that nobody has waited for is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
