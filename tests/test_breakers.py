"""What holds a proposal back: each breaker says so in the plan, and lets go again."""

import pytest

import fullprocess
from tests.test_fullprocess import begin
from vigil import breakers
from vigil.policies import Proposal


@pytest.fixture
def lively(site):
    """A project with a release, and a policy that would replace it after every batch."""
    site.configure(policy="every_batch")
    begin(site)
    return site


def test_a_pause_holds_everything_back_until_it_ends(lively):
    """Paused, a batch is scored and nothing is trained; resumed, the next batch is answered."""
    project = lively.project()
    assert "paused since" in breakers.pause(project)
    assert breakers.pause(project) == breakers.pause(project)
    lively.leavers("w-2.csv", 200, seed=2)
    found = lively.tick()
    assert lively.outcomes(found) == [("plan", "nothing")]
    assert "Held back: paused since" in found["decisions"][0]["reason"]
    assert project.ledger.scores.latest()["order"] == 2
    assert breakers.held_back(project, Proposal("renew", "a.")) is not None
    assert "resumed" in breakers.resume(project)
    assert breakers.resume(project) == "was not paused."
    lively.leavers("w-3.csv", 200, seed=3)
    assert lively.outcomes(lively.tick())[0] == ("plan", "replace")


@pytest.mark.parametrize(("setting", "hours"), [({"cool_down": 3}, 3.1), ({"promotions_a_day": 1}, 24.1)])
def test_a_new_release_is_left_in_peace(lively, setting, hours):
    """After a promotion nothing is trained for a time; then, and for a vote, the breaker lets go."""
    lively.configure(**setting)
    project = lively.project()
    replace = Proposal("replace", "A batch has come.")
    lively.clock.forward(hours=1)
    held = breakers.passed(project, replace)
    assert held.action == "nothing"
    assert held.reason.startswith("A batch has come. Held back: ")
    assert next(iter(setting)) in held.reason
    assert "releases" not in held.reason
    assert breakers.held_back(project, Proposal("renew", "a.")) is None
    lively.clock.forward(hours=hours)
    assert breakers.passed(project, replace) is replace


def test_the_pause_of_ticks_is_another(lively):
    """``fullprocess.py --pause`` is about ticks that nobody watches: one that a person starts trains."""
    fullprocess.main(["--config", str(lively.config), "--pause"])
    lively.leavers("w-2.csv", 200, seed=2)
    assert lively.outcomes(lively.tick())[0] == ("plan", "replace")
