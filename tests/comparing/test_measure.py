"""Models side by side: what each is worth on rows that none was trained on."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from vigil.comparing import measure, runs, sheets


@pytest.fixture
def trained(new_site):
    """A project that tried all model types on customers of whom only one column tells."""
    site = new_site(key=["customer"], model="auto")
    site.leavers("a-1.csv", 900, seed=1)
    site.tick()
    return site


@pytest.fixture
def compared(trained):
    """Every candidate, compared."""
    project = trained.project()
    return measure.compare(project, [row["id"] for row in project.ledger.releases.all()])


def test_the_best_comes_first_and_all_answered_the_same_rows(compared):
    """Three model types on the same held-out rows, sorted by their score."""
    assert len(compared) == 3
    assert len({one.rows for one in compared}) == 1
    values = [one.value for one in compared]
    assert values == sorted(values, reverse=True)
    assert all(one.interval[0] <= one.value <= one.interval[1] for one in compared)


def test_the_column_that_tells_is_worth_most(compared):
    """Activity decides who leaves; a column of noise is worth nothing for sure."""
    for one in compared:
        worth = {row.column: row for row in one.importances}
        assert one.importances[0].column == "activity"
        assert worth["activity"].low > 0.1
        assert worth["staff"].low <= 0
        assert all(row.low <= row.loss <= row.high for row in one.importances)


def test_comparing_twice_gives_the_same_numbers(trained, compared):
    """Chance is drawn from the project's seed."""
    again = measure.compare(trained.project(), [one.release for one in compared])
    assert again == compared


def test_by_class_agrees_with_scikit_learn():
    """Precision, recall, F1 and rows, class by class."""
    draw = np.random.default_rng(3)
    truth, answer = draw.integers(0, 3, 400), draw.integers(0, 3, 400)

    class Some:
        classes = ("a", "b", "c")

    some = Some()
    some.truth, some.answer = truth, answer
    found = measure.by_class(some)
    wanted = precision_recall_fscore_support(truth, answer)
    got = np.array([[row.precision, row.recall, row.f1, row.rows] for row in found]).T
    np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_a_class_that_was_never_predicted_has_no_precision():
    """What cannot be computed is None, and not zero."""

    class Some:
        classes = ("a", "b", "c")
        truth = np.array([0, 1])
        answer = np.array([0, 0])

    found = measure.by_class(Some())
    assert found[1].precision is None
    assert found[2].recall is None
    assert found[2].f1 is None


def test_every_run_is_listed_with_what_it_was_made_of(trained):
    """One line for each training: model, rows, scores, settings; the live one has a held-out score."""
    found = runs.rows(trained.project())
    assert {row["model"] for row in found} == {"boosting", "forest", "logistic"}
    live = next(row for row in found if row["state"] == "live")
    assert live["held_out"] > 0.5
    assert live["interval"][0] <= live["held_out"] <= live["interval"][1]
    assert all(row["params"] for row in found)
    lines = runs.as_lines(found)
    assert len(lines) == 4
    assert lines[0].split() == [name.replace("_", "-") for name in runs.SHOWN]


def test_the_pictures_and_the_table_are_written(compared):
    """ROC curves, a report by class and importances for each model, and the scores as CSV."""
    made = sheets.files(compared)
    names = {f"{kind}-{one.release}.png" for kind in ("importances", "report") for one in compared}
    assert set(made) == names | {"comparison.csv", "roc.png"}
    assert all(content.startswith(b"\x89PNG") for name, content in made.items() if name.endswith("png"))
    lines = made["comparison.csv"].decode().splitlines()
    assert lines[0].startswith("release,model,metric,value")
    assert [line.split(",")[0] for line in lines[1:]] == [one.release for one in compared]
