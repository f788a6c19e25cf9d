"""The quarantine: why rows were left out and what they hold, one file per batch."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.errors import TableError
from vigil.records import RowFault
from vigil.table import quarantine
from vigil.table.quarantine import Held

text = st.text(st.characters(), max_size=20)
faults = st.lists(st.builds(RowFault, line=st.integers(1, 9), column=text, value=text, rule=text))
cell = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text


@settings(max_examples=50, deadline=None)
@given(faults, st.dictionaries(text, cell), st.integers(1, 9))
def test_what_is_held_comes_back(
    tmp_path_factory: pytest.TempPathFactory, found: list[RowFault], row: dict[str, object], version: int
) -> None:
    """Any text survives, line breaks and lone surrogates included; cells keep their types."""
    root = tmp_path_factory.mktemp("quarantine")
    lines = {fault.line for fault in found}
    released = {line: version for line in lines if line % 2}
    held = Held(tuple(found), dict.fromkeys(lines, row), version, ",", released)
    quarantine.write(root, "b1", "may.csv", held)
    assert quarantine.read(root, "b1") == (held if found else Held())


def test_each_line_is_complete_by_itself(tmp_path: Path) -> None:
    """A line names batch, file, line, column, value and rule; a file name of odd bytes is let through."""
    held = Held((RowFault(7, "wage", "abc", "not a number"),), {7: {"wage": "abc", "age": 3}}, 2, ".")
    path = quarantine.write(tmp_path, "b1", "may\udcff.csv", held)
    assert json.loads(path.read_text()) == {
        "batch": "b1",
        "file": "may\udcff.csv",
        "line": 7,
        "column": "wage",
        "value": "abc",
        "rule": "not a number",
        "contract": 2,
        "decimal": ".",
        "cells": {"wage": "abc", "age": 3},
    }


def test_writing_again_replaces(tmp_path: Path) -> None:
    """The same batch judged again leaves one file, without leftovers."""
    quarantine.write(tmp_path, "b1", "may.csv", Held((RowFault(1, "a", "x", "r"),) * 3))
    again = Held((RowFault(2, "a", "y", "r"),))
    quarantine.write(tmp_path, "b1", "may.csv", again)
    assert quarantine.read(tmp_path, "b1") == again
    assert [path.name for path in tmp_path.iterdir()] == ["b1.jsonl"]


def test_an_unknown_batch_holds_nothing(tmp_path: Path) -> None:
    """Nothing was left out of a batch without a file."""
    assert quarantine.read(tmp_path / "none", "b9") == Held()


def test_faults_without_cells_are_read(tmp_path: Path) -> None:
    """Lines of the first release, which kept no cells, tell their faults as before."""
    entry = {"batch": "b1", "file": "a.csv", "line": 2, "column": "a", "value": "x", "rule": "r"}
    (tmp_path / "b1.jsonl").write_text(json.dumps(entry) + "\n")
    assert quarantine.read(tmp_path, "b1") == Held((RowFault(2, "a", "x", "r"),))


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
