"""Files that are read before their turn."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from vigil import contract as contracts
from vigil import intake
from vigil.batches import ahead
from vigil.batches.ahead import Source, sources
from vigil.batches.arrival import NewFile
from vigil.errors import FileRefused, FileUnreadable
from vigil.ledger import glance
from vigil.records import Column, Contract


def new(path: Path, content: bytes) -> NewFile:
    """Write a file, and return it as a step finds it."""
    path.write_bytes(content)
    return NewFile(path, path.name, glance.stamp(path.stat()))


def test_every_file_comes_with_its_own_rows(tmp_path: Path) -> None:
    """Each file has the rows and the digest that it has when it is read alone, in the order given."""
    files = [new(tmp_path / f"{number}.csv", f"a,b\n{number},x\n".encode()) for number in range(5)]
    for file, source in zip(files, sources(files, tmp_path, 10**9), strict=True):
        alone = intake.read(file.path)
        assert source.file == file
        assert source.digest() == intake.digest(file.path)
        assert source.read(None).columns.equals(alone.columns)


def test_a_fault_is_met_where_the_file_has_its_turn(tmp_path: Path) -> None:
    """What is wrong with a file is raised for that file, and those behind it are read all the same."""
    files = [new(tmp_path / f"{number}.csv", b"a\n1\n") for number in range(4)]
    files[1].path.write_bytes(b"")
    files[2].path.unlink()
    found = []
    for source in sources(files, tmp_path, 10**9):
        try:
            found.append(source.read(None).columns.num_rows)
        except (FileRefused, FileUnreadable) as error:
            found.append(error.what)
    assert found == [1, "is empty.", "does not exist, or is a link to nothing.", 1]


COLUMNS = (Column("a", "number", role="target"), Column("b", "number"))
CONTRACT = Contract(1, "regression", COLUMNS, delimiter=";")


def test_another_manner_reads_again(tmp_path: Path) -> None:
    """A file that was read before there was a contract is read again as the contract says."""
    files = [new(tmp_path / f"{number}.csv", b"a;b,c\n1;2,3\n") for number in range(2)]
    first, second = sources(files, tmp_path, 10**9)
    assert first.read(None).columns.column_names == ["a;b", "c"]
    assert second.read(CONTRACT).columns.column_names == ["a", "b,c"]


def test_the_contract_says_how_the_next_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is read ahead as the contract of the moment says, and not a second time."""
    contracts.save(CONTRACT, tmp_path)
    files = [new(tmp_path / f"{number}.csv", b"a;b,c\n1;2,3\n") for number in range(2)]
    _, second = sources(files, tmp_path, 10**9)
    monkeypatch.setattr(ahead.intake, "read", None)
    assert second.read(contracts.load(tmp_path)).columns.column_names == ["a", "b,c"]


def test_a_large_file_waits_for_its_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that needs the memory for itself is not read beside another one."""
    monkeypatch.setattr(ahead, "LARGEST", 3)
    files = [new(tmp_path / f"{number}.csv", b"a\n1\n") for number in range(2)]
    _, second = sources(files, tmp_path, 10**9)
    files[1].path.write_bytes(b"a\n1\n2\n")
    assert second.read(None).columns.num_rows == 2


def test_rows_are_checked_before_their_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was checked early is what the contract says; by another one it is checked anew."""
    contracts.save(CONTRACT, tmp_path)
    files = [new(tmp_path / f"{number}.csv", b"a;b\n1;2\n3;x\n") for number in range(3)]
    _, second, third = list(sources(files, tmp_path, 10**9))
    raw = second.read(CONTRACT)
    alone = contracts.check(CONTRACT, raw)
    stricter = replace(CONTRACT, columns=(COLUMNS[0], replace(COLUMNS[1], kind="category")))
    assert third.checked(stricter, third.read(stricter)).table.num_rows == 2
    monkeypatch.setattr(ahead.contracts, "check", None)
    early = second.checked(CONTRACT, raw)
    assert early.table.equals(alone.table)
    assert early.faults == alone.faults != ()


