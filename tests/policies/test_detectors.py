import pytest

from vigil import policies
from vigil.policies import Met, Situation, _detectors
from vigil.records import Score

SCORE = Score(**{**dict.fromkeys(Score.__dataclass_fields__), "release": "live", "verdict": "steady"})
DETECTORS = ("adwin", "ddm", "hddm", "kswin", "page_hinkley")


def situation(*wrong):
    """Return a release's life: of 400 rows in each batch so many were answered wrongly."""
    met = tuple(Met(order, "live", 0.5, 400, float(count)) for order, count in enumerate(wrong, start=1))
    return Situation(score=SCORE, read_met=lambda: met)


@pytest.mark.parametrize("name", DETECTORS)
def test_a_jump_of_the_error_replaces_the_model(name):
    """Four times the errors are seen in the batch that brings them, and the window is the option's."""
    proposal = policies.propose({"name": name, "batches": 5}, situation(80, 80, 80, 320))
    assert (proposal.action, proposal.batches) == ("replace", 5)


@pytest.mark.parametrize("name", [name for name in DETECTORS if name != "kswin"])
def test_even_errors_are_left_alone(name):
    """The same share of errors in every batch is no change."""
    assert policies.propose(name, situation(80, 80, 80, 80)).action == "nothing"


def test_a_change_is_answered_once():
    """What was seen in an earlier batch is not proposed again."""
    assert policies.propose("ddm", situation(80, 80, 320, 320)).action == "nothing"


def test_only_the_live_release_counts():
    """Errors of a release that was replaced say nothing about the live one."""
    old = tuple(Met(order, "old", 0.5, 400, 20.0) for order in range(3))
    asked = Situation(score=SCORE, read_met=lambda: (*old, Met(4, "live", 0.5, 400, 320.0)))
    assert policies.propose("page_hinkley", asked).action == "nothing"


@pytest.mark.parametrize("wrong", [0.0, 1.0, 80.0, 399.0, 400.0])
def test_errors_are_spread_evenly(wrong):
    """As many errors as were counted, in both halves alike."""
    found = list(_detectors.errors(Met(1, "live", 0.5, 400, wrong)))
    assert len(found) == 400
    assert sum(found) == wrong
    assert abs(sum(found[:200]) - wrong / 2) <= 1


def test_kswin_is_not_fed_what_it_has_forgotten():
    """Before its window there may be any errors: the newest rows alone decide."""
    calm = policies.propose("kswin", situation(*[400] * 200, 80, 80))
    assert calm == policies.propose("kswin", situation(80, 80))
    jump = policies.propose("kswin", situation(*[400] * 200, 80, 320))
    assert jump.action == "replace"
