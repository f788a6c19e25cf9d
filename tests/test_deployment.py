import pytest

import deployment
from vigil.bundles import pointer
from vigil.errors import VigilError
from vigil.records import Decision
from vigil.releases import switch
from vigil.trials.snapshot import CHOOSING, GATING, snapshot


@pytest.fixture
def turned(site):
    """A project whose second release took over after a change; its two releases stand in order."""
    site.leavers("w-1.csv", 600)
    site.tick()
    site.leavers("w-2.csv", 900, seed=3, turned=True)
    site.tick()
    live = pointer.read(site.root / "production")
    assert live.previous
    site.releases = (live.previous, live.release)
    return site


def plan(outcome="retrain", **evidence):
    """Return a plan as the tick makes it."""
    return Decision("b-plan", "plan", "b", "", outcome, "", {"since": 1, "attempt": 1, **evidence})


def last(site):
    """Return the newest batch."""
    return site.project().ledger.batches.all()[-1]


def test_a_gate_is_decided_once(turned):
    """Asked again with other candidates, the decision that stands is returned."""
    project = turned.project()
    first = deployment.run(project, last(turned), [], plan=plan(), run=5)
    again = deployment.run(project, last(turned), list(turned.releases), plan=plan(), run=6)
    assert first.outcome == again.outcome == "nothing"
    assert len([row for row in project.ledger.decisions.find() if row["id"] == "b-plan-gate"]) == 1


def test_what_was_decided_and_not_done_is_done(turned):
    """A promotion that was written down before a crash is carried out by the next run."""
    project = turned.project()
    old, new = turned.releases
    decision = Decision("b-plan-gate", "gate", "b", old, "promote", "better", {})
    project.ledger.decisions.add(decision, order=2, run=3)
    deployment.run(project, last(turned), [], plan=plan(), run=4)
    assert pointer.read(project.production) == pointer.Pointer(old, new)
    assert project.ledger.decisions.get("b-plan-gate").done


@pytest.mark.parametrize("named", [True, False])
def test_no_rollback_goes_to_a_bundle_that_is_not_whole(turned, named):
    """The release before, named or not, is refused where a file of it is gone; what is live stays."""
    project = turned.project()
    before = pointer.read(project.production)
    (project.models / before.previous / "manifest.json").unlink()
    release = before.previous if named else ""
    with pytest.raises(VigilError, match=r"manifest\.json"):
        switch.restore(project.ledger, project.production, run=9, release=release, models=project.models)
    assert pointer.read(project.production) == before


def test_the_live_release_does_not_meet_itself(turned):
    """A challenger that is the champion's own bundle is no challenger."""
    decision = deployment.run(turned.project(), last(turned), [turned.releases[1]], plan=plan(), run=5)
    assert decision.outcome == "nothing"
    assert "No challenger differs" in decision.reason


def test_a_worse_challenger_is_not_promoted(turned):
    """The old model on the new data stays out, under a refresh too; the evidence names both scores."""
    old, new = turned.releases
    for outcome in ("retrain", "refresh"):
        decision = deployment.challenge(turned.project(), last(turned), [old], new, plan(outcome, since=2))
        assert decision.outcome in ("keep", "abstain")
        assert decision.evidence["scores"]["champion"] > decision.evidence["scores"]["challenger"]


def test_more_attempts_ask_for_more(turned):
    """The k-th try on the same rows runs at a smaller level."""
    old, new = turned.releases
    levels = [
        deployment.challenge(turned.project(), last(turned), [old], new, plan(attempt=k)).evidence["level"]
        for k in (1, 2, 3)
    ]
    assert levels == pytest.approx([0.05 / 2, 0.05 / 6, 0.05 / 12])


def test_a_rollback_restores_and_holds(turned):
    """The release before comes back; the one that was live is held, and its incident closed."""
    old, new = turned.releases
    project = turned.project()
    decision = switch.restore(project.ledger, project.production, run=7)
    assert pointer.read(project.production) == pointer.Pointer(old, None)
    assert (decision.kind, decision.done) == ("rollback", True)
    assert project.ledger.releases.get(old)["state"] == "live"
    assert project.ledger.releases.get(new)["state"] == "held"
    with pytest.raises(VigilError, match="no earlier release"):
        switch.restore(project.ledger, project.production, run=8)


def test_a_held_release_is_never_promoted_until_lifted(turned):
    """After a rollback the same bundle is passed over, however good; a person lifts that."""
    old, new = turned.releases
    project = turned.project()
    switch.restore(project.ledger, project.production, run=7)
    held = deployment.run(project, last(turned), [new], plan=plan(since=2), run=8)
    assert held.outcome == "nothing"
    turned.tick(force=True)
    assert pointer.read(project.production).release != new
    assert project.ledger.releases.get(new)["state"] == "held"


