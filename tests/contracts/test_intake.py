"""Every reader, found by its endings, keeps the same promises."""

import contextlib
import gzip
import hashlib
import os
import re
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.intake.kinds import KINDS, agreed, outcome, written
from vigil import intake
from vigil.contract import check, infer
from vigil.errors import FileRefused, FileUnreadable
from vigil.intake import digest, read, suffixes

DOCS = Path(__file__).parents[2] / "docs" / "files.md"
TABLE = pa.table({"a": ["1", "2", "3"], "b": ["x", "y", "x"]})
TEXT = b"a,b\n1,x\n2,y\n3,x\n"


def write(path):
    """Write the same small table as the kind of file that the ending names."""
    if path.name.lower().endswith(".parquet"):
        pyarrow.parquet.write_table(TABLE, path)
    else:
        path.write_bytes(gzip.compress(TEXT) if path.name.lower().endswith(".gz") else TEXT)
    return path


@pytest.fixture(params=suffixes())
def suffix(request):
    """Every ending that is read."""
    return request.param


def test_each_reader_returns_the_same_table(tmp_path, suffix):
    """Cells, lines and counts agree between kinds of file, in capitals too."""
    for name in (f"may{suffix}", f"MAY{suffix.upper()}", f"a 'b' \"c\" ..{suffix}"):
        raw = read(write(tmp_path / name))
        assert raw.columns.equals(TABLE)
        assert raw.lines.dtype == np.int64
        assert raw.lines.tolist() == [2, 3, 4]
        assert (raw.total_rows, raw.faults) == (3, ())


def test_each_reader_leaves_the_file_alone(tmp_path, suffix):
    """Reading changes neither the bytes nor the folder."""
    path = write(tmp_path / f"may{suffix}")
    before = digest(path)
    read(path)
    assert digest(path) == before == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(tmp_path.iterdir()) == [path]


def test_each_reader_refuses_what_is_no_file(tmp_path, suffix):
    """Folders, pipes and dangling links are refused without blocking; a link to a file is read."""
    (tmp_path / f"folder{suffix}").mkdir()
    os.mkfifo(tmp_path / f"pipe{suffix}")
    (tmp_path / f"dangling{suffix}").symlink_to(tmp_path / "nowhere")
    for name in ("folder", "pipe", "dangling", "absent"):
        for act in (read, digest):
            with pytest.raises(FileRefused, match=r"not a regular file|does not exist"):
                act(tmp_path / f"{name}{suffix}")
    (tmp_path / f"link{suffix}").symlink_to(write(tmp_path / f"file{suffix}"))
    assert read(tmp_path / f"link{suffix}").total_rows == 3


def test_each_reader_refuses_what_it_may_not_read(suffix):
    """A file without permission is refused."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = write(Path(folder) / f"may{suffix}")
        path.chmod(0)
        with as_anybody(), pytest.raises(FileRefused, match="cannot be read"):
            read(path)


@contextlib.contextmanager
def as_anybody():
    """Act without the superuser's rights, whom no permission stops."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_each_reader_survives_any_damage(tmp_path, suffix):
    """A file cut anywhere is refused in words, or gives the rows before the cut; nothing is made up."""
    path = write(tmp_path / f"may{suffix}")
    whole = path.read_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:length])
        try:
            raw = read(path)
        except FileRefused as refused:
            assert refused.what
            assert refused.where == path.name
        else:
            whole_rows = max(raw.columns.num_rows - 1, 0)
            assert raw.columns.slice(0, whole_rows).equals(
                TABLE.select(raw.columns.column_names).slice(0, whole_rows)
            )
            assert raw.total_rows <= TABLE.num_rows


def test_each_reader_leaves_what_does_not_fit_into_memory(tmp_path, suffix, monkeypatch):
    """A file too large for the memory that is free waits, in words, instead of ending the whole run."""
    path = write(tmp_path / f"may{suffix}")
    assert intake.available_memory() > 1_000_000
    monkeypatch.setattr(intake, "available_memory", lambda: 100)
    with pytest.raises(
        FileUnreadable, match=r"needs about 0\.0 GB of memory to be read, and 0\.0 GB are free"
    ):
        read(path)
    monkeypatch.setattr(intake, "available_memory", lambda: None)
    assert read(path).total_rows == 3


def test_names_are_shown_without_control_characters(tmp_path):
    """A name with a line end or bytes that are not UTF-8 cannot break a message."""
    for name in (b"a\nb.csv", b"caf\xe9.csv"):
        path = tmp_path / os.fsdecode(name)
        path.write_bytes(b"")
        with pytest.raises(FileRefused) as caught:
            read(path)
        assert caught.value.where.isprintable()
        str(caught.value).encode()


def test_other_endings_are_refused(tmp_path):
    """The hint lists what is read."""
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    with pytest.raises(FileRefused, match="not a kind of file") as caught:
        read(tmp_path / "a.xlsx")
    assert all(suffix in caught.value.hint for suffix in suffixes())


def documented():
    """Return the table of docs/files.md: what a file is like → (ending, words)."""
    part = DOCS.read_text().split("## Kinds of file")[1]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in row] for row in rows[2:] if len(row) == 4]
    return {row[0].strip("`"): (row[2], row[3].replace("`", "")) for row in cells}


@pytest.fixture(scope="module")
def contract(tmp_path_factory):
    """The contract of a clean first file."""
    return agreed(tmp_path_factory.mktemp("first"))


@pytest.mark.parametrize("kind", sorted(KINDS.keys() | documented().keys()))
def test_each_kind_of_file_ends_as_documented(tmp_path, contract, kind):
    """docs/files.md says how each kind of file ends and in which words; so it is."""
    assert documented()[kind] == outcome(written(tmp_path, kind), contract)


def test_the_missing_words_are_documented():
    """docs/files.md lists every word that is read as missing, and every ending."""
    from vigil.contract.cells import MISSING

    text = DOCS.read_text()
    listed = re.search(r"Missing are: (.*?)\.\n", text, re.DOTALL)
    assert {word.lower() for word in re.findall(r"`([^`]+)`", listed[1])} == MISSING - {""}
    assert all(f"`{suffix}`" in text for suffix in suffixes())


@pytest.mark.skipif("VIGIL_DATA" not in os.environ, reason="VIGIL_DATA names no folder of real data")
@pytest.mark.parametrize(
    ("name", "target", "rows", "numbers"),
    [("telco_churn", "Churn", 7043, 4), ("electricity", "class", 45312, 6), ("weather", "target", 18159, 8)],
)
def test_real_files_are_taken_in_whole(name, target, rows, numbers):
    """Real tables are read with all their rows, and their columns are what they are."""
    raw = read(Path(os.environ["VIGIL_DATA"]) / f"{name}.csv")
    contract, _ = infer(raw, target=target)
    found = check(contract, raw)
    assert (found.table.num_rows, contract.labelled(found.table), found.faults) == (rows, rows, ())
    assert contract.task == "binary"
    assert sum(column.kind == "number" for column in contract.features) == numbers
