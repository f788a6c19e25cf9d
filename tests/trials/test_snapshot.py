import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.table import hashing
from vigil.trials.snapshot import CHOOSING, GATING, TRAIN, Snapshot, read_tests, snapshot


def look(project, *, through=99, holdout=0.2):
    """Return the snapshot up to a batch."""
    return snapshot(
        project.table, project.contract(), through=through, holdout=holdout, test_data=project.test_data
    )


def sides(rows):
    """Return each customer's side."""
    return dict(zip(rows.rows.column("customer").to_pylist(), rows.sides.tolist(), strict=True))


def test_a_row_is_on_the_same_side_in_every_snapshot(site):
    """Later batches move nobody from one side to another."""
    project = site.taken_in(("w-1.csv", 200, 1), ("w-2.csv", 200, 2))
    before, after = sides(look(project, through=1)), sides(look(project))
    assert len(before) == 200
    assert before.items() <= after.items()


def test_the_shares_are_those_of_the_config(site):
    """A fifth is held out, half of it chooses and half gates; another share is another setting."""
    project = site.taken_in(("w-1.csv", 4000, 1))
    counts = np.bincount(look(project).sides, minlength=3) / 4000
    assert counts == pytest.approx([0.8, 0.1, 0.1], abs=0.025)
    assert np.mean(look(project, holdout=0.5).sides == TRAIN) == pytest.approx(0.5, abs=0.03)


def test_a_customer_is_on_one_side_in_all_batches(site):
    """The key decides, not the other cells and not the label."""
    site.leavers("w-1.csv", 200)
    text = (site.arriving / "w-1.csv").read_text()
    site.write(
        "w-2.csv", text.replace(",yes\n", ",maybe\n").replace(",no\n", ",yes\n").replace("maybe", "no")
    )
    rows = look(site.taken_in())
    found = {}
    for name, side in zip(rows.rows.column("customer").to_pylist(), rows.sides.tolist(), strict=True):
        found.setdefault(name, set()).add(side)
    assert rows.rows.num_rows == 400
    assert all(len(side) == 1 for side in found.values())


def test_without_a_key_the_features_decide_and_never_the_label(new_site):
    """Two rows with the same features and other labels are on the same side."""
    site = new_site(ignore=["customer"])
    text = site.leavers("w-1.csv", 200).read_text()
    site.write(
        "w-2.csv", text.replace(",yes\n", ",maybe\n").replace(",no\n", ",yes\n").replace("maybe", "no")
    )
    rows = look(site.taken_in())
    assert rows.sides[:200].tolist() == rows.sides[200:].tolist()


def test_test_rows_are_held_out_and_so_are_their_customers(site):
    """Test rows come before every batch; the same customer in a batch is held out with them."""
    site.configure(test_data_path="tests")
    (site.root / "tests").mkdir()
    text = site.leavers("w-1.csv", 200).read_text()
    head, *lines = text.splitlines()
    (site.root / "tests/t.csv").write_text("\n".join([head, *lines[:50], "new,1,1,north,no"]) + "\n")
    rows = look(site.taken_in())
    assert (rows.orders == 0).sum() == 51
    assert TRAIN not in rows.sides[rows.orders == 0]
    found = sides(rows)
    assert all(found[line.split(",")[0]] != TRAIN for line in lines[:50])
    assert {CHOOSING, GATING} <= set(rows.sides[rows.orders == 0].tolist())


def test_test_data_may_be_one_file_none_or_broken(site):
    """A file that is refused or absent is passed over, in words; without any there are no test rows."""
    contract = site.taken_in(("w-1.csv", 50, 1)).contract()
    folder = site.root / "tests"
    assert read_tests(folder, contract) == (None, ())
    folder.mkdir()
    assert read_tests(folder, contract) == (None, ())
    (folder / "a.csv").write_text("other\n1\n")
    (folder / "notes.txt~").write_text("x")
    site.leavers("b.csv", 20, seed=2).rename(folder / "b.csv")
    rows, said = read_tests(folder, contract)
    assert rows.num_rows == 20
    assert [words.split(": ")[0] for words in said] == ["test file a.csv refused"]
    site.write("c.csv", (folder / "b.csv").read_text() + ",1,1,north,yes\n").rename(folder / "b.csv")
    rows, said = read_tests(folder / "b.csv", contract)
    assert rows.num_rows == 20
    assert said == ("test file b.csv: 1 of 21 rows are broken and left out.",)


def test_parts_are_chosen_by_side_and_batch(site):
    """A window of one side is what both conditions leave."""
    rows = look(site.taken_in(("w-1.csv", 200, 1), ("w-2.csv", 100, 2)))
    window = rows.part(TRAIN, since=2)
    assert set(rows.orders[window].tolist()) == {2}
    assert rows.take(window).num_rows == int(window.sum())
    whole = sum(int(rows.part(side).sum()) for side in (TRAIN, CHOOSING, GATING))
    assert whole == 300
    assert int(rows.part(CHOOSING, GATING).sum()) == 300 - int(rows.part(TRAIN).sum())


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), min_size=1, max_size=20),
    st.integers(0, 6),
)
def test_any_parts_are_disjoint_and_cover(cells, since):
    """Each row from a batch on is in exactly one side's part."""
    import pyarrow as pa

    table = pa.table({"x": list(range(len(cells)))})
    hashes = np.zeros((len(cells), 2), dtype=np.uint64)
    made = Snapshot(table, hashes, np.array([s for s, _ in cells], np.uint8), np.array([o for _, o in cells]))
    parts = sum(made.part(side, since=since).astype(int) for side in (TRAIN, CHOOSING, GATING))
    assert parts.tolist() == [int(order >= since) for _, order in cells]


def test_identities_are_hashes_of_the_key(site):
    """A snapshot's hashes are those that a bundle's keys are compared with."""
    rows = look(site.taken_in(("w-1.csv", 50, 1)))
    assert (rows.hashes == hashing.row_hashes(rows.rows, ["customer"])).all()
