"""A file read in blocks ends as the same file read whole."""

import csv
import io
from unittest import mock

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil import profiles
from vigil.batches import reading, whole
from vigil.batches.ahead import Source
from vigil.batches.arrival import NewFile
from vigil.batches.history import History
from vigil.batches.pieces import Pieces
from vigil.batches.stamping import stamped
from vigil.errors import VigilError
from vigil.records import HASH_COLUMN, Column, Contract, FileRule
from vigil.table import hashing, quarantine
from vigil.table.seen import Seen
from vigil.table.store import Table

KEYS = st.sampled_from(["a", "b", "c", "d", " a ", "1", "1.0", "1.00", "", "?"])
NUMBERS = st.sampled_from(
    ["1", "2", "3", "0", "-0", "7.25", "1.5", "1,5", "0,25", "1,234", "12%", "x", "inf", " 9 "]
)
DATES = st.sampled_from(
    ["2024-01-02", "2024-02-30", "03/04/2024", "13/04/2024", "04/13/2024", "3.4.2024", "", "soon"]
)
LEVELS = st.sampled_from(["north", "south", "South", "", "e\nw"])
TEXTS = st.sampled_from(["one", "two words", 'a "b"', "x;y", "é"])
LABELS = st.sampled_from(["yes", "no", "", "maybe"])
ROWS = st.lists(st.tuples(KEYS, NUMBERS, DATES, LEVELS, TEXTS, LABELS).map(list), min_size=1, max_size=14)
RAGGED = st.sampled_from([["1", "2"], [], ["q", "", "", "", "", "", "7"]])
BROKEN = st.lists(st.tuples(st.integers(0, 14), RAGGED), max_size=2)
NAMES = ["key", "size", "day", "region", "note", "left"]


FILES = [
    FileRule("rows", minimum=3),
    FileRule("share", "region", "north", maximum=0.5),
    FileRule("share", "region", None, maximum=0.2),
    FileRule("divergence", "size", maximum=0.1),
]


@st.composite
def contracts_drawn(draw):
    """Draw a contract with every rule that a file can break."""
    fault = st.sampled_from(["quarantine", "quarantine", "refuse"])
    floor, decimal = draw(st.sampled_from([None, 0.0])), draw(st.sampled_from([None, None, ","]))
    order, levels = (
        draw(st.sampled_from([None, None, "day"])),
        draw(st.sampled_from([None, ("north", "south")])),
    )
    columns = (
        Column("key", "category", "key", nullable=draw(st.booleans()), unique=draw(st.booleans())),
        Column("size", "number", minimum=floor, unique=draw(st.booleans()), decimal=decimal),
        Column("day", "date", date_order=order),
        Column("region", "category", levels=levels, on_fault=draw(fault)),
        Column("note", "text", draw(st.sampled_from(["feature", "ignored"])), unique=draw(st.booleans())),
        Column("absent", "number", required=False),
        Column("left", "category", "target", levels=("no", "yes"), required=False),
    )
    files = draw(st.lists(st.sampled_from(FILES), max_size=4, unique=True))
    rules = ("size > 1",) if draw(st.booleans()) else ()
    return Contract(3, "binary", columns, ("no", "yes"), "yes", rules=rules, files=tuple(files))


def reference():
    """Return a profile to diverge from."""
    return profiles.profile(pa.table({"size": np.arange(40.0)}), [Column("size", "number")])


def source_of(path, size):
    """Return a file to be read in blocks of a size, whole if 0."""
    source = Source(NewFile(path, path.name, (0, 0, 0)), 10**9)
    source.__dict__["block_size"] = size
    return source


def ended(folder, path, contract, size, known):
    """Return everything that a file comes to: what is kept, set aside and said of it."""
    table, seen = Table(folder / "table"), Seen(folder / "seen")
    seen.add(known, None)
    writer = quarantine.Writer(folder, "b", path.name)
    history = History(mock.Mock(side_effect=AssertionError), table, seen, drop=True)

    def begin(*_):
        return Pieces(table, seen, history, writer, contract, batch="b", order=1, drop=True)

    try:
        first = mock.Mock(side_effect=AssertionError)
        read = reading.read(source_of(path, size), contract, first, begin, history)
    except VigilError as refusal:
        assert [*folder.rglob("*.parquet"), *folder.rglob("*.jsonl*")] == []
        return str(refusal)
    tally = read.tally
    judged = (tally.rows, tally.valid, tally.quarantined, tally.notes, tally.decimal, tally.faults[:5])
    words = (whole.costly(tally), whole.broken(tally, reference), read.kept().explained[:2])
    found = staged(read, writer) if size else at_once(read, writer, seen)
    text = (folder / "b.jsonl").read_text() if tally.faults else ""
    return judged, words, found, text


def staged(read, writer):
    """Return rows, profile and counts of a file in blocks."""
    pieces = read.pieces
    names = [name for name in pieces.staged.schema.names if name != HASH_COLUMN]
    rows = [row for part in pieces._table.staged(pieces.staged, names) for row in part.to_pylist()]
    writer.place()
    return rows, pieces.profile({}).to_bytes(), (pieces.rows, pieces.labelled, pieces.duplicates)


def at_once(read, writer, seen):
    """Return the same of a file read whole."""
    checked, columns = read.checked, read.tally.contract.kept
    hashes = hashing.row_hashes(checked.table, [column.name for column in columns])
    fresh = ~seen.known(hashes)
    kept = checked.table.filter(pa.array(fresh))
    rows = stamped(kept, checked.lines[fresh], hashes[fresh], "b", 1)
    if checked.faults:
        writer.add(read.kept().held)
        writer.place()
    labelled = kept.num_rows - kept.column("left").null_count
    profile = profiles.profile(rows, columns, {})
    return (
        rows.drop_columns([HASH_COLUMN]).to_pylist(),
        profile.to_bytes(),
        (kept.num_rows, labelled, int((~fresh).sum())),
    )


SIZES = st.sampled_from([1, 60, 120, 200])
WRITTEN = st.tuples(
    st.sampled_from(",;\t"), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["utf-8", "utf-16", "latin-1"])
)


@settings(max_examples=25)
@given(
    ROWS, BROKEN, contracts_drawn(), WRITTEN, st.sampled_from([1, 60, 120, 200]), st.sampled_from([2, 10_000])
)
def test_blocks_change_nothing(tmp_path_factory, rows, broken, contract, written, size, faults):
    """Rows, lines, quarantine, profile, notes, file rules and refusals are those of the file read whole."""
    delimiter, newline, encoding = written
    for place, row in broken:
        rows.insert(place, row)
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=newline).writerows([NAMES, *rows])
    folder = tmp_path_factory.mktemp("blocks")
    path = folder / "a.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    known = np.empty((0, 2), dtype=np.uint64)
    with mock.patch.multiple(reading, FAULTS=faults, FIRST_ROWS=faults):
        made = [ended(folder / str(one), path, contract, one, known) for one in (0, size)]
    assert made[1] == made[0]
