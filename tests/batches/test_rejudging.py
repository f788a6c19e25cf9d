"""Rows in quarantine come in, once, when a later contract lets them."""

import json

import pytest

import ingestion
from vigil.records import LINE_COLUMN
from vigil.run import begun
from vigil.table import quarantine


class Cut(Exception):
    """The run was killed here."""


def cut(*_args, **_more):
    """Stand in for a step at which the run is killed."""
    raise Cut


def edit(site, **changes):
    """Edit the column `staff` of the contract as a person does."""
    path = site.root / "ingested/contract.json"
    contract = json.loads(path.read_text())
    next(row for row in contract["columns"] if row["name"] == "staff").update(changes)
    path.write_text(json.dumps(contract))


def crowd(site, name, seed, *, above, odd=0):
    """Let a file arrive in which some rows have a staff above 100, and some no number."""
    lines = site.leavers(name, 60, seed=seed).read_text().splitlines()
    for number in range(1, 1 + above + odd):
        cells = lines[number].split(",")
        cells[2] = str(100 + number) if number <= above else "many"
        lines[number] = ",".join(cells)
    return site.write(name, "\n".join(lines) + "\n")


@pytest.fixture
def held(site):
    """A project with a batch of which five rows are too large and two no numbers."""
    site.leavers("w-1.csv", 60)
    site.take_in()
    edit(site, maximum=100)
    crowd(site, "w-2.csv", 2, above=5, odd=2)
    assert site.take_in()["w-2.csv"].quarantined == 7
    return site


def test_rows_that_a_new_version_allows_come_in(held):
    """They become a batch of their own, by their lines; the others stay, and are not judged again."""
    edit(held, maximum=1000)
    found = held.take_in()
    (arrival,) = found.values()
    assert (arrival.name, arrival.accepted, arrival.quarantined) == ("w-2.csv, out of quarantine", 5, 0)
    assert held.take_in() == {}
    project = held.project()
    assert project.table.batch(arrival.order).column(LINE_COLUMN).to_pylist() == [2, 3, 4, 5, 6]
    assert project.ledger.batches.all()[-1].is_released
    kept = quarantine.read(project.output / "quarantine", project.ledger.batches.all()[1].id)
    assert kept.released == dict.fromkeys([2, 3, 4, 5, 6], 3)
    assert [fault.line for fault in kept.faults if fault.line not in kept.released] == [7, 8]
    assert kept.contract == 3


def test_a_version_that_allows_nothing_more_makes_no_batch(held):
    """Judged again and left, rows say why by the rules of now."""
    edit(held, maximum=50)
    assert held.take_in() == {}
    project = held.project()
    kept = quarantine.read(project.output / "quarantine", project.ledger.batches.all()[1].id)
    assert {fault.rule for fault in kept.faults} == {"above maximum 50", "not a number"}


def test_two_versions_let_rows_in_one_after_the_other(held):
    """What the first lets in is not let in again by the second."""
    edit(held, maximum=103)
    assert [a.accepted for a in held.take_in().values()] == [3]
    edit(held, maximum=1000)
    assert [a.accepted for a in held.take_in().values()] == [2]
    assert held.project().table.count() == 60 + 53 + 5


def test_rows_are_judged_again_without_their_file(held):
    """The quarantine holds the rows as they stood; the file may be gone."""
    (held.arriving / "w-2.csv").unlink()
    edit(held, maximum=1000)
    assert [a.accepted for a in held.take_in().values()] == [5]


def test_a_row_that_came_in_meanwhile_is_a_duplicate(held):
    """Dedupe holds: a row that arrived mended in another file is not doubled."""
    lines = (held.arriving / "w-2.csv").read_text().splitlines()
    edit(held, maximum=1000)
    held.write("w-1b.csv", "\n".join(lines[:3]) + "\n")
    found = held.take_in()
    assert found["w-2.csv, out of quarantine"].accepted == 5
    assert (found["w-1b.csv"].accepted, found["w-1b.csv"].duplicates) == (0, 2)


