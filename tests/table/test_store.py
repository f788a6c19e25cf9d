"""The table of accepted rows: versions, exactly-once, torn logs."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from vigil.errors import StorageError, TableError
from vigil.records import BATCH_COLUMN, HASH_COLUMN, LINE_COLUMN, ORDER_COLUMN
from vigil.storage import copies, durable
from vigil.storage.copies import Kept
from vigil.table import log, store
from vigil.table.hashing import row_hashes, to_column
from vigil.table.store import Table


def batch(order: int, size: int = 5, **more: object) -> pa.Table:
    """Make the rows of one batch."""
    cells = {
        "wage": np.arange(size) + order * 1000.0,
        "city": pa.array([f"city {place}" for place in range(size)], pa.string()),
        "when": pa.array(np.arange(size), pa.int64()).cast(pa.timestamp("us", "UTC")),
        **more,
    }
    table = pa.table(cells)
    own = {
        BATCH_COLUMN: pa.array([f"b{order}"] * size, pa.string()),
        ORDER_COLUMN: pa.array([order] * size, pa.int64()),
        LINE_COLUMN: pa.array(np.arange(size) + 2),
        HASH_COLUMN: to_column(row_hashes(table, ["wage", "city"])),
    }
    for name, column in own.items():
        table = table.append_column(name, column)
    return table


def filled(root: Path, batches: int) -> Table:
    """Make a table with batches 1 … n, one commit each."""
    table = Table(root)
    for order in range(1, batches + 1):
        table.append(batch(order), [f"digest{order}"])
    return table


@pytest.fixture(autouse=True, params=["disk", "s3"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> bool:
    """Every test runs with tables on the disk alone, and with tables in object storage: then it is true."""
    if request.param == "s3":
        server = request.getfixturevalue("object_storage")
        copies.settle([Kept("output", tmp_path)], server.bucket(), server.endpoint, "tables")
    return request.param == "s3"


def test_another_writer_is_found_out(tmp_path: Path, kept: bool) -> None:
    """In object storage an entry that another machine has written meanwhile is not written over."""
    table = filled(tmp_path, 1)
    log.entry(tmp_path, 2).write_bytes(b"another machine's")
    durable.publish(log.entry(tmp_path, 2))
    log.entry(tmp_path, 2).unlink()
    if not kept:
        return
    with pytest.raises(StorageError, match="somebody else has written this meanwhile"):
        table.append(batch(2), ["digest2"])
    assert not table.has("digest2")
    assert Table(tmp_path).version() == 1


def test_before_the_first_row_there_is_nothing(tmp_path: Path) -> None:
    """A table that was never written answers, and creates no folder."""
    table = Table(tmp_path / "table")
    assert not table.exists()
    assert (table.version(), table.count(), table.last_order(), table.has("x")) == (None, 0, 0, False)
    with pytest.raises(TableError, match="no rows"):
        table.rows()
    assert not (tmp_path / "table").exists()


def test_rows_come_back_as_they_went_in(tmp_path: Path) -> None:
    """Values, types, hashes and time zones survive; a fresh reader sees the same."""
    table = filled(tmp_path, 2)
    expected = pa.concat_tables([batch(1), batch(2)])
    assert table.rows().equals(expected)
    assert Table(tmp_path).rows().equals(expected)
    assert table.schema().field("when").type == pa.timestamp("us", "UTC")


def test_a_grouped_commit_holds_several_files(tmp_path: Path) -> None:
    """Two files and one without rows go in at once; each is asked for by its digest."""
    table = Table(tmp_path)
    both = pa.concat_tables([batch(2), batch(1)])
    version = table.append(both, ["one", "two", "empty"], {"run": "r1"})
    assert version == table.version()
    assert all(table.has(digest) for digest in ("one", "two", "empty"))
    assert table.batch(1).equals(batch(1))
    assert table.rows(columns=[ORDER_COLUMN]).column(0).to_pylist() == [1] * 5 + [2] * 5
    assert DeltaTable(tmp_path).history()[0]["run"] == "r1"


def test_a_file_without_rows_is_remembered(tmp_path: Path) -> None:
    """A batch of which nothing was kept still counts as taken in, first or later."""
    table = Table(tmp_path)
    table.append(batch(1).slice(0, 0), ["nothing"])
    assert table.has("nothing")
    assert table.rows().num_rows == table.count() == 0


def test_the_same_file_is_refused(tmp_path: Path) -> None:
    """A digest that is in is not taken twice, also across processes and checkpoints."""
    table = filled(tmp_path, 2)
    with pytest.raises(TableError, match="already taken in: digest2"):
        table.append(batch(3), ["new", "digest2"])
    assert not Table(tmp_path).has("new")
    assert table.count() == 10


def test_digests_survive_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After checkpoints the first digest is still known, also to a new reader."""
    monkeypatch.setattr(store, "CHECKPOINT_EVERY", 3)
    filled(tmp_path, 7)
    assert len(list(log.folder(tmp_path).glob("*.checkpoint.parquet"))) == 2
    table = Table(tmp_path)
    assert table.has("digest1")
    assert table.version() == 7
    assert table.count() == 35


