"""Parquet files."""

import pyarrow as pa
import pyarrow.parquet
import pytest

from vigil.errors import FileRefused
from vigil.intake import read


def test_cells_keep_their_types(tmp_path):
    """Nothing is turned into text; rows count from line 2."""
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pa.table({" a ": [1, None], "b": ["x", "y"]}), path)
    raw = read(path)
    assert raw.columns.to_pydict() == {"a": [1, None], "b": ["x", "y"]}
    assert raw.lines.tolist() == [2, 3]
    assert (raw.total_rows, raw.faults, raw.dialect) == (2, (), None)
    assert "Spaces around column names" in raw.notes[0]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pa.table({"a": pa.array([], pa.int64())}), "columns and no rows"),
        (pa.table([[1], [2]], names=["a", "a "]), "'a' stands at positions 1 and 2"),
    ],
)
def test_tables_without_rows_or_with_repeated_names_are_refused(tmp_path, table, words):
    """As for text files."""
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(table, path)
    with pytest.raises(FileRefused, match=words):
        read(path)


def test_every_damage_is_a_refusal(tmp_path):
    """Half a file, another file, an empty file: never a traceback."""
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pa.table({"a": list(range(1000))}), path)
    whole = path.read_bytes()
    for data in (b"", b"a,b\n1,2\n", whole[: len(whole) // 2], whole[10:]):
        path.write_bytes(data)
        with pytest.raises(FileRefused, match="cannot be read as Parquet"):
            read(path)
