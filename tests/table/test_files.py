"""Data files that are kept as they were read: the rows are those of the disk, and memory has an end."""

from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from tests.table.test_store import batch, filled
from vigil.errors import TableError
from vigil.records import HASH_COLUMN, LINE_COLUMN, ORDER_COLUMN
from vigil.table import files
from vigil.table.store import Staged, Table


def test_what_is_kept_is_what_is_on_the_disk(tmp_path: Path) -> None:
    """Asked again and again, through new batches, a new column and compaction, as a fresh reader reads."""
    table = filled(tmp_path, 3)
    for order in range(4, 8):
        assert table.rows().equals(Table(tmp_path).rows())
        assert table.batch(order - 1).equals(Table(tmp_path).batch(order - 1))
        table.append(batch(order, **({"extra": np.ones(5)} if order > 5 else {})), [f"digest{order}"])
    assert table.rows(columns=["extra"]).column(0).null_count == 25
    table.compact()
    assert table.rows().equals(Table(tmp_path).rows())
    assert table.rows(since=3, through=5, columns=["wage"]).num_rows == 15


def test_a_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second look at the same batches needs no file; one file over the limit is read each time."""
    table = filled(tmp_path, 3)
    before = table.rows()
    for part in tmp_path.glob("part-*"):
        part.rename(part.with_suffix(".away"))
    assert table.rows().equals(before)
    monkeypatch.setattr(files, "SMALL", 0)
    for part in tmp_path.glob("*.away"):
        part.rename(part.with_suffix(".parquet"))
    assert table.rows().equals(before)


def test_what_was_just_written_is_not_read_back(tmp_path: Path) -> None:
    """Its rows are known as a reader finds them; a column that comes later is read for."""
    table = filled(tmp_path, 2)
    for part in tmp_path.glob("part-*"):
        part.rename(part.with_suffix(".away"))
    assert table.batch(2).equals(batch(2))
    with pytest.raises(TableError, match="cannot be used"):
        table.batch(1)  # one file is held, however many are written
    for part in tmp_path.glob("*.away"):
        part.rename(part.with_suffix(".parquet"))
    table.append(batch(3), ["digest3"])
    table.append(batch(4, extra=np.ones(5)), ["digest4"])
    assert table.rows().equals(Table(tmp_path).rows())


def test_what_was_not_asked_for_longest_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more is kept than fits; the newest stays."""
    table = filled(tmp_path, 5)
    monkeypatch.setattr(files, "MOST_KEPT", 2 * table.batch(1).nbytes + 200)
    for order in range(1, 6):
        table.batch(order)
    names = [file.path for file in table._files()]
    assert list(table._kept._rows) == names[-len(table._kept._rows) :]
    assert 1 <= len(table._kept._rows) <= 2


def test_each_column_is_written_as_suits_it(tmp_path: Path) -> None:
    """Strings that repeat go through a dictionary; no extremes are noted of strings and of hashes."""
    rows = batch(1, 2000, city=["rome", "oslo"] * 1000, name=[f"n{row}" for row in range(2000)])
    group = parquet.ParquetFile(tmp_path / files.write(tmp_path, rows).path).metadata.row_group(0)
    found = {group.column(place).path_in_schema: group.column(place) for place in range(group.num_columns)}
    written = {
        name: (column.has_dictionary_page, column.is_stats_set, column.compression)
        for name, column in found.items()
    }
    assert written["city"] == (True, False, "ZSTD")
    assert written["name"] == (False, False, "ZSTD")
    assert written[HASH_COLUMN] == (False, False, "UNCOMPRESSED")
    assert written[ORDER_COLUMN][1]


def test_a_batch_in_many_files_needs_no_sorting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its files are called, they are read by their lines; other batches are left out."""
    table = Table(tmp_path)
    for order in (1, 2, 3):
        rows = batch(order, 70)
        staged = [table.stage(rows.slice(start, 10)) for start in range(0, 70, 10)]
        table.take(Staged(rows.schema, [one for part in staged for one in part.added]), [f"digest{order}"])
    monkeypatch.setattr(files, "SMALL", 0)
    monkeypatch.setattr(np, "lexsort", None)
    found = Table(tmp_path).rows(since=2, through=3)
    places = list(zip(*(found.column(name).to_pylist() for name in (ORDER_COLUMN, LINE_COLUMN)), strict=True))
    assert places == sorted(places)
    assert len(places) == 140
    assert Table(tmp_path).batch(2).num_rows == 70
