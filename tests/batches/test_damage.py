"""Rows that a power loss or a disk took out of the table come back from their files, in their old places."""

import sqlite3
from contextlib import closing

import pytest

from tests.batches.test_commit import end
from vigil.errors import LedgerError
from vigil.table import log


def data_files(site):
    """Return the table's data files, oldest first."""
    folder = site.root / "ingested" / "table"
    return sorted(folder.glob("part-*.parquet"), key=lambda path: path.stat().st_mtime_ns)


@pytest.fixture
def filled(site):
    """Three files, taken in one by one."""
    for number in (1, 2, 3):
        site.leavers(f"{number}.csv", 60, seed=number)
        site.take_in()
    return site


def newest_entry(site):
    """Return the newest entry of the table's log."""
    root = site.root / "ingested" / "table"
    return log.entry(root, log.newest(root))


HARM = {
    "the last entry is cut short": lambda site: newest_entry(site).write_bytes(
        newest_entry(site).read_bytes()[:90]
    ),
    "the last entry is empty": lambda site: newest_entry(site).write_bytes(b""),
    "a data file is missing": lambda site: data_files(site)[1].unlink(),
    "a data file is cut short": lambda site: data_files(site)[1].write_bytes(
        data_files(site)[1].read_bytes()[:200]
    ),
    "a data file is empty": lambda site: data_files(site)[0].write_bytes(b""),
}


@pytest.mark.parametrize("harm", HARM)
def test_damage_is_mended_from_the_files(filled, harm):
    """Whatever is torn, the next run reads its files again: the same rows, numbers and records."""
    before = end(filled)
    HARM[harm](filled)
    arrivals = list(filled.take_in().values())
    assert [arrival.status for arrival in arrivals] == ["ingested"]
    assert end(filled) == before
    assert filled.take_in() == {}


def test_a_file_that_is_gone_is_asked_for(filled):
    """Without its file a lost batch is said, keeps its place, and comes back when the file does."""
    before = end(filled)
    away = filled.root / "2.csv"
    (filled.arriving / "2.csv").rename(away)
    data_files(filled)[1].unlink()
    assert filled.take_in() == {}
    assert any("2.csv: its 60 rows were in a damaged part" in line for line in filled.said)
    filled.leavers("4.csv", 50, seed=4)
    filled.take_in()
    assert [batch[1] for batch in end(filled)[0]] == [1, 3, 4]
    away.rename(filled.arriving / "2.csv")
    filled.take_in()
    assert [batch[:3] for batch in end(filled)[0]] == [
        *(batch[:3] for batch in before[0]),
        (end(filled)[0][3][0], 4, 50),
    ]
    assert len(end(filled)[3]) == 230


def test_a_run_cut_off_while_it_mends(filled, monkeypatch):
    """Killed between the announcement and the table, the lost batch still keeps its place."""
    before = end(filled)
    data_files(filled)[1].unlink()
    from vigil.table.store import Table

    class Cut(Exception):
        """The run was killed here."""

    def cut(*_args, **_more):
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(Table, "take", cut)
        with pytest.raises(Cut):
            filled.take_in()
    assert [arrival.status for arrival in filled.take_in().values()] == ["ingested"]
    assert end(filled) == before


def test_a_ledger_that_is_older_than_the_table_is_refused(filled):
    """Nothing is taken in or written by it, not a file a second time; with its own ledger all goes on."""
    filled.leavers("4.csv", 60, seed=4)
    older, newer = filled.root / "older.db", filled.root / "ledger.db"
    copy(newer, older)
    filled.take_in()
    before = end(filled)
    kept = filled.root / "newer.db"
    copy(newer, kept)
    copy(older, newer)
    filled.leavers("5.csv", 60, seed=5)
    for _ in range(2):
        with pytest.raises(LedgerError, match="holds 4 batches, and the ledger knows 3") as caught:
            filled.take_in()
        assert "restore the whole backup" in str(caught.value)
    copy(kept, newer)
    assert end(filled) == before
    assert [arrival.status for arrival in filled.take_in().values()] == ["ingested"]


def copy(source, target):
    """Put the content of one SQLite ledger into another, as a restore does."""
    with closing(sqlite3.connect(source)) as found, closing(sqlite3.connect(target)) as into:
        found.backup(into)