def test_ranges_of_batches(tmp_path: Path) -> None:
    """Both ends of a range are included; counting reads no more than it must."""
    table = Table(tmp_path)
    table.append(pa.concat_tables([batch(order) for order in (1, 2, 3)]), ["a"])
    table.append(batch(4), ["b"])
    wages = table.rows(since=2, through=3, columns=["wage"])
    assert wages.column_names == ["wage"]
    assert wages.column(0).to_pylist() == [*batch(2)["wage"].to_pylist(), *batch(3)["wage"].to_pylist()]
    assert [table.count(through=order) for order in range(6)] == [0, 5, 10, 15, 20, 20]
    assert table.last_order() == 4
    assert table.batch(9).num_rows == 0


def test_some_batches_are_read_at_once(tmp_path: Path) -> None:
    """Each comes as it does alone, in the order asked for; one without rows is empty."""
    table = filled(tmp_path / "table", 5)
    two, nine, four = table.batches([2, 9, 4])
    assert two.equals(table.batch(2))
    assert four.equals(table.batch(4))
    assert nine.num_rows == 0
    assert table.batches([]) == []


def test_a_new_column_is_null_before(tmp_path: Path) -> None:
    """A column that a later contract adds is missing in earlier rows, and may stay away again."""
    table = filled(tmp_path, 1)
    table.append(batch(2, grade=pa.array(["x"] * 5)), ["second"])
    table.append(batch(3), ["third"])
    assert table.rows(columns=["grade"]).column(0).to_pylist() == [None] * 5 + ["x"] * 5 + [None] * 5


def test_a_changed_type_is_refused(tmp_path: Path) -> None:
    """A column keeps its type; nothing is written otherwise."""
    table = filled(tmp_path, 1)
    with pytest.raises(TableError, match="wage from double to string"):
        table.append(batch(2, wage=pa.array(["a"] * 5)), ["second"])
    assert table.count() == 5
    assert not table.has("second")


def test_dates_without_a_zone_are_refused(tmp_path: Path) -> None:
    """Naive timestamps never get in."""
    naive = batch(1, when=pa.array([0] * 5, pa.timestamp("us")))
    with pytest.raises(TableError, match="when have no time zone"):
        Table(tmp_path).append(naive, ["x"])


def test_past_versions_stay(tmp_path: Path) -> None:
    """Whoever reads the table with another program finds a version as it was, after rows and compaction."""
    table = filled(tmp_path, 3)
    version = table.version()
    table.append(batch(4), ["more"])
    table.compact()
    assert DeltaTable(tmp_path, version=version).to_pyarrow_table().num_rows == 15
    assert DeltaTable(tmp_path).to_pyarrow_table().num_rows == 20


def test_a_reader_follows_a_writer(tmp_path: Path) -> None:
    """An open reader sees the rows that another has added since."""
    writer = filled(tmp_path, 1)
    reader = Table(tmp_path)
    assert reader.count() == 5
    writer.append(batch(2, extra=np.ones(5)), ["more"])
    assert reader.count() == 10
    assert "extra" in reader.schema().names


def test_compaction_and_vacuum_keep_every_row(tmp_path: Path) -> None:
    """Small files become one, old ones go, foreign files stay, the rows are the same."""
    table = filled(tmp_path, 6)
    before = table.rows()
    (tmp_path / "quarantine").mkdir()
    foreign = [tmp_path / "ingestedfiles.txt", tmp_path / "quarantine" / "part-1.parquet"]
    for path in foreign:
        path.write_text("x")
    assert table.compact() == 6
    assert table.compact() == 0
    assert len(table.vacuum(0)) == 6
    assert table.rows().equals(before)
    assert Table(tmp_path).has("digest3")
    assert len(list(tmp_path.glob("part-*"))) == 1
    assert all(path.exists() for path in foreign)


