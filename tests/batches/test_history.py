"""A value that has to be unique is so in the whole table, however its rows arrive."""

import json
import signal
from pathlib import Path

import pytest

import ingestion
from tests.killed import ingested
from vigil import asked, intake
from vigil.batches import ahead
from vigil.keeping import erasure
from vigil.run import begun
from vigil.table import quarantine
from vigil.table.firsts import Firsts

ROOT = Path(__file__).resolve().parents[2]
HEADER = "customer,activity,staff,region,left"


def rule(site, value):
    """Let a person say how unique a customer is."""
    path = site.root / "ingested/contract.json"
    contract = json.loads(path.read_text())
    contract["columns"][0]["unique"] = value
    path.write_text(json.dumps(contract))


def rows(site, name, *cells):
    """Let a file of rows arrive, given by customer and staff."""
    lines = [f"{customer},0.5,{staff},north,no" for customer, staff in cells]
    return site.write(name, "\n".join([HEADER, *lines]) + "\n")


@pytest.fixture
def unique(new_site):
    """Make projects with a first batch of forty customers, who have to be unique from then on."""

    def made(name="site", value=True, **settings):
        site = new_site(name, key=["customer"], quarantine_share=0.9, **settings)
        site.leavers("w-01.csv", 40)
        site.take_in()
        rule(site, value)
        return site

    return made


def said(site, name):
    """Return why rows of a file are in quarantine: line, value and rule."""
    project = site.project()
    (batch,) = [one for one in project.ledger.batches.all() if one.name == name]
    faults = quarantine.read(project.output / "quarantine", batch.id).faults
    return [(fault.line, fault.column, fault.value, fault.rule) for fault in faults]


def test_a_value_of_another_batch_is_named(unique):
    """The row that came first stays; the other is in quarantine, with the batch that has the value."""
    site = unique()
    rows(site, "w-02.csv", ("new", 1), ("c1-3", 1), ("c1-4", 2))
    found = site.take_in()["w-02.csv"]
    assert (found.accepted, found.quarantined, found.duplicates) == (1, 2, 0)
    words = "stands in w-01.csv already"
    assert said(site, "w-02.csv") == [(3, "customer", "c1-3", words), (4, "customer", "c1-4", words)]


def test_a_row_that_comes_again_as_it_is_counts_as_a_duplicate(unique):
    """It breaks no rule, unless duplicates are kept."""
    for name, duplicates, expected in [("drop", "drop", (1, 0, 2)), ("keep", "keep", (1, 2, 0))]:
        site = unique(name, duplicates=duplicates)
        again = (site.arriving / "w-01.csv").read_text().splitlines()[1:3]
        site.write("w-02.csv", "\n".join([HEADER, *again, "new,1,1,north,no"]) + "\n")
        found = site.take_in()["w-02.csv"]
        assert (found.accepted, found.quarantined, found.duplicates) == expected


@pytest.mark.parametrize("processes", [0, 2])
def test_files_of_one_tick_are_beside_each_other(unique, monkeypatch, processes):
    """What waits to be committed together counts as what is in the table, whoever reads the files."""
    monkeypatch.setattr(ahead, "processes", lambda *_: processes)
    site = unique()
    rows(site, "w-02.csv", ("a", 1), ("b", 1))
    rows(site, "w-03.csv", ("c", 1), ("d", 1))
    rows(site, "w-04.csv", ("b", 1), ("c", 2), ("e", 1))
    found = site.take_in()
    assert [(one.accepted, one.quarantined, one.duplicates) for one in found.values()] == [
        (2, 0, 0),
        (2, 0, 0),
        (1, 1, 1),
    ]
    assert said(site, "w-04.csv") == [(3, "customer", "c", "stands in w-03.csv already")]
    last = site.project().ledger.batches.all()[-1]
    cells = quarantine.read(site.root / "ingested/quarantine", last.id).cells
    assert cells[3] == dict(zip(HEADER.split(","), ["c", "0.5", "2", "north", "no"], strict=True))
    (index,) = (site.root / "ingested/seen").glob("unique-*")
    assert Firsts(index, "customer").covers(site.project().table)


def test_of_a_file_alone_if_it_says_so(unique):
    """Then a value may come with every file, once."""
    site = unique(value="file")
    rows(site, "w-02.csv", ("c1-3", 1), ("x", 1), ("x", 2))
    found = site.take_in()["w-02.csv"]
    assert (found.accepted, found.quarantined) == (2, 1)
    assert said(site, "w-02.csv") == [(4, "customer", "x", "stood in the file before")]


def test_a_new_version_lets_rows_in(unique):
    """Rows that only another batch kept out come in when the rule is for each file; others stay out."""
    site = unique()
    rows(site, "w-02.csv", ("c1-3", 1), ("x", 1), ("x", 2))
    site.take_in()
    rule(site, True)
    edited = json.loads((site.root / "ingested/contract.json").read_text())
    edited["columns"][2]["maximum"] = 1e6
    (site.root / "ingested/contract.json").write_text(json.dumps(edited))
    assert site.take_in() == {}
    assert [line for line, *_ in said(site, "w-02.csv")] == [2, 4]
    rule(site, "file")
    (found,) = site.take_in().values()
    assert (found.name, found.accepted) == ("w-02.csv, out of quarantine", 1)


