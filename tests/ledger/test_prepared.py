"""Statements that are kept: what they answer is what they would answer if they were built anew each time."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from vigil.ledger.ledger import Ledger
from vigil.ledger.schema import batches, files

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def shelf(database, tmp_path):
    """The files of one project, six of them, beside another project's in the same database."""
    both = [Ledger(database, root=tmp_path, project=name, clock=lambda: NOW) for name in ("p", "q")]
    for ledger in both:
        for number in range(6):
            what = {"status": "refused" if number % 2 else "ingested", "batch": None if number < 2 else "b"}
            more = {"digest": "", "reason": "", "contract_version": 1, "run": number, "details": {}}
            ledger.files.record(f"w-{number}", (number, 0, 0), **what, **more)
    yield both[0].files
    for ledger in both:
        ledger.close()


def paths(rows):
    """Return which files were found."""
    return [row["path"] for row in rows]


def test_one_form_is_asked_with_many_values(shelf):
    """The same comparison finds other rows for another value, and never another project's."""
    for number in range(6):
        assert paths(shelf.find(files.c.run == number)) == [f"w-{number}"]
    for most in (4, 1, 6):
        assert len(shelf.find(files.c.run >= 0, order=[files.c.path], limit=most)) == most


def test_comparisons_are_not_taken_for_each_other(shelf):
    """Each way to compare a column, and each order, is a question of its own."""
    by = [files.c.path]
    found = {
        "below": paths(shelf.find(files.c.run < 2, order=by)),
        "up to": paths(shelf.find(files.c.run <= 2, order=by)),
        "above": paths(shelf.find(files.c.run > 4, order=by)),
        "other": paths(shelf.find(files.c.run != 0, files.c.run != 1, order=by)),
        "known": paths(shelf.find(files.c.batch.is_not(None), files.c.run < 4, order=by)),
        "unknown": paths(shelf.find(files.c.batch.is_(None), files.c.run < 4, order=by)),
        "none": paths(shelf.find(files.c.batch == None, files.c.run < 4, order=by)),  # noqa: E711
        "newest": paths(shelf.find(order=[files.c.run.desc()], limit=2)),
        "oldest": paths(shelf.find(order=[files.c.run], limit=2)),
        "among": paths(shelf.find(files.c.run.in_([1, 3]), order=by)),
        "among more": paths(shelf.find(files.c.run.in_([1, 3, 5]), order=by)),
        "among none": paths(shelf.find(files.c.run.in_([]), order=by)),
        "not among": paths(shelf.find(files.c.run.not_in([0, 1, 2, 3, 4]), order=by)),
        "either": paths(shelf.find(sa.or_(files.c.run == 0, files.c.run == 5), order=by)),
        "like": paths(shelf.find(files.c.path.like("%-3"), order=by)),
    }
    expected = {
        "below": [0, 1], "up to": [0, 1, 2], "above": [5], "other": [2, 3, 4, 5], "known": [2, 3],
        "unknown": [0, 1], "none": [0, 1], "newest": [5, 4], "oldest": [0, 1], "among": [1, 3],
        "among more": [1, 3, 5], "among none": [], "not among": [5], "either": [0, 5], "like": [3],
    }  # fmt: skip
    assert found == {what: [f"w-{number}" for number in numbers] for what, numbers in expected.items()}


def test_columns_belong_to_the_question(shelf):
    """Other columns of the same rows are another question; so is a column by another name."""
    where = files.c.run == 2
    assert shelf.find(where, columns=[files.c.path]) == [{"path": "w-2"}]
    assert shelf.find(where, columns=[files.c.run, files.c.path]) == [{"run": 2, "path": "w-2"}]
    assert shelf.find(where, columns=[files.c.run.label("n")]) == [{"n": 2}]


def test_changes_reach_the_rows_that_are_named(shelf):
    """A kept change writes other values to other rows, and says to how many."""
    assert shelf.change({"reason": "one"}, files.c.run == 1) == 1
    assert shelf.change({"reason": "two"}, files.c.run == 2) == 1
    assert shelf.change({"status": "lost", "reason": "many"}, files.c.run.in_([4, 5])) == 2
    assert shelf.change({"reason": "late"}, files.c.run > 4, files.c.status == "lost") == 1
    found = [(row["status"], row["reason"]) for row in shelf.find(order=[files.c.path])]
    plain = [("ingested", ""), ("refused", "one"), ("ingested", "two"), ("refused", "")]
    assert found == [*plain, ("lost", "many"), ("lost", "late")]


def test_a_change_may_be_computed_by_the_database(shelf):
    """A column that counts on is computed for each row, beside values that are the same for all."""
    changed = {"run": files.c.run + 10, "reason": "counted"}
    assert shelf.change(changed, files.c.run >= 4) == 2
    assert shelf.change(changed, files.c.run >= 15) == 1
    found = shelf.find(files.c.reason == "counted", order=[files.c.path])
    assert [(row["path"], row["run"]) for row in found] == [("w-4", 14), ("w-5", 25)]


def test_a_condition_on_another_table_is_built_anew(shelf):
    """What speaks of another table is no form of this one's: it is asked as it stands, each time."""
    for number in (2, 9):
        none = ~sa.exists().where(batches.c.id == files.c.batch, batches.c.order == number)
        assert len(shelf.find(none, files.c.run < 9)) == 6