def test_vacuum_removes_what_a_crash_left(tmp_path: Path) -> None:
    """A data file that no commit names is deleted."""
    table = filled(tmp_path, 1)
    orphan = tmp_path / "part-orphan.zstd.parquet"
    orphan.write_bytes(b"x")
    assert table.vacuum(0) == [orphan.name]
    assert table.count() == 5


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.6, 0.9, "line"])
def test_a_torn_entry_is_set_aside(tmp_path: Path, keep: float | str) -> None:
    """Cut at any point, between two lines as well, the last commit never was; it can be made again."""
    table = filled(tmp_path, 2)
    entry = log.entry(tmp_path, 2)
    whole = entry.read_bytes()
    size = whole.rstrip(b"\n").rindex(b"\n") + 1 if keep == "line" else int(len(whole) * float(keep))
    entry.write_bytes(whole[:size])

    reader = Table(tmp_path)
    assert (reader.version(), reader.count(), reader.has("digest2")) == (1, 5, False)
    assert entry.exists(), "reading changes nothing"

    table = Table(tmp_path)
    assert table.append(batch(2), ["digest2"]) == 2
    assert table.rows().equals(pa.concat_tables([batch(1), batch(2)]))
    assert (tmp_path / "_torn" / entry.name).read_bytes() == whole[:size]


def test_a_torn_creation_starts_again(tmp_path: Path) -> None:
    """A table whose very first entry is torn is made anew."""
    filled(tmp_path, 1)
    durable.remove(log.entry(tmp_path, 1))
    log.entry(tmp_path, 0).write_bytes(b"")
    table = Table(tmp_path)
    assert not table.exists()
    table.append(batch(1), ["digest1"])
    assert table.count() == 5


@pytest.mark.parametrize("victim", ["checkpoint", "hint", "both"])
def test_a_torn_checkpoint_is_set_aside(tmp_path: Path, victim: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint cut off by a power loss is moved aside; no row and no digest is lost."""
    monkeypatch.setattr(store, "CHECKPOINT_EVERY", 3)
    filled(tmp_path, 4)
    checkpoint, hint = log.checkpoint_files(tmp_path, 3)
    for path in {"checkpoint": [checkpoint], "hint": [hint], "both": [checkpoint, hint]}[victim]:
        path.write_bytes(path.read_bytes()[:20])
    table = Table(tmp_path)
    assert table.repair()
    assert table.repair() == []
    assert table.has("digest1")
    assert table.append(batch(5), ["digest5"]) == 5
    assert Table(tmp_path).count() == 25


def test_both_checkpoints_torn_at_once_are_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a kill before the older one was synced, a power loss may cut off two: one repair heals it."""
    monkeypatch.setattr(store, "CHECKPOINT_EVERY", 2)
    filled(tmp_path, 9)
    for path in log.folder(tmp_path).glob("*.checkpoint.parquet"):
        path.write_bytes(path.read_bytes()[:20])
    table = Table(tmp_path)
    assert len(table.repair()) == 3
    assert table.repair() == []
    assert all(table.has(f"digest{order}") for order in range(1, 10))
    assert table.append(batch(10), ["digest10"]) == 10
    assert Table(tmp_path).count() == 50


def test_superseded_checkpoints_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two checkpoints are kept however many were written; every digest, row and older version can be read."""
    monkeypatch.setattr(store, "CHECKPOINT_EVERY", 2)
    filled(tmp_path, 9)
    kept = sorted(path.name for path in log.folder(tmp_path).glob("*.checkpoint.parquet"))
    assert kept == [f"{version:020}.checkpoint.parquet" for version in (6, 8)]
    table = Table(tmp_path)
    assert table.count() == 45
    assert all(table.has(f"digest{order}") for order in range(1, 10))
    assert DeltaTable(tmp_path, version=3).to_pyarrow_table().num_rows == 15


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_store import batch
from vigil.table.store import Table
table = Table(Path(sys.argv[1]))
print("ready", flush=True)
for order in range(1, 200):
    if not table.has(f"digest{{order}}"):
        table.append(batch(order), [f"digest{{order}}"])
        print(order, flush=True)
"""


def killed_writer(root: Path, output: Path, lines: int, delay: float) -> list[int]:
    """Let a writer print some lines, kill it a little later; return the batches it acknowledged."""
    with output.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER.format(tests=str(Path(__file__).parent)), str(root)],
            stdout=stream,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        while output.read_text().count("\n") < lines and process.poll() is None:
            time.sleep(0.005)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
    return [int(line) for line in output.read_text().splitlines()[1:]]


