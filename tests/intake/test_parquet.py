"""Parquet files."""

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vigil.errors import FileRefused, FileUnreadable
from vigil.intake import block_size, blocks, read


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


CELLS = {
    "number": st.none() | st.floats(width=32) | st.sampled_from([0.0, -0.0, 1e308]),
    "count": st.none() | st.integers(-(2**63), 2**63 - 1),
    "truth": st.none() | st.booleans(),
    "text": st.none() | st.text(max_size=30) | st.just("long " * 90),
    "level": st.none() | st.sampled_from(["north", "south", "a much longer name of a region"]),
    "view": st.none() | st.text(max_size=20),
    "day": st.none() | st.dates(),
    "list": st.none() | st.lists(st.integers(0, 9), max_size=3),
}
TYPES = {
    "number": pa.float64(),
    "count": pa.int64(),
    "truth": pa.bool_(),
    "text": pa.string(),
    "level": pa.dictionary(pa.int32(), pa.string()),
    "view": pa.string_view(),
    "day": pa.date32(),
    "list": pa.list_(pa.int64()),
}


def drawn_table(data, rows):
    """Draw a table of some of the kinds of columns."""
    names = data.draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, unique=True))
    columns = {
        name: data.draw(st.lists(CELLS[name], min_size=rows, max_size=rows), label=name) for name in names
    }
    return pa.table({name: pa.array(cells, TYPES[name]) for name, cells in columns.items()})


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.integers(1, 60), st.integers(1, 70), st.integers(1, 3000), st.booleans())
def test_blocks_are_the_file(tmp_path, data, rows, group, size, plain):
    """Cells and lines do not depend on how a file is cut, nor on its row groups and how it is packed."""
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(
        drawn_table(data, rows),
        path,
        row_group_size=group,
        use_dictionary=not plain,
        data_page_size=64,
        write_batch_size=8,
    )
    whole, opened = read(path), blocks(path, size)
    for _ in range(2):
        found = list(opened)
        for name in whole.columns.column_names:
            parts = [raw.columns.column(name) for raw in found]
            cells = str([cell for part in parts for cell in part.to_pylist()])
            assert cells == str(whole.columns.column(name).to_pylist())
        assert [line for raw in found for line in raw.lines.tolist()] == whole.lines.tolist()
        assert sum(raw.total_rows for raw in found) == whole.total_rows
        assert {(raw.notes, raw.name, raw.written_as) for raw in found} == {
            (whole.notes, whole.name, whole.written_as)
        }
        assert all(raw.columns.nbytes <= size or raw.columns.num_rows == 1 for raw in found)


@pytest.mark.parametrize("damage", range(0, 20_000, 1_500))
def test_damage_is_told_alike_in_blocks(tmp_path, damage):
    """Wherever bytes are wrong, a file in blocks has the same cells or the same refusal as a whole one."""
    path = tmp_path / "a.parquet"
    rows = {"a": list(range(3000)), "b": [f"row {row}" for row in range(3000)]}
    pyarrow.parquet.write_table(pa.table(rows), path, row_group_size=1000)
    content = bytearray(path.read_bytes())
    content[damage : damage + 40] = b"\xff" * 40
    path.write_bytes(content)
    assert outcome(lambda: blocks(path, 4000)) == outcome(lambda: [read(path)])


def outcome(made):
    """Return all cells of a file, or why it is refused."""
    try:
        return [row for raw in made() for row in raw.columns.to_pylist()]
    except FileRefused as refusal:
        return str(refusal)


def test_a_file_that_changes_meanwhile_waits(tmp_path):
    """What is cut short while it is read in blocks makes the file wait; it is not refused for it."""
    path = tmp_path / "a.parquet"
    rows = {"a": list(range(200_000)), "b": [f"row {row}" for row in range(200_000)]}
    pyarrow.parquet.write_table(pa.table(rows), path, use_dictionary=False)
    opened = blocks(path, 10_000)
    path.write_bytes(path.read_bytes()[:500_000])
    with pytest.raises(FileUnreadable, match="changed while it was read"):
        list(opened)


def test_its_cells_say_whether_it_fits(tmp_path):
    """A small file that holds much is read in blocks, whatever its length; one that is none is not."""
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pa.table({"a": pa.nulls(500_000, pa.int64())}), path)
    assert path.stat().st_size < 5_000
    assert block_size(path, 40_000_000) == 40_000_000 // 24
    assert block_size(path, 60_000_000) == 0
    path.write_bytes(b"none")
    assert block_size(path, 40_000_000) == 0
