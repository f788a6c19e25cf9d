"""The exactly-once way into the table, cut off at each of its steps."""

import pytest

from vigil import contract as contracts
from vigil import intake
from vigil.batches.arrival import Accepted, NewFile
from vigil.batches.commit import Committer
from vigil.batches.holding import held_rows
from vigil.ledger import glance
from vigil.profiles import Profile
from vigil.records import BATCH_COLUMN, HASH_COLUMN, LINE_COLUMN, ORDER_COLUMN


class Cut(Exception):
    """The run was killed here."""


def cut(*_args, **_more):
    """Stand in for a step at which the run is killed."""
    raise Cut


def committer(project):
    """Return the committer of a project."""
    return Committer(project.ledger, project.table, project.seen, project.output, drop=True)


def accepted(project, path):
    """Read and check a file."""
    raw = intake.read(path)
    if contracts.load(project.output) is None:
        made, _ = contracts.infer(
            raw, target="left", key=["customer"], time=None, ignore=[], task=None, positive="yes"
        )
        contracts.save(made, project.output)
    contract = project.contract()
    file = NewFile(path, glance.path_key(path, project.root), glance.stamp(path.stat()))
    checked = contracts.check(contract, raw)
    held = held_rows(raw, checked, contract.version)
    return Accepted(file, intake.digest(path), checked, contract.version, held)


def end(site):
    """Return what stands in table and ledger."""
    project = site.project()
    ledger = project.ledger
    return (
        [(b.id, b.order, b.rows, b.labelled, b.duplicates) for b in ledger.batches.all()],
        ledger.batches.pending(),
        {path: (row["status"], row["batch"]) for path, row in ledger.files.known().items()},
        project.table.rows().sort_by([(ORDER_COLUMN, "ascending"), (LINE_COLUMN, "ascending")]).to_pylist(),
        (project.output / "ingestedfiles.txt").read_text(),
    )


STEPS = [
    ("vigil.ledger.arrivals.Batches.announce", "before anything is announced"),
    ("vigil.ledger.arrivals.Files.announce", "between batch and file"),
    ("vigil.table.store.Table.stage", "before the rows are written"),
    ("vigil.table.store.Table.take", "before the rows"),
    ("vigil.table.seen.Seen.add", "after the rows, before their hashes"),
    ("vigil.ledger.arrivals.Files.settle", "before the file is settled"),
    ("vigil.ledger.arrivals.Batches.settle", "between file and batch"),
    ("vigil.batches.commit.Committer._write_list", "before the list for people"),
]


@pytest.mark.parametrize("step", [step for step, _ in STEPS], ids=[words for _, words in STEPS])
def test_a_cut_run_ends_as_a_whole_one(new_site, monkeypatch, step):
    """Wherever ingestion is cut off, the next run leaves table and ledger as one clean run does."""
    whole, broken = new_site("whole", key=["customer"]), new_site("broken", key=["customer"])
    for site in (whole, broken):
        site.leavers("w-1.csv", 40)
        site.take_in()
        text = site.leavers("w-2.csv", 30, seed=2, unlabelled=4).read_text()
        site.write("w-3.csv", text + "c3-0,1,1,north,no\n")
    whole.take_in()
    project = broken.project()
    items = [accepted(project, broken.arriving / name) for name in ("w-2.csv", "w-3.csv")]
    with monkeypatch.context() as patched:
        patched.setattr(step, cut)
        with pytest.raises(Cut):
            committer(project).commit(items, project.contract(), run=2)
    broken.take_in()
    assert end(broken) == end(whole)


def test_rows_that_reached_the_table_count_though_nobody_said_so(site, monkeypatch):
    """A batch announced and appended is settled by the next run, and its file is not read again."""
    project = site.project()
    item = accepted(project, site.leavers("w-1.csv", 40))
    with monkeypatch.context() as patched:
        patched.setattr("vigil.ledger.arrivals.Batches.settle", cut)
        with pytest.raises(Cut):
            committer(project).commit([item], project.contract(), run=1)
    assert project.ledger.batches.all() == []
    assert site.take_in() == {}
    assert [batch.rows for batch in site.project().ledger.batches.all()] == [40]


def test_a_lost_set_of_hashes_is_rebuilt(site):
    """What was seen is rebuilt from the table; duplicates are found as before."""
    import shutil

    text = site.leavers("w-1.csv", 40).read_text()
    site.take_in()
    shutil.rmtree(site.root / "ingested/seen")
    site.write("w-2.csv", text + "c2-0,1,1,north,no\n")
    (arrival,) = site.take_in().values()
    assert (arrival.accepted, arrival.duplicates) == (1, 40)


def test_rows_carry_where_they_came_from(site):
    """Batch, order, physical line and hash stand beside each row."""
    site.leavers("w-1.csv", 20)
    text = site.leavers("w-2.csv", 20, seed=2).read_text()
    site.write("w-2.csv", text.replace("c2-0,", ",", 1))
    site.take_in()
    rows = site.project().table.batch(2)
    batch = site.project().ledger.batches.all()[1]
    assert set(rows.column(BATCH_COLUMN).to_pylist()) == {batch.id}
    assert rows.column(LINE_COLUMN).to_pylist() == list(range(3, 22))
    assert len(set(rows.column(HASH_COLUMN).to_pylist())) == 19


def test_duplicates_inside_one_file_and_one_group_are_dropped(site):
    """A row twice in a file, and again in the next file of the group, comes in once."""
    text = site.leavers("w-1.csv", 20).read_text()
    site.write("w-1.csv", text + text.splitlines()[1] + "\n")
    site.write("w-2.csv", text + "c2-0,1,1,north,no\n")
    found = {arrival.name: (arrival.accepted, arrival.duplicates) for arrival in site.take_in().values()}
    assert found == {"w-1.csv": (20, 1), "w-2.csv": (1, 20)}


def test_an_empty_group_commits_nothing(site):
    """Nothing to take in, nothing written."""
    project = site.project()
    accepted(project, site.leavers("w-1.csv", 20))
    assert committer(project).commit([], project.contract(), run=1) == []
    assert not project.table.exists()


def test_the_profile_is_of_the_accepted_rows(site):
    """A batch's profile counts what reached the table, duplicates and quarantine left out."""
    text = site.leavers("w-1.csv", 20).read_text()
    site.write("w-2.csv", text + "c2-0,1,1,north,no\n")
    site.take_in()
    found = [Profile.from_json(profile) for profile in site.project().ledger.batches.profiles()]
    assert [profile.rows for profile in found] == [20, 1]
    assert [len(profile.sample.hashes) for profile in found] == [20, 1]