def test_a_refusal_waits_for_its_turn(tmp_path: Path) -> None:
    """A file that lacks a column is refused where it has its turn, and not where it was read."""
    contracts.save(CONTRACT, tmp_path)
    files = [new(tmp_path / f"{number}.csv", b"a;b\n1;2\n") for number in range(3)]
    files[1] = new(tmp_path / "1.csv", b"a;c\n1;2\n")
    ends = []
    for source in sources(files, tmp_path, 10**9):
        raw = source.read(CONTRACT)
        try:
            ends.append(str(source.checked(CONTRACT, raw).table.num_rows))
        except FileRefused as refusal:
            ends.append(refusal.what)
    assert ends == ["1", "the required column is missing: 'b'.", "1"]


@pytest.mark.parametrize(("memory", "begun"), [(10**9, 5), (0, 1), (ahead.RESTING + 24 * 20, 2)])
def test_no_more_is_read_early_than_there_is_room_for(tmp_path: Path, memory: int, begun: int) -> None:
    """One file always is; others as their bytes and the memory allow, once there is a contract."""
    files = [new(tmp_path / f"{number}.csv", b"a;b\n1;2\n\n\n") for number in range(6)]
    assert early(sources(files, tmp_path, memory)) == 1
    contracts.save(CONTRACT, tmp_path)
    assert early(sources(files, tmp_path, memory)) == begun


MB = 1_000_000


@pytest.mark.parametrize(
    ("count", "size", "name", "cores", "memory", "expected"),
    [
        (100, MB, "{}.csv", 8, 1000 * MB, 2),
        (100, MB, "{}.csv", 8, 2000 * MB, 4),
        (100, MB, "{}.csv", 3, 9000 * MB, 3),
        (100, MB, "{}.csv", 8, 600 * MB, 0),
        (100, MB, "{}.csv", 1, 9000 * MB, 0),
        (20, MB, "{}.csv", 8, 9000 * MB, 0),
        (200, 100, "{}.csv", 4, 9000 * MB, 4),
        (100, 5 * MB, "{}.csv", 8, 9000 * MB, 0),
        (100, MB, "{}.csv.gz", 8, 9000 * MB, 0),
        (100, MB // 2, "{}.parquet", 8, 9000 * MB, 8),
    ],
)
def test_processes_are_started_where_they_pay(
    count: int, size: int, name: str, cores: int, memory: int, expected: int
) -> None:
    """Enough small files, more than one core, and half of the memory for them; else threads do the work."""
    files = [NewFile(Path(name.format(n)), str(n), (size, 0, 0)) for n in range(count)]
    with mock.patch.object(ahead, "_cores", return_value=cores):
        found = ahead.processes(files, memory - ahead.RESTING)
    assert found == expected
    assert found * (ahead.WORKER + 24 * ahead.SMALL) <= (memory - ahead.RESTING) / 2


def test_nothing_is_read_beside_a_file_in_blocks(tmp_path: Path) -> None:
    """A file that does not fit into the memory has it for itself."""
    contracts.save(CONTRACT, tmp_path)
    files = [new(tmp_path / f"{number}.csv", b"a;b\n1;2\n") for number in range(3)]
    with mock.patch.object(ahead.intake, "block_size", lambda path, _: int(path.name == "0.csv")):
        assert early(sources(files, tmp_path, 10**9)) == 0
    with mock.patch.object(ahead.intake, "block_size", lambda path, _: int(path.name == "1.csv")):
        assert early(sources(files, tmp_path, 10**9)) == 1


def early(found: Iterator[Source]) -> int:
    """Return how many files were begun by the time that the first one has its turn."""
    with mock.patch.object(Source, "begin", autospec=True) as begin:
        next(found)
    found.close()
    return int(begin.call_count)