def test_blocks_end_as_a_file_read_whole(unique, monkeypatch):
    """A file that does not fit into the memory is judged by the same rows."""
    told, cells = {}, [(f"c1-{row}" if row % 7 == 0 else f"n{row}", 1) for row in range(60)]
    for name, size in (("whole", 0), ("blocks", 60)):
        site = unique(name)
        rows(site, "w-02.csv", *cells)
        rows(site, "w-03.csv", ("n1", 1), ("n2", 2), ("c1-39", 1), ("z", 1))
        monkeypatch.setattr(intake, "block_size", lambda *_, size=size: size)
        told[name] = site.take_in(), said(site, "w-02.csv"), said(site, "w-03.csv")
        assert site.take_in() == {}
    assert told["blocks"] == told["whole"]
    words = [fault[3] for fault in told["whole"][2]]
    assert words == ["stands in w-02.csv already", "stands in w-01.csv already"]


def test_asking_changes_nothing(unique):
    """A file is explained by the rule, and where the index would have to be made nothing stays of it."""
    site = unique()
    rows(site, "w-02.csv", ("c1-3", 1), ("y", 1))
    before = sorted(path for path in site.root.rglob("*") if path.is_file())
    project = site.project()
    asked.about_file(project, "w-02.csv", ingestion.examine)
    assert "line 2, customer: 'c1-3' stands in w-01.csv already" in "".join(site.said)
    assert sorted(path for path in site.root.rglob("*") if path.is_file()) == before


@pytest.mark.parametrize("harm", ["missing", "torn", "older"])
def test_the_index_is_made_anew(unique, harm):
    """From the table, when it is not there, cut short, or of a version before."""
    site = unique()
    rows(site, "w-02.csv", ("a", 1))
    site.take_in()
    (folder,) = (site.root / "ingested/seen").glob("unique-*")
    kept = {path: path.read_bytes() for path in folder.iterdir()}
    rows(site, "w-03.csv", ("b", 1))
    site.take_in()
    for path in folder.iterdir():
        if harm == "torn" and path.suffix == ".run":
            path.write_bytes(path.read_bytes()[:-8])
        elif harm != "torn":
            path.unlink()
    for path, content in kept.items() if harm == "older" else ():
        path.write_bytes(content)
    rows(site, "w-04.csv", ("a", 2), ("b", 2), ("c1-1", 2), ("c", 1))
    assert site.take_in()["w-04.csv"].quarantined == 3
    assert [fault[3] for fault in said(site, "w-04.csv")] == [
        f"stands in w-0{number}.csv already" for number in (2, 3, 1)
    ]


def test_an_erased_value_may_come_again(unique):
    """Nothing of it is left in the index."""
    site = unique()
    rows(site, "w-02.csv", ("a", 1), ("b", 1))
    site.take_in()
    project = site.project()
    with begun(project, "test") as current:
        erasure.erase(project, ["a"], run=current.number)
    assert list((site.root / "ingested/seen").glob("unique-*")) == []
    rows(site, "w-03.csv", ("a", 2), ("b", 2))
    found = site.take_in()["w-03.csv"]
    assert (found.accepted, found.quarantined) == (1, 1)


def test_a_killed_run_ends_as_a_whole_one(unique):
    """Killed anywhere, the next run takes each value in once, and says the same of the others."""

    def made(name):
        site = unique(name)
        rows(site, "w-02.csv", ("a", 1), ("c1-1", 1))
        rows(site, "w-03.csv", *[(f"n{number}", 1) for number in range(9)], ("a", 2), ("c1-2", 3))
        rows(site, "w-04.csv", ("n3", 2), ("z", 1))
        return site

    def end(site):
        project = site.project()
        names = ("w-02.csv", "w-03.csv", "w-04.csv")
        held = [said(site, name) for name in names]
        assert all(index for index in (site.root / "ingested/seen").glob("unique-*/manifest.json"))
        return project.table.rows().to_pylist(), held, [one.rows for one in project.ledger.batches.all()]

    whole = made("whole")
    waits = int(ingested(whole, 0, large="w-03.csv", size=60).stdout)
    expected = end(whole)
    assert [len(held) for held in expected[1]] == [1, 2, 1]
    for turn, point in enumerate(range(4, waits, max(1, waits // 6))):
        site = made(f"killed-{turn}")
        assert ingested(site, point, large="w-03.csv", size=60).returncode == -signal.SIGKILL
        site.take_in()
        assert end(site) == expected
        rows(site, "w-05.csv", ("n3", 2), ("z", 5))
        assert site.take_in()["w-05.csv"].quarantined == 2
