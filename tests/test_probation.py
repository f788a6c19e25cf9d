"""A fresh release on probation: turned out when it is worse on its first batches, for good, and only then."""

import numpy as np
import pytest

import diagnostics
from tests.test_fullprocess import begin
from vigil import breakers, probation
from vigil.bundles import pointer
from vigil.stats import gate, metrics


@pytest.fixture
def turned(site):
    """A project whose customers turned round for one large batch, so that a challenger went live."""
    site.configure(policy={"name": "vigil", "every": 0})
    site.first = begin(site)
    site.leavers("w-2.csv", 1500, seed=2, turned=True)
    assert site.outcomes(site.tick()) == [("plan", "retrain"), ("gate", "promote")]
    site.fresh = live(site)
    return site


def live(site):
    """Return what answers."""
    return pointer.read(site.root / "production").release


def states(site):
    """Return the state of every release that was ever live."""
    return {row["id"]: row["state"] for row in site.project().ledger.releases.deployed()}


def test_what_was_good_on_the_holdout_and_is_bad_after_makes_room(turned):
    """The turn was a blip: on the next batch the release before is better, and answers again."""
    turned.leavers("w-3.csv", 300, seed=3)
    found = turned.tick()
    assert turned.outcomes(found) == [("plan", "restore"), ("rollback", "rollback")]
    assert live(turned) == turned.first
    assert states(turned) == {turned.first: "live", turned.fresh: "held"}
    plan, back = found["decisions"]
    assert "On probation, batch 1 of 8: F1" in plan["reason"]
    assert back["evidence"]["lower_bound"] > back["evidence"]["margin"]
    assert back["evidence"]["scores"]["fresh"] < back["evidence"]["scores"]["predecessor"]
    incident = turned.project().ledger.incidents.latest()
    assert (incident["release"], incident["state"], incident["since"]) == (turned.fresh, "closed", 3)
    [said] = [one for one in diagnostics.run(turned.project())["advice"] if turned.fresh in one["what"]]
    assert f"--lift {turned.fresh}" in said["do"]
    assert incident["closed_by"] == f"{incident['batch']}-plan-gate"


def test_the_pair_is_not_tried_again(turned):
    """After the step back nothing flaps: the release before stays, its evidence begun anew."""
    for number in (3, 4, 5):
        turned.leavers(f"w-{number}.csv", 300, seed=number)
        found = turned.tick()
    assert turned.outcomes(found) == [("plan", "nothing")]
    assert "probation" not in found["decisions"][0]["evidence"]
    assert live(turned) == turned.first
    assert states(turned)[turned.fresh] == "held"
    assert pointer.read(turned.root / "production").previous is None


def test_one_that_stays_good_passes(turned):
    """The turn was no blip: the release is kept, each look is written down, and looks end."""
    turned.configure(probation=2)
    looks, shown = [], []
    for number in (3, 4, 5):
        turned.leavers(f"w-{number}.csv", 300, seed=number, turned=True)
        looks.append(turned.tick()["decisions"][0]["evidence"].get("probation"))
        shown.append(probation.standing(turned.project(), turned.fresh))
    assert live(turned) == turned.fresh
    assert [look and (look["batches"], look["worse"]) for look in looks] == [(1, False), (2, False), None]
    assert [look and look["batches"] for look in shown] == [1, None, None]
    assert looks[1]["level"] == pytest.approx(0.05 / 6)


@pytest.mark.parametrize("setting", [{"probation": 0}, {"margin": 0.99}])
def test_it_can_be_turned_off_and_has_a_margin(turned, setting):
    """Without a probation, or within the margin, nothing is put back at once."""
    turned.configure(**setting)
    turned.leavers("w-3.csv", 300, seed=3)
    assert ("rollback", "rollback") not in turned.outcomes(turned.tick())


def test_a_pause_holds_the_step_back(turned):
    """Paused, what would be done is said and not done; resumed, it is done at the next batch."""
    breakers.pause(turned.project())
    turned.leavers("w-3.csv", 300, seed=3)
    found = turned.tick()
    assert turned.outcomes(found) == [("plan", "nothing")]
    assert "Held back: paused since" in found["decisions"][0]["reason"]
    assert "paused since" in breakers.advice(turned.project())[0]["what"]
    breakers.resume(turned.project())
    assert breakers.advice(turned.project()) == []
    turned.leavers("w-4.csv", 300, seed=4)
    assert ("rollback", "rollback") in turned.outcomes(turned.tick())


@pytest.mark.parametrize("at", ["write", "close", "make_live", "update"])
def test_a_step_back_that_is_cut_off_is_finished(turned, monkeypatch, at):
    """Cut off at any of its writes, the next tick brings the state that an undisturbed one brings."""
    from vigil.ledger.judgements import Incidents
    from vigil.ledger.releases import Releases

    places = {"write": pointer, "close": Incidents, "make_live": Releases, "update": Releases}
    turned.leavers("w-3.csv", 300, seed=3)

    def cut(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(places[at], at, cut)
        with pytest.raises(KeyboardInterrupt):
            turned.tick()
    assert turned.outcomes(turned.tick())[-1] == ("rollback", "rollback")
    project = turned.project()
    assert live(turned) == turned.first
    assert states(turned) == {turned.first: "live", turned.fresh: "held"}
    assert project.ledger.releases.get(turned.first)["facts"]["evidence_after"] == 3
    assert [row["state"] for row in project.ledger.incidents.find()].count("open") == 0
    assert len([row for row in project.ledger.decisions.find() if row["kind"] == "rollback"]) == 1


def test_a_lost_predecessor_stops_no_tick(turned):
    """Where the bundle before is gone, the plan says so and goes on."""
    for file in (turned.root / "models" / turned.first).iterdir():
        file.unlink()
    turned.leavers("w-3.csv", 300, seed=3, turned=True)
    found = turned.tick()["decisions"][0]["evidence"]["probation"]
    assert found["worse"] is False
    assert "cannot be asked" in found["words"]


def test_equals_are_seldom_turned_out():
    """Eight looks at growing rows, equal models: at most one in twenty is turned out (binomial limit)."""
    draw, metric, lives, out = np.random.default_rng(5), metrics.get("f1"), 400, 0
    for _ in range(lives):
        cells = np.zeros((2, 2, 2), dtype=np.int64)
        for look in range(1, 9):
            truth = draw.random(200) < 0.3
            fresh, before = (truth ^ (draw.random(200) < 0.2) for _ in range(2))
            np.add.at(cells, (truth.astype(int), fresh.astype(int), before.astype(int)), 1)
            if gate.compare_cells(metric, cells, level=probation.LEVEL, attempt=look).promote:
                out += 1
                break
    assert out <= 0.05 * lives + 3 * np.sqrt(lives * 0.05 * 0.95)


def test_a_first_release_has_nobody_to_be_held_against(site):
    """Without a release before it, nothing is on probation."""
    begin(site)
    site.leavers("w-2.csv", 300, seed=2)
    assert "probation" not in site.tick()["decisions"][0]["evidence"]
