"""Diagnoses in the ledger: once for each pair, the state on the newest alone."""

from datetime import UTC, datetime

import pytest

from tests.ledger.test_ledger import BATCH, SCORE
from vigil.ledger.ledger import Ledger


@pytest.fixture
def ledger(tmp_path):
    """The ledger of one project, with a scored batch."""
    opened = Ledger(
        "sqlite:///l.db", root=tmp_path, project="p", clock=lambda: datetime(2026, 3, 1, tzinfo=UTC)
    )
    opened.batches.add_pending(BATCH, run=1, profile={})
    opened.scores.add(SCORE, tally={}, evidence=None, run=4)
    yield opened
    opened.close()


def parts(state):
    """Return a diagnosis with a state."""
    return {"drift": {"verdict": "none", "columns": []}, "slices": {}, "moved": None, "state": state}


def test_a_score_waits_for_its_diagnosis(ledger):
    """A score without one is named with its run and verdict; once written it is not, and stays as it was."""
    (waiting,) = ledger.diagnoses.undone()
    assert (waiting["release"], waiting["batch"], waiting["run"], waiting["verdict"]) == (
        "r1",
        "b1",
        4,
        "steady",
    )
    assert ledger.diagnoses.add("r1", "b1", order=1, run=4, **parts({"n": 1}))
    assert ledger.diagnoses.undone() == []
    assert not ledger.diagnoses.add("r1", "b1", order=1, run=9, **parts({"n": 2}))
    assert ledger.diagnoses.latest()["run"] == 4


def test_the_newest_alone_has_the_state(ledger):
    """The state before an order is that of the newest row below it; older rows let theirs go."""
    for order in (1, 2):
        ledger.diagnoses.add("r1", f"b{order}", order=order, run=order, **parts({"n": order}))
    assert ledger.diagnoses.state("r1", before=3) == {"n": 2}
    assert ledger.diagnoses.state("r1", before=2) is None
    assert ledger.diagnoses.state("other", before=3) is None
    assert ledger.diagnoses.latest(through_run=1)["batch"] == "b1"
    assert "state" not in ledger.diagnoses.latest()