def test_a_lifted_release_may_be_promoted(turned):
    """After a person lifted the hold the bundle meets the gate like any other."""
    old, new = turned.releases
    project = turned.project()
    switch.restore(project.ledger, project.production, run=7)
    switch.lift(project.ledger, new)
    assert deployment.run(project, last(turned), [new], plan=plan(since=2), run=8).outcome == "promote"
    assert pointer.read(project.production) == pointer.Pointer(new, old)


def test_only_what_is_held_can_be_lifted(turned):
    """Lifting an unknown release, or a live one, is told to be wrong."""
    for name in (turned.releases[1], "nonsense"):
        with pytest.raises(VigilError, match="is not held"):
            switch.lift(turned.project().ledger, name)


def test_a_rollback_starts_the_evidence_afresh(turned):
    """The restored release is judged by what comes next, not by the change that once condemned it."""
    old, _ = turned.releases
    project = turned.project()
    switch.restore(project.ledger, project.production, run=7)
    turned.leavers("w-3.csv", 300, seed=5)
    turned.tick()
    score = project.ledger.scores.latest()
    assert (score["release"], score["order"]) == (old, 3)
    assert score["e_value"] < 2


def test_acknowledging_closes_the_incident_and_starts_afresh(site):
    """A person's word ends an incident; a later alarm opens another, on later batches alone."""
    site.configure(policy="never")
    site.leavers("w-1.csv", 600)
    site.tick()
    site.leavers("w-2.csv", 300, seed=3, turned=True)
    site.tick()
    project = site.project()
    decision = switch.acknowledge(project.ledger, project.production, run=3)
    assert decision.kind == "acknowledge"
    assert project.ledger.incidents.latest()["state"] == "closed"
    with pytest.raises(VigilError, match="no open incident"):
        switch.acknowledge(project.ledger, project.production, run=4)
    site.leavers("w-3.csv", 300, seed=4)
    site.tick()
    assert project.ledger.scores.latest()["e_value"] < 2
    site.leavers("w-4.csv", 300, seed=6, turned=True)
    site.tick()
    incident = project.ledger.incidents.latest()
    assert (incident["state"], incident["order"], incident["since"]) == ("open", 4, 4)


def test_a_release_that_comes_back_begins_a_new_life(turned):
    """Lifted and promoted again, a release does not carry the evidence of its first life."""
    old, new = turned.releases
    project = turned.project()
    turned.leavers("w-3.csv", 300, seed=5)
    turned.tick()
    assert project.ledger.scores.latest()["verdict"] == "degraded"
    switch.promote(
        project.ledger, project.production, old, by="test", after=project.ledger.batches.last_order()
    )
    switch.promote(
        project.ledger, project.production, new, by="test", after=project.ledger.batches.last_order()
    )
    turned.leavers("w-4.csv", 300, seed=6, turned=True)
    turned.tick()
    assert project.ledger.scores.latest()["e_value"] < 2


def test_the_first_release_must_beat_a_constant(site):
    """On labels without a rule nothing is deployed, and the evidence holds both numbers."""
    site.leavers("w-1.csv", 400, random=True)
    found = site.tick()
    gate = found["decisions"][1]
    assert gate["outcome"] == "nothing"
    assert gate["evidence"]["score"] <= gate["evidence"]["baseline"]
    assert not (site.root / "production/live.json").exists()


def test_no_candidate_is_no_release(site):
    """When nothing could be trained, the decision says so."""
    site.leavers("w-1.csv", 300)
    site.tick()
    decision = deployment.first_release(site.project(), last(site), [])
    assert (decision.outcome, decision.reason) == ("nothing", "No candidate could be trained.")


def test_the_reference_comes_from_rows_that_did_not_promote(turned):
    """The first release's is of all held-out rows, a later one's of the choosing half since the change."""
    project = turned.project()
    old, new = (project.ledger.releases.get(release) for release in turned.releases)
    rows = snapshot(project.table, project.contract(), through=2, holdout=0.2, test_data=None)
    first, later = rows.orders == 1, rows.orders == 2
    assert old["reference"]["rows"] == (rows.part(CHOOSING, GATING) & first).sum()
    assert new["reference"]["rows"] == (rows.part(CHOOSING) & later).sum()


def test_a_replacement_asks_no_gate(turned):
    """A plan that says so deploys what it was given, and its words say that nothing was compared."""
    project = turned.project()
    old, new = turned.releases
    decision = deployment.run(project, last(turned), [old], plan=plan("replace", since=2), run=5)
    assert (decision.outcome, decision.release, decision.evidence["replaced"]) == ("promote", old, new)
    assert "without a gate" in decision.reason
    assert pointer.read(project.production).release == old
    assert project.ledger.releases.get(old)["reference"]["rows"] == decision.evidence["rows"] > 0


def test_a_replacement_by_itself_is_none(turned):
    """The same rows give the same bundle, and there is nothing to deploy."""
    decision = deployment.run(
        turned.project(), last(turned), [turned.releases[1]], plan=plan("replace"), run=5
    )
    assert decision.outcome == "nothing"
    assert "over again" in decision.reason
