from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.predictions import record, segments, writer
from vigil.predictions.record import Answered, Dropped, Record
from vigil.predictions.writer import PredictionLog


def answered(number: int = 0, rows: int = 1) -> Answered:
    """Return an answer of some rows."""
    return Answered(
        request=f"request-{number}",
        at=1.5,
        release="abc",
        client="127.0.0.1",
        role="live",
        rows=range(rows),
        columns={"x": np.arange(rows, dtype=float), "c": np.array(["a"] * rows, dtype=object)},
        given={"key": ["k"] * rows},
        outcome=[0] * rows,
        probability=[0.25] * rows,
    )


def stored(folder: Path) -> list[Record | Dropped]:
    """Return every record of the closed segments."""
    return [record.decoded(found) for path in segments.closed(folder) for found in segments.records(path)]


def test_what_is_handed_over_is_on_the_disk_in_order(tmp_path: Path) -> None:
    """After closing, every answer is in a closed segment, with its cells."""
    log = PredictionLog(tmp_path)
    for number in range(50):
        log.add(answered(number, rows=3))
    log.close()
    found = stored(tmp_path)
    assert [item.request for item in found] == [f"request-{n}" for n in range(50)]
    assert {name: list(record.cells(c)) for name, c in found[0].columns.items()} == {
        "x": [0.0, 1.0, 2.0],
        "c": ["a", "a", "a"],
    }
    assert (log.waiting, log.dropped) == (0, 0)


@pytest.mark.parametrize("rows", [1, 20])
def test_whatever_a_client_sends_as_a_key_is_stored_and_read_again(tmp_path: Path, rows: int) -> None:
    """A huge integer is written out, a list or an object is no value; what comes after them is kept too."""
    nested: list[object] = []
    for _ in range(900):
        nested = [nested]
    log = PredictionLog(tmp_path)
    for odd in (10**30, -(10**30), nested, {"a": 10**30}, True, 7):
        log.add(dataclasses.replace(answered(rows=rows), given={"key": [odd] * rows}))
    log.close()
    found = [item.given["key"] for item in stored(tmp_path) if isinstance(item, Record)]
    told = [str(10**30), str(-(10**30)), None, None, True, 7]
    assert found == [[cell] * rows for cell in told]


def test_an_answer_that_cannot_be_stored_costs_itself_alone(tmp_path: Path) -> None:
    """It is counted and said, nothing of it stands in the segment, and the thread goes on with the next."""
    log = PredictionLog(tmp_path)
    bad = dataclasses.replace(answered(1, rows=20), outcome=[object()] * 20)
    log.add(answered(0, rows=20))
    _until(lambda: log.waiting == 0)
    log.add(bad)
    _until(lambda: log.waiting == 0)
    log.add(answered(2, rows=20))
    log.close()
    found = stored(tmp_path)
    assert [item.request for item in found if isinstance(item, Record)] == ["request-0", "request-2"]
    assert [item.rows for item in found if isinstance(item, Dropped)] == [20]


def test_a_hash_stands_for_the_features(tmp_path: Path) -> None:
    """No cell of a feature reaches the disk; equal rows have equal hashes, others do not."""
    log = PredictionLog(tmp_path, hashed=True)
    log.add(answered(rows=2))
    log.add(answered(rows=2))
    log.close()
    first, second = stored(tmp_path)
    assert (first.columns, first.given) == ({}, {"key": ["k", "k"]})
    assert first.features == second.features
    assert len(set(first.features)) == 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=8), st.data())
def test_a_torn_end_costs_only_what_was_torn(tmp_path_factory, contents, data) -> None:
    """Cut anywhere, or with any byte flipped: the records before the damage are read, none is made up."""
    folder = tmp_path_factory.mktemp("segments")
    log = segments.Segments(folder)
    log.write(contents)
    log.close()
    (path,) = segments.closed(folder)
    whole = path.read_bytes()
    assert list(segments.records(path)) == contents
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    found = list(segments.records(path))
    assert found == contents[: len(found)]
    assert sum(8 + len(content) for content in contents[: len(found) + 1]) > cut or len(found) == len(
        contents
    )


def test_a_disk_that_fails_keeps_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no sync brought to the disk is taken back; earlier and later records stay."""
    log = segments.Segments(tmp_path)
    log.write([b"first", b"second"])
    log.sync()
    log.write([b"third"])
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", _fails)
        with pytest.raises(OSError, match="no disk"):
            log.sync()
    log.write([b"fourth"])
    log.close()
    (path,) = segments.closed(tmp_path)
    assert list(segments.records(path)) == [b"first", b"second", b"fourth"]


def _fails(_: int) -> None:
    raise OSError("no disk")


def test_many_rows_are_written_before_their_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None waits for long, none is lost, and a full segment is closed and followed."""
    monkeypatch.setattr(writer, "FLUSH_SECONDS", 30.0)
    monkeypatch.setattr(writer, "MANY", 10)
    log = PredictionLog(tmp_path)
    log._segments = segments.Segments(tmp_path, most_bytes=200)
    for number in range(20):
        log.add(answered(number, rows=10))
        _until(lambda: log._rows == 0)
    _until(lambda: len(segments.closed(tmp_path)) > 1)
    log.close()
    assert [item.request for item in stored(tmp_path)] == [f"request-{number}" for number in range(20)]
    assert log.dropped == 0


def test_a_full_memory_drops_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit answers are counted and not kept; the count is written down with the next."""
    monkeypatch.setattr(writer, "MOST_WAITING", 10)
    monkeypatch.setattr(writer, "FLUSH_SECONDS", 0.05)
    log = PredictionLog(tmp_path)
    log.add(answered(rows=10))
    log.add(answered(rows=7))
    assert log.dropped == 7
    _until(lambda: log.waiting == 0)
    log.add(answered(rows=2))
    log.close()
    assert [item.rows for item in stored(tmp_path) if isinstance(item, Dropped)] == [7]


def test_a_full_disk_drops_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While too much waits to be collected nothing is added; afterwards it says what is missing."""
    monkeypatch.setattr(writer, "FLUSH_SECONDS", 0.05)
    log = PredictionLog(tmp_path, most_bytes=10)
    log.add(answered(0))
    _until(lambda: log.waiting == 0)
    log.add(answered(1, rows=4))
    _until(lambda: log.waiting == 0)
    assert log.dropped == 4
    for path in tmp_path.iterdir():
        os.truncate(path, 0)
    log.add(answered(2))
    log.close()
    assert [item.rows for item in stored(tmp_path) if isinstance(item, Dropped)] == [4]


def test_a_kill_loses_at_most_a_second(tmp_path: Path) -> None:
    """What was answered a second before kill -9 is read from the segment that the process left open."""
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[2]); from pathlib import Path\n"
        "from tests.predictions.test_writer import answered\n"
        "from vigil.predictions.writer import PredictionLog\n"
        "log = PredictionLog(Path(sys.argv[1]))\n"
        "for n in range(10_000):\n"
        "    log.add(answered(n)); print(n, time.time(), flush=True); time.sleep(0.01)\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), root], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    said = [child.stdout.readline().split() for _ in range(150)]
    assert segments.closed(tmp_path) == []  # the living writer's segment is left alone
    killed = time.time()
    child.send_signal(signal.SIGKILL)
    said += [line.split() for line in child.communicate()[0].splitlines()]
    safe = [f"request-{number}" for number, at in (s for s in said if len(s) == 2) if float(at) < killed - 1]
    found = [item.request for item in stored(tmp_path)]
    assert len(safe) > 20
    assert found[: len(safe)] == safe


def _until(holds) -> None:
    """Wait for what a thread does."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