STEPS = [
    "vigil.contract.refresh",
    "vigil.ledger.arrivals.Batches.announce",
    "vigil.ledger.arrivals.Files.announce",
    "vigil.table.store.Table.take",
    "vigil.table.seen.Seen.add",
    "vigil.ledger.arrivals.Batches.settle",
    "vigil.table.quarantine.write",
    "vigil.ledger.runs.Facts.set",
]


@pytest.mark.parametrize("duplicates", ["drop", "keep"])
@pytest.mark.parametrize("step", STEPS)
def test_a_cut_judging_ends_as_a_whole_one(held, monkeypatch, step, duplicates):
    """Wherever it is cut off, and though the contract is edited again, each row comes in once."""
    held.configure(duplicates=duplicates)
    edit(held, maximum=103)
    with monkeypatch.context() as patched:
        project = held.project()
        with begun(project, "test") as current:
            patched.setattr(step, cut)
            with pytest.raises(Cut):
                ingestion.run(project, run=current.number)
    edit(held, maximum=1000)
    held.take_in()
    rows = held.project().table.rows(columns=["customer"]).column("customer").to_pylist()
    assert len(rows) == len(set(rows)) == 60 + 53 + 5
    assert held.take_in() == {}


def test_released_rows_are_no_evidence(held):
    """Chosen by their faults, they are scored and kept out of the alarm."""
    held.leavers("w-3.csv", 300, seed=3)
    held.tick()
    held.leavers("w-4.csv", 100, seed=4)
    held.tick()
    edit(held, maximum=1000)
    (decision,) = held.tick()["decisions"]
    assert decision["batch"] == "w-2.csv, out of quarantine"
    assert "5 rows out of quarantine: chosen by their faults, they are no evidence" in decision["reason"]


def test_a_value_that_has_to_be_the_only_one_stays_out(site):
    """A repeated value is judged beside its whole file: alone it would pass."""
    site.leavers("w-1.csv", 60)
    site.take_in()
    edit(site, maximum=100)
    path = site.root / "ingested/contract.json"
    contract = json.loads(path.read_text())
    next(row for row in contract["columns"] if row["name"] == "customer")["unique"] = True
    path.write_text(json.dumps(contract))
    site.write("w-2.csv", site.leavers("w-2.csv", 30, seed=2).read_text() + "c2-0,1,1,north,no\n")
    assert site.take_in()["w-2.csv"].quarantined == 1
    edit(site, maximum=1000)
    assert site.take_in() == {}


def test_typed_cells_come_back_as_they_were(site):
    """Rows of a Parquet file are judged again with the types that they had."""
    import pyarrow as pa
    import pyarrow.parquet

    site.leavers("w-1.csv", 60)
    site.take_in()
    edit(site, maximum=100)
    rows = {"customer": ["p-1", "p-2"] + [f"q-{n}" for n in range(20)], "activity": [0.1, None] + [0.5] * 20}
    rows |= {"staff": [101, 102] + [1] * 20, "region": ["north"] * 22, "left": ["yes", None] + ["no"] * 20}
    pyarrow.parquet.write_table(pa.table(rows), site.arriving / "w-2.parquet")
    assert site.take_in()["w-2.parquet"].quarantined == 2
    edit(site, maximum=1000)
    (arrival,) = site.take_in().values()
    batch = site.project().table.batch(arrival.order).select(["customer", "activity", "staff", "left"])
    assert batch.to_pylist() == [
        {"customer": "p-1", "activity": 0.1, "staff": 101.0, "left": "yes"},
        {"customer": "p-2", "activity": None, "staff": 102.0, "left": None},
    ]


def test_damaged_rows_that_were_let_in_come_back(held):
    """Their file holds no trace of them as a batch: the quarantine still has them."""
    edit(held, maximum=1000)
    held.take_in()
    before = held.project().table.rows().to_pylist()
    folder = held.root / "ingested/table"
    max(folder.glob("part-*.parquet"), key=lambda path: path.stat().st_mtime_ns).unlink()
    (arrival,) = held.take_in().values()
    assert (arrival.name, arrival.accepted) == ("w-2.csv, out of quarantine", 5)
    assert held.project().table.rows().to_pylist() == before
    assert held.take_in() == {}
