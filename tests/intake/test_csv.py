"""Delimited files as people really have them."""

import csv
import gzip
import io
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vigil import intake
from vigil.errors import FileRefused, FileUnreadable
from vigil.intake import read


def written(tmp_path, data, name="may.csv"):
    """Write bytes to a file and read it."""
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read(path)


def rows_of(raw):
    """Return the cells row by row."""
    return [list(row.values()) for row in raw.columns.to_pylist()]


CELL = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), max_codepoint=0xFF) | st.sampled_from(',;|\t"\r\n €é'),
    max_size=8,
)


@st.composite
def dialects(draw):
    """Draw a table and every choice that a writer has."""
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=6))
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    if any(end in cell for row in rows for cell in row for end in "\r\n"):
        # Python's writer leaves a foreign line end bare, which nobody could tell from its own.
        quoting = csv.QUOTE_ALL
    delimiter = draw(st.sampled_from(",;\t|")) if width > 1 else ","
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]))
    return rows, newline, quoting, delimiter, encoding, draw(st.booleans())


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dialects())
def test_any_table_reads_back_equal_from_any_dialect(tmp_path, drawn):
    """Delimiter, quoting, line end, encoding, mark and gzip change nothing in the cells."""
    rows, newline, quoting, delimiter, encoding, zipped = drawn
    header = [f"column {position}" for position in range(len(rows[0]))]
    if encoding == "cp1252":
        rows = [[cell.encode("cp1252", "ignore").decode("cp1252") for cell in row] for row in rows]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=newline).writerows([header, *rows])
    data = text.getvalue().encode(encoding)
    name = "a.csv.gz" if zipped else "a.csv"
    raw = written(tmp_path, gzip.compress(data) if zipped else data, name)
    assert raw.faults == ()
    assert raw.columns.column_names == header
    assert rows_of(raw) == rows


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["a", "x\ny", 'q"q', "", "r\r\ns", '5" pipe'])),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_lines_are_those_of_an_editor(tmp_path, drawn, newline):
    """Blank lines and line ends inside cells are counted as an editor would."""
    text, expected = "a,b" + newline, []
    for blanks, cell in drawn:
        text += newline * blanks
        expected.append(len((text + "x").encode().splitlines()))
        bare = '"' in cell and cell.startswith("5")
        shown = cell if bare else '"' + cell.replace('"', '""') + '"'
        text += f"{shown},1{newline}"
    raw = written(tmp_path, text)
    assert [row[0] for row in rows_of(raw)] == [cell for _, cell in drawn]
    assert raw.lines.tolist() == expected


def test_a_plain_file_counts_from_line_two(tmp_path):
    """The header is line 1; lines are int64."""
    raw = written(tmp_path, "a,b\n1,2\n3,4\n")
    assert raw.lines.tolist() == [2, 3]
    assert raw.lines.dtype == np.int64
    assert raw.total_rows == 2


def test_ragged_rows_are_named_and_left_out(tmp_path):
    """Rows with too few or too many cells are faults with their line; the rest is read."""
    raw = written(tmp_path, 'a,b\n1,2\n\n3\n"x\ny",4\n5,6,7\n   \n8,9\n')
    assert rows_of(raw) == [["1", "2"], ["x\ny", "4"], ["8", "9"]]
    assert raw.lines.tolist() == [2, 5, 9]
    assert [(fault.line, fault.value) for fault in raw.faults] == [(4, "3"), (7, "5,6,7")]
    assert raw.faults[0].rule == "has 1 cell where the header has 2"
    assert raw.total_rows == 5


def test_a_last_line_cut_off_in_a_quoted_cell_is_left_out(tmp_path):
    """What the interrupted copy left of the last row is not taken for a row."""
    raw = written(tmp_path, 'a,b\n1,"x"\n2,"half a se')
    assert rows_of(raw) == [["1", "x"]]
    assert [(fault.line, fault.rule) for fault in raw.faults] == [(3, "is cut off inside a quoted cell")]
    assert raw.lines.tolist() == [2]
    raw = written(tmp_path, 'a,b\n1,"x"\n"half a se')
    assert rows_of(raw) == [["1", "x"]]
    assert [fault.line for fault in raw.faults] == [3]


def test_a_last_line_cut_off_between_cells_is_ragged(tmp_path):
    """A last line with too few cells is a fault like any other."""
    raw = written(tmp_path, "a,b,c\n1,2,3\n4,5")
    assert [fault.line for fault in raw.faults] == [3]


