"""Files in blocks: whatever the size of a block, they are what the file is when it is read whole."""

import gzip
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from vigil.errors import FileRefused
from vigil.intake import block_size, blocks, lines, read, stream
from vigil.intake.lines import line_ends, whole_records

#: What a file is made of: cells, quotes where they belong and where not, every line end, bytes of any kind.
CELLS = [b"a", b"12", b" ", b'"x\ny"', b'"5"" pipe"', b'"a,b"', b"nan", b"\xe9", "é".encode(), "€".encode()]
SIGNS = [b",", b",", b";", b"\t", b"|", b'"', b'""', b"\n", b"\n", b"\r\n", b"\r", b"\x80", b"\x81", b"\x1a"]
ROWS = [b"\n1,2\n", b'\n"q",2\r\n', b"sep=;\n", b"1,2,\n", b"\xf0\x9f"]
PIECE = st.sampled_from([*CELLS, *SIGNS, *ROWS])
ENCODINGS = ["", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
FILES = st.tuples(
    st.sampled_from([b"", b"a,b\n", b"a;b\r\n1;2\r\n", b"a,b,\n", b"\n\na\r"]), st.lists(PIECE, max_size=40)
)


def read_or_refused(made):
    """Return the rows, lines, faults, dialect and notes of what was read, or why it was refused."""
    try:
        found = list(made())
    except FileRefused as refusal:
        return str(refusal)
    return (
        list(found[0].columns.column_names),
        [list(row.values()) for raw in found for row in raw.columns.to_pylist()],
        [line for raw in found for line in raw.lines.tolist()],
        [fault for raw in found for fault in raw.faults],
        sum(raw.total_rows for raw in found),
        {(raw.dialect, raw.notes, raw.name) for raw in found},
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILES, st.sampled_from(ENCODINGS), st.integers(1, 80), st.integers(1, 9), st.booleans())
@example((b"a,b\n", [b'1,x"y\n', b'1,"half']), "", 1, 1, False)
@example((b"a,b\n", [b"1,2\n", b"\r", b"\n3,4"]), "", 5, 1, False)
def test_blocks_are_the_file(tmp_path, drawn, encoding, size, chunk, zipped):
    """Rows, lines, faults, dialect, notes and refusals do not depend on how a file is cut."""
    head, rest = drawn
    data = b"".join([head, *rest])
    if encoding not in {"", "utf-8"}:
        data = data.decode("utf-8", "replace").encode(encoding, "replace")
    path = tmp_path / "a.csv"
    path.write_bytes(gzip.compress(data) if zipped else data)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("vigil.intake.csv.CHUNK", chunk)
        patched.setattr("vigil.intake.layout.SAMPLE_BYTES", 24 if size % 2 else 128 * 1024)
        assert read_or_refused(lambda: blocks(path, size)) == read_or_refused(lambda: [read(path)])
        fixed = {"encoding": "utf-8", "delimiter": ","}
        whole = read_or_refused(lambda: [read(path, **fixed)])
        assert read_or_refused(lambda: blocks(path, size, **fixed)) == whole


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECE, max_size=25).map(b"".join), st.sampled_from(",;"))
def test_a_whole_record_stays_whole(text, delimiter):
    """A text is cut where the records of what comes before do not change, whatever follows."""
    end = whole_records(text, delimiter)
    assert end == 0 or text[:end].endswith((b"\n", b"\r"))
    begun = lines.record_lines(text + b"x", delimiter).starts
    cut = lines.record_lines(text[:end], delimiter) if end else None
    assert cut is None or (cut.unclosed is None and cut.starts.tolist() == begun[: len(cut.starts)].tolist())
    assert cut is None or text[end - 1 : end + 1] != b"\r\n"


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\r\n", b""]), max_size=20))
def test_line_ends_between_pieces(found):
    """Line ends are counted as in the whole text."""
    assert line_ends(found) == len(re.findall(rb"\r\n|\r|\n", b"".join(found)))


def test_a_quote_that_is_never_closed_costs_no_memory(tmp_path, monkeypatch):
    """A row beyond the limit is refused where it begins, and nothing more of the file is kept."""
    monkeypatch.setattr(stream, "LONGEST", 1000)
    path = tmp_path / "a.csv"
    path.write_bytes(b'a,b\n1,2\n3,"' + b"x\n" * 5000)
    with pytest.raises(FileRefused, match="begins on line 3"):
        list(blocks(path, 100))


def test_a_file_that_becomes_shorter_meanwhile_waits(tmp_path):
    """What is missing when a block is read makes the file wait."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 100)
    opened = blocks(path, 40)
    path.write_bytes(b"a,b\n" + b"1,2\n" * 20)
    with pytest.raises(FileRefused, match="changed while it was read"):
        list(opened)


def test_an_archive_is_as_large_as_it_says(tmp_path):
    """A small archive that unpacks to much is read in blocks; one that is none, or empty, is not."""
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"x" * 1_000_000))
    assert path.stat().st_size < 2_000
    assert block_size(path, 11_000_000) == 11_000_000 // 24
    assert block_size(path, 12_000_000) == 0
    path.write_bytes(b"")
    assert block_size(path, 11_000_000) == 0


def test_what_fits_is_read_whole(tmp_path, monkeypatch):
    """Blocks follow the memory that may be taken, and that is free; a file of another kind has none."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * 1_000_000)
    assert block_size(path, 12_000_000) == 0
    assert block_size(path, 11_000_000) == 11_000_000 // 24
    monkeypatch.setattr("vigil.intake.available_memory", lambda: 5_000_000)
    assert block_size(path, 12_000_000) == 5_000_000 // 24
    monkeypatch.setattr("vigil.intake.available_memory", lambda: 1_000)
    assert block_size(path, 12_000_000) == 0