def test_a_kill_at_any_moment_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    """Killed again and again while writing, the table holds each acknowledged batch exactly once."""
    acknowledged = 0
    for turn, lines in enumerate((1, 3, 3, 4)):
        found = killed_writer(tmp_path / "table", tmp_path / f"out{turn}", lines, 0.013 * turn)
        acknowledged = max([acknowledged, *found])
    rows = Table(tmp_path / "table").rows()
    orders, counts = np.unique(rows.column(ORDER_COLUMN).to_numpy(), return_counts=True)
    assert acknowledged > 0
    assert (counts == 5).all()
    assert orders.tolist() == list(range(1, len(orders) + 1))
    assert len(orders) in {acknowledged, acknowledged + 1}


def test_what_was_committed_is_known_without_a_look_at_the_log(tmp_path: Path) -> None:
    """One instance knows its own commits, others', and what was given up, as a fresh one does."""
    table, names = filled(tmp_path, 1), [f"digest{order}" for order in range(1, 6)]

    def agrees() -> bool:
        return [table.has(name) for name in names] == [Table(tmp_path).has(name) for name in names]

    assert agrees()
    table.append(batch(2), ["digest2"])
    assert agrees()
    Table(tmp_path).append(batch(3), ["digest3"])
    assert agrees()
    (tmp_path / table._files()[0].path).unlink()
    table.give_up(["digest1"])
    assert agrees()
    assert not table.has("digest1")
    table.append(batch(4), ["digest4", "digest1"])
    assert agrees()
    assert table.has("digest1")


def test_a_broken_table_is_explained(tmp_path: Path) -> None:
    """A data file that is gone gives an error in words."""
    filled(tmp_path, 1)
    next(tmp_path.glob("part-*")).unlink()
    with pytest.raises(TableError, match="cannot be used"):
        Table(tmp_path).rows()


def test_other_programs_read_the_table(tmp_path: Path) -> None:
    """The rows are a plain Delta Lake table, also after a column was added."""
    table = filled(tmp_path, 2)
    table.append(batch(3, more=np.ones(5)), ["x"])
    found = DeltaTable(tmp_path).to_pyarrow_table()
    assert found.num_rows == 15
    assert found.column("more").null_count == 10


def test_a_table_of_other_hashes_is_refused(tmp_path: Path) -> None:
    """A table whose rows were hashed in another way says so, instead of taking every row for a new one."""
    stored = pa.schema([field.remove_metadata() for field in batch(1).schema if field.name != HASH_COLUMN])
    DeltaTable.create(tmp_path, stored)
    with pytest.raises(TableError, match="made by another version of Vigil"):
        Table(tmp_path).count()


def test_staged_rows_are_in_no_version_until_they_are_taken(tmp_path: Path) -> None:
    """Rows on the disk count from the commit on, also before there is a table; forgotten ones are cleared."""
    table = Table(tmp_path / "table")
    first, forgotten = table.stage(batch(1)), table.stage(batch(7))
    assert (table.version(), table.count()) == (None, 0)
    table.take(first, ["one"])
    assert table.rows().equals(batch(1))
    assert len(table.vacuum(0)) == len(forgotten.added) == 1
    assert table.rows().equals(batch(1))


def test_rows_of_another_type_are_not_staged(tmp_path: Path) -> None:
    """A column that has changed its type is refused before anything is written."""
    table = filled(tmp_path, 1)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(TableError, match="cannot change its type"):
        table.stage(batch(2, wage=pa.array(["x"] * 5)))
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_wide_table_is_read_and_grows_wider(tmp_path: Path) -> None:
    """Rows of more columns than the log tells of come back, over checkpoints and with columns added."""
    table = Table(tmp_path / "table")
    wide = {f"c{place}": np.arange(5.0) for place in range(40)}
    for order in range(1, store.CHECKPOINT_EVERY + 2):
        table.append(batch(order, **wide), [f"digest{order}"])
    table.append(batch(50, **wide, added=np.arange(5.0)), ["digest50"])
    again = Table(tmp_path / "table")
    assert again.last_order() == 50
    assert again.batch(50).column("added").to_pylist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert again.batch(3).column("c39").to_pylist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_an_unreadable_wide_table_is_repaired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wide table made without naming the column to tell of is used again after `repair`."""
    wide = {f"c{place}": np.arange(5.0) for place in range(40)}
    with monkeypatch.context() as before:
        before.setattr(store, "_LIMITS", {})
        Table(tmp_path / "table").append(batch(1, **wide), ["digest1"])
    with pytest.raises(KeyError):
        Table(tmp_path / "table").last_order()
    table = Table(tmp_path / "table")
    table.repair()
    versions = table.version()
    table.repair()
    assert table.version() == versions
    assert table.last_order() == 1
    assert table.batch(1).num_rows == 5
    assert table.has("digest1")