def test_a_quote_never_closed_refuses_the_file(tmp_path):
    """It would swallow every row after it."""
    with pytest.raises(FileRefused, match="begins on line 3 is never closed"):
        written(tmp_path, 'a,b\n1,2\n"3,4\n5,6\n7,8\n')


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\n \r\n", "is empty"),
        (b"a,b\n", "a header and no rows"),
        (b"a,b\n  \n\n", "a header and no rows"),
        (b"h" * 200_000 + b",b\n1,2\n", "no header that can be read"),
        (b"a,b\n1,\x00\n", "NUL bytes, first on line 2"),
        (b"a,b,a\n1,2,3\n", "'a' stands at positions 1 and 3"),
        (b" a ,a\n1,2\n", "'a' stands at positions 1 and 2"),
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"PAR1rest", "Parquet"),
        (b"\x1f\x8b\x08rest", "cannot be unpacked"),
        (b"\xff\xfea\x00\x00\xd8\x00\xd8", "not valid UTF-16"),
    ],
)
def test_what_cannot_be_taken_in_is_refused_in_words(tmp_path, data, words):
    """Each refusal says what is wrong and names the file."""
    with pytest.raises(FileRefused, match=words) as caught:
        written(tmp_path, data)
    assert caught.value.where == "may.csv"


def test_a_truncated_gzip_is_refused(tmp_path):
    """Half an archive is not half a file."""
    with pytest.raises(FileRefused, match="cannot be unpacked"):
        written(tmp_path, gzip.compress(b"a,b\n" + b"1,2\n" * 1000)[:-20], "a.csv.gz")


def test_gzip_is_recognised_by_its_bytes(tmp_path):
    """A gzipped file under a plain name is read all the same."""
    assert rows_of(written(tmp_path, gzip.compress(b"a,b\n1,2\n"))) == [["1", "2"]]


def test_padded_headers_are_stripped_and_noted_cells_are_not(tmp_path):
    """Cells stay exactly as written."""
    raw = written(tmp_path, "a , b\n 1 ,2 \n")
    assert raw.columns.column_names == ["a", "b"]
    assert rows_of(raw) == [[" 1 ", "2 "]]
    assert "Spaces around column names" in raw.notes[0]


def test_an_empty_last_column_is_dropped(tmp_path):
    """A delimiter at the end of each line makes no column, named in the header or not."""
    for data in ("a,b,\n1,2,\n3,4, \n", "a,b\n1,2,\n3,4,\n"):
        raw = written(tmp_path, data)
        assert raw.columns.column_names == ["a", "b"]
        assert rows_of(raw) == [["1", "2"], ["3", "4"]]


def test_a_leading_index_keeps_an_empty_name(tmp_path):
    """Written by pandas with a comma before the header, by R without."""
    for data in (",a,b\n0,x,y\n1,z,w\n", "a,b\n1,x,y\n2,z,w\n", ",a,b,\n0,x,y,\n1,z,w,\n"):
        raw = written(tmp_path, data)
        assert raw.columns.column_names == ["", "a", "b"]
        assert rows_of(raw)[0][1:] == ["x", "y"]


def test_rows_shifted_by_one_are_not_guessed_at(tmp_path):
    """One cell too many in every row, with no plain reason, makes them ragged."""
    raw = written(tmp_path, "a,b\nx,1,2\ny,3,4\n")
    assert raw.columns.num_rows == 0
    assert len(raw.faults) == raw.total_rows == 2


def test_decimal_commas_do_not_pass_for_delimiters(tmp_path):
    """The delimiter is the one under which rows fit the header."""
    raw = written(tmp_path, "price;count\n1,5;2\n3,25;4\n")
    assert raw.dialect.delimiter == ";"
    raw = written(tmp_path, "price, net;count\n1;2\n3;4\n")
    assert raw.columns.column_names == ["price, net", "count"]
    raw = written(tmp_path, "price\n1,5\n2,5\n")
    assert rows_of(raw) == [["1,5"], ["2,5"]]


def test_an_announced_delimiter_and_leading_blank_lines_are_passed_over(tmp_path):
    """Excel's first line "sep=;" is not the header, and counts as a line."""
    raw = written(tmp_path, "\n\nsep=;\na;b\n1;2\n")
    assert raw.columns.column_names == ["a", "b"]
    assert raw.lines.tolist() == [5]


