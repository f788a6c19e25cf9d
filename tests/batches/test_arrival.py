import json
import os
from pathlib import Path

from vigil.batches.arrival import SHOWN_FAULTS, Arrival, NewFile
from vigil.records import RowFault


def test_a_line_says_every_number_once():
    """Counts that are zero are left out of the line."""
    plain = Arrival("a.csv", "ingested", rows=1200, accepted=1200, labelled=1200)
    assert plain.line == "a.csv: 1,200 of 1,200 rows ingested."
    full = Arrival("a.csv", "ingested", rows=10, accepted=6, quarantined=3, duplicates=1, labelled=4)
    assert full.line == (
        "a.csv: 6 of 10 rows ingested, 3 quarantined, 1 duplicates dropped, 2 of them without a label."
    )
    assert Arrival("b.csv", "refused", "is empty.").line == "b.csv: refused: it is empty."
    assert (
        Arrival("b.csv", "refused", "the column is missing.").line == "b.csv: refused. The column is missing."
    )


def test_many_copies_in_a_first_file_are_asked_about():
    """Where nothing came before, many copies are cases of their own: the line says how to keep them."""
    counts = {"rows": 500, "accepted": 28, "duplicates": 472, "labelled": 28}
    assert 'set "duplicates" to "keep"' in Arrival("a.csv", "ingested", order=1, **counts).line
    assert "keep" not in Arrival("b.csv", "ingested", order=2, **counts).line


def test_an_arrival_is_plain_json_with_its_first_faults():
    """However many faults a file has, the ledger repeats a few."""
    faults = tuple(RowFault(line, "x", "?", "is no number") for line in range(50))
    content = json.loads(json.dumps(Arrival("a.csv", "ingested", faults=faults).as_json()))
    assert len(content["faults"]) == SHOWN_FAULTS
    assert content["faults"][0] == {"line": 0, "column": "x", "value": "?", "rule": "is no number"}


def test_a_name_is_always_text():
    """Bytes that are no UTF-8 are shown by their numbers."""
    file = NewFile(Path(os.fsdecode(b"/in/a\xff.csv")), "a", (1, 1, 1))
    assert file.name == "a\\xff.csv"
    file.name.encode()


def test_a_name_is_one_line_of_text():
    """Line ends, what steers a terminal or turns the writing, and what is not UTF-8 are shown by number."""
    names = [b"a\nb.csv", b"\x1b[31m\xff.csv", "\u202ecsv.exe".encode(), "é 10\u202f%.csv".encode()]
    shown = [NewFile(Path(os.fsdecode(name)), "", (0, 0, 0)).name for name in names]
    assert shown == ["a\\nb.csv", "\\x1b[31m\\xff.csv", "\\u202ecsv.exe", "é 10\u202f%.csv"]
