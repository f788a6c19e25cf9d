"""The quarantine: why rows were left out, one file per batch."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.errors import TableError
from vigil.records import RowFault
from vigil.table import quarantine

text = st.text(st.characters(), max_size=20)
faults = st.lists(st.builds(RowFault, line=st.integers(1, 10**9), column=text, value=text, rule=text))


@settings(max_examples=50, deadline=None)
@given(faults)
def test_faults_come_back(tmp_path_factory: pytest.TempPathFactory, found: list[RowFault]) -> None:
    """Any text survives, line breaks and lone surrogates included."""
    root = tmp_path_factory.mktemp("quarantine")
    quarantine.write(root, "b1", "may.csv", found)
    assert quarantine.read(root, "b1") == tuple(found)


def test_each_line_is_complete_by_itself(tmp_path: Path) -> None:
    """A line names batch, file, line, column, value and rule; a file name of odd bytes is let through."""
    fault = RowFault(7, "wage", "abc", "not a number")
    path = quarantine.write(tmp_path, "b1", "may\udcff.csv", [fault])
    assert json.loads(path.read_text()) == {
        "batch": "b1",
        "file": "may\udcff.csv",
        "line": 7,
        "column": "wage",
        "value": "abc",
        "rule": "not a number",
    }


def test_writing_again_replaces(tmp_path: Path) -> None:
    """The same batch judged again leaves one file, without leftovers."""
    quarantine.write(tmp_path, "b1", "may.csv", [RowFault(1, "a", "x", "r")] * 3)
    again = [RowFault(2, "a", "y", "r")]
    quarantine.write(tmp_path, "b1", "may.csv", again)
    assert quarantine.read(tmp_path, "b1") == tuple(again)
    assert [path.name for path in tmp_path.iterdir()] == ["b1.jsonl"]


def test_an_unknown_batch_has_no_faults(tmp_path: Path) -> None:
    """Nothing was left out of a batch without a file."""
    assert quarantine.read(tmp_path / "none", "b9") == ()


@pytest.mark.parametrize("name", ["", "../b1", "a/b", ".hidden", "a\n", "x" * 200])
def test_an_id_is_never_a_path(tmp_path: Path, name: str) -> None:
    """Only plain names reach the file system."""
    with pytest.raises(TableError, match="not a batch id"):
        quarantine.read(tmp_path, name)


def test_a_damaged_file_is_explained(tmp_path: Path) -> None:
    """A file that is no quarantine gives an error that says what to do."""
    (tmp_path / "b1.jsonl").write_text('{"line"')
    with pytest.raises(TableError, match="cannot be read"):
        quarantine.read(tmp_path, "b1")