def test_a_cell_of_a_million_letters_is_read(tmp_path):
    """A cell longer than the parser's block is read with a larger block."""
    raw = written(tmp_path, f"a,b\n{'x' * 5_000_000},1\ny,2\n")
    assert [len(row[0]) for row in rows_of(raw)] == [5_000_000, 1]


def test_a_header_longer_than_the_sample_is_read(tmp_path):
    """Twenty thousand columns are columns like any others."""
    names = [f"column {number}" for number in range(20_000)]
    raw = written(tmp_path, ";".join(names) + "\n" + ";".join("1" for _ in names) + "\n")
    assert raw.columns.column_names == names


def test_latin_1_is_read_and_noted(tmp_path):
    """Text that is not UTF-8 is read as western European."""
    raw = written(tmp_path, "a,b\ncafé,ñ\n".encode("latin-1"))
    assert rows_of(raw) == [["café", "ñ"]]
    assert raw.dialect.encoding == "latin-1"
    assert "not UTF-8" in raw.notes[0]
    assert rows_of(written(tmp_path, "a,b\n5 €,x\n".encode("cp1252"))) == [["5 €", "x"]]


def test_one_bad_byte_does_not_rename_every_accent(tmp_path):
    """A UTF-8 file with a damaged byte stays UTF-8."""
    raw = written(tmp_path, "a,b\ncafé,é\nñandú,x\n".encode() + b"caf\xff,z\n")
    assert [row[0] for row in rows_of(raw)] == ["café", "ñandú", "caf\ufffd"]
    assert "not valid UTF-8" in raw.notes[0]


def test_one_row_without_a_line_end_is_read(tmp_path):
    """The last line needs no end."""
    raw = written(tmp_path, "a,b\n1,2")
    assert rows_of(raw) == [["1", "2"]]


def test_rows_at_every_block_border_keep_their_lines(tmp_path):
    """A ragged row far down a large file is named by its line."""
    lines = ["a,b"] + [f"{number},x" for number in range(900_000)]
    lines[700_000] = "ragged"
    raw = written(tmp_path, "\r\n".join(lines))
    assert [fault.line for fault in raw.faults] == [700_001]
    cells = raw.columns.column("a").to_pylist()
    assert cells == [line.split(",")[0] for line in lines[1:] if "," in line]
    assert raw.lines[-1] == 900_001


def test_a_mark_of_the_byte_order_in_the_first_cell_stays(tmp_path):
    """Only at the beginning of the file is it no letter; a cell may hold nothing else."""
    raw = written(tmp_path, "a,b\n\ufeffx,1\n".encode())
    assert raw.columns.column("a").to_pylist() == ["\ufeffx"]
    assert written(tmp_path, "a\n\ufeff".encode()).columns.column("a").to_pylist() == ["\ufeff"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from([b"a", b",", b";", b'"', b"\n", b"\r", b"\xe9", b"\x00", b"\xff\xfe", b" ", b"1"])
    )
)
def test_any_bytes_are_read_or_refused(tmp_path, pieces):
    """Whatever a file holds, it ends as rows with lines or as a refusal in words."""
    try:
        raw = written(tmp_path, b"".join(pieces))
    except FileRefused:
        return
    assert raw.lines.size == raw.columns.num_rows
    assert raw.total_rows == raw.columns.num_rows + len(raw.faults)
    assert (np.diff(raw.lines) > 0).all()


def test_an_archive_that_hides_its_size_waits_for_memory(tmp_path, monkeypatch):
    """Its end tells the size of its last part alone: what does not fit is left, and never unpacked whole."""
    free = 48 << 20
    monkeypatch.setattr(intake, "available_memory", lambda: free)
    parts = gzip.compress(b"a,b\n1,2\n") + 50 * gzip.compress(b"1,2\n" * (1 << 20)) + gzip.compress(b"3,4\n")
    tracemalloc.start()
    try:
        with pytest.raises(FileUnreadable, match="the free memory is not enough"):
            written(tmp_path, parts, "may.csv.gz")
        assert tracemalloc.get_traced_memory()[1] < free
    finally:
        tracemalloc.stop()


def test_an_archive_takes_the_room_of_what_is_in_it(tmp_path):
    """Where the system promises no memory that it does not have, a small archive is read as ever."""
    path = tmp_path / "may.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    code = (
        "import pathlib, resource, sys\n"
        "from vigil.intake import read\n"
        "import pyarrow.csv\n"
        "held = int(pathlib.Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (held + (2 << 30),) * 2)\n"
        "print(read(pathlib.Path(sys.argv[1])).total_rows)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
    assert done.stdout == "1\n", done.stderr
