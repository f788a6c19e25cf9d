"""A stream that drifts: noticed without a fit, answered by a vote, and left alone where nothing drifts."""

import json
from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pytest

import training
from vigil import models, renewal, reproducing
from vigil.bundles import keys, load_manifest, pointer
from vigil.errors import VigilError
from vigil.models import voting
from vigil.trials import recent, renewing
from vigil.trials.renewing import Record


def shifted(rows, *, seed, shift):
    """Return customers as CSV whose rate of leaving is shifted, the rule being the same."""
    draw = np.random.default_rng(seed)
    activity = draw.normal(0, 1, rows)
    left = draw.random(rows) < 1 / (1 + np.exp(4 * activity - shift))
    lines = [f"c{seed}-{i},{activity[i]:.4f},{'yes' if left[i] else 'no'}" for i in range(rows)]
    return "\n".join(["customer,activity,left", *lines]) + "\n"


@pytest.fixture
def drifted(site):
    """A project whose customers leave more and more often; alarms are kept out of it."""
    site.configure(policy={"name": "vigil", "every": 2, "least": 2}, tolerance=0.5)
    for number, shift in enumerate([0.0, -2.5, -2.5, -2.5, -2.5], start=1):
        site.write(f"w-{number}.csv", shifted(600, seed=number, shift=shift))
        site.found = site.tick()
    return site


def plans(site):
    """Return the plans' outcomes and evidence, in order."""
    rows = [row for row in site.project().ledger.decisions.find() if row["kind"] == "plan"]
    return [(row["outcome"], row["evidence"]) for row in sorted(rows, key=lambda row: row["order"])]


def test_a_drift_is_noticed_and_past_releases_vote(drifted):
    """The second shifted batch shows it; then each batch has a new vote, and fits keep their budget."""
    found = plans(drifted)
    assert [outcome for outcome, _ in found] == ["train-first", "nothing", "renew", "renew", "renew"]
    assert [evidence.get("fit") for _, evidence in found[2:]] == [True, False, True]
    assert found[2][1]["freshness"]["e_value"] >= 200
    told = [evidence["freshness"] for _, evidence in found[2:]]
    assert [(one["lasted"], one["past"]) for one in told] == [(1, 1), (1, 2), (1, 2)]
    assert "lasted" not in found[1][1]["freshness"]
    gates = [row for row in drifted.project().ledger.decisions.find() if row["kind"] == "gate"]
    reasons = [row["reason"].partition(":")[0] for row in sorted(gates, key=lambda row: row["order"])]
    fitted, answered = "Renewed without a gate", "Renewed without a fit or a gate"
    assert reasons[-3:] == [fitted, answered, fitted]
    assert [row["order"] for row in drifted.project().ledger.incidents.find()] == []
    live = pointer.read(drifted.root / "production").release
    row = drifted.project().ledger.releases.get(live)
    assert (row["model"], row["state"], row["through"]) == ("vote", "live", 5)
    assert row["reference"]["rows"] > 0


def test_the_vote_is_better_calibrated_than_what_it_replaced(drifted):
    """On a batch to come, the log-loss of the vote is clearly below that of the first release."""
    project = drifted.project()
    path = drifted.write("w-6.csv", shifted(2000, seed=6, shift=-2.5))
    lines = [line.split(",") for line in path.read_text().splitlines()[1:]]
    columns = {"activity": np.array([float(line[1]) for line in lines])}
    truth = np.array([line[2] == "yes" for line in lines])
    first = min(project.ledger.releases.find(), key=lambda row: row["through"])["id"]
    live = pointer.read(project.production).release

    def loss(release):
        p = models.open_answerer(project.models, release).predict(columns).probability
        return -np.mean(np.log(np.where(truth, p, 1 - p)))

    assert loss(live) < loss(first) - 0.05


def test_a_standing_stream_is_left_alone(site):
    """Batches like the first move no evidence, and nothing is renewed."""
    for number in range(1, 6):
        site.write(f"w-{number}.csv", shifted(600, seed=number, shift=0.0))
        site.tick()
    found = plans(site)
    assert [outcome for outcome, _ in found] == ["train-first", *["nothing"] * 4]
    assert all(evidence["freshness"]["e_value"] < 2 for _, evidence in found[1:])


def test_the_same_vote_is_the_same_bundle(drifted):
    """Members, weights, calibration and threshold say all; keys of all members are known to it."""
    project = drifted.project()
    members = [voter.release for voter in renewal.voters(project)]
    platt = {"method": "platt", "a": 1.1, "b": 0.1}
    made = [
        voting.pack(project.models, members, [1.0] * len(members), calibration=platt, threshold=0.4)[0]
        for _ in range(2)
    ]
    assert made[0] == made[1]
    manifest = load_manifest(project.models, made[0])
    assert (manifest["model"], manifest["compiled"]) == ("vote", True)
    known = {len(keys.load(project.models / one)) for one in members}
    assert len(keys.load(project.models / made[0])) > max(known)
    answerer = models.open_answerer(project.models, made[0])
    assert answerer.answered_by == "compiled"


def test_a_cut_off_renewal_is_finished(drifted):
    """A plan that was made and not carried out gives the same release as one that was."""
    project = drifted.project()
    batch = project.ledger.batches.all()[-1]
    plan = project.ledger.decisions.get(f"{batch.id}-plan")
    release, reason, evidence = renewal.make(project, batch, plan)
    assert release == pointer.read(project.production).release
    gate = project.ledger.decisions.get(f"{batch.id}-plan-gate")
    assert gate.reason == reason
    assert json.loads(json.dumps(evidence)) == gate.evidence


def test_a_vote_is_rebuilt_from_its_members(drifted):
    """Put together again it is the same to the byte; with a member lost, that is said in words."""
    project = drifted.project()
    votes = [row["id"] for row in project.ledger.releases.find() if row["model"] == voting.KIND]
    asked = {release: load_manifest(project.models, release)["params"]["members"] for release in votes}
    release, members = max(asked.items(), key=lambda vote: len(vote[1]))
    assert len(members) > 1
    found = reproducing.reproduce(project, release, training.run)
    assert found.identical
    assert found.rebuilt == release
    lost = min(members)
    (project.models / lost).rename(project.models / f"{lost}-away")
    with pytest.raises(VigilError, match=f"its member {lost} is not there"):
        reproducing.reproduce(project, release, training.run)


def test_a_lost_voter_is_done_without(drifted):
    """Where the bundle of a past release is gone, the others vote, and the tick ends as usual."""
    project = drifted.project()
    live = pointer.read(project.production).release
    lost = renewal.voters(project)[0].release
    (project.models / lost).rename(project.models / f"{lost}-away")
    drifted.write("w-6.csv", shifted(600, seed=6, shift=-2.5))
    assert drifted.outcomes(drifted.tick())[-1] == ("gate", "promote")
    now = pointer.read(project.production).release
    assert now != live
    assert lost not in load_manifest(project.models, now)["params"]["members"]


def test_the_newest_rows_are_read_once_until_they_change(drifted):
    """Watching and renewing share what was read; a table of another version is read anew."""
    project = drifted.project()
    batch = project.ledger.batches.all()[-1]
    first = renewal.recent(project, batch)
    assert renewal.recent(project, batch) is first
    project.table.append(project.table.batch(1).slice(0, 0), ["another file"])
    assert renewal.recent(project, batch) is not first


def test_a_batch_is_answered_once_by_each_release(drifted):
    """Of batches whose rows are as before, answers are taken over; a batch that was mended is asked anew."""
    project = drifted.project()
    *_, before, batch = project.ledger.batches.all()
    voter = renewal.voters(project)[0].release
    known = renewal.recent(project, before).probability(voter, before.order)
    assert renewal.recent(project, batch).probability(voter, before.order) is known
    rows = project.table.batch(before.order)
    project.table.mend(before.order, rows.set_column(*turned(rows, "activity")), "a test")
    anew = renewal.recent(project, batch)
    assert not np.array_equal(anew.probability(voter, before.order), known)
    assert anew.probability(voter, batch.order) is not known


def test_a_vote_goes_by_what_a_release_tells_apart(drifted):
    """A release whose rule still holds but whose level is false keeps its vote: that is calibrated away."""
    project = drifted.project()
    batch = project.ledger.batches.all()[-1]
    rows, known = renewal.recent(project, batch), renewal.voters(project)
    first, newest = known[0].release, known[-1].release
    assert rows.loss(first, [batch.order]) > rows.loss(newest, [batch.order]) + 0.2
    best = [rows.loss_at_best(release, [batch.order]) for release in (first, newest)]
    assert best[0] == pytest.approx(best[1], abs=0.05)
    formed = renewing.form(rows, known, "f1", after=batch.order, recipe="vote")
    assert dict(zip(formed.members, formed.weights, strict=True))[first] > 0.15


def test_a_loss_at_best_is_that_of_the_rows_as_they_are(drifted):
    """It is reckoned once for the same rows, and anew where a repair wrote other ones."""
    project = drifted.project()
    *_, before, batch = project.ledger.batches.all()
    voter, asked = renewal.voters(project)[0].release, [before.order, batch.order]
    known = renewal.recent(project, batch).loss_at_best(voter, asked)
    rows = project.table.batch(before.order)
    project.table.mend(before.order, rows.set_column(*turned(rows, "activity")), "a test")
    anew = renewal.recent(project, batch)
    assert anew.loss_at_best(voter, asked) > known + 0.05
    assert anew.loss_at_best(voter, [batch.order]) < known + 0.05


def turned(rows, name):
    """Return place, name and cells of a column of numbers with its signs turned."""
    place = rows.column_names.index(name)
    return place, rows.schema.field(name), pc.negate(rows.column(name))


def test_the_recipe_with_the_smaller_log_loss_answers(drifted):
    """The record fades by the batch, and the smaller one decides, whatever the last batches' score says."""
    project = drifted.project()
    batch = project.ledger.batches.all()[-1]
    plan = project.ledger.decisions.get(f"{batch.id}-plan")
    losses = plan.evidence["freshness"]["losses"]
    assert set(losses) == {"vote", "latest"}
    for smaller in losses:
        changed = {**plan.evidence["freshness"], "losses": {**losses, smaller: 0.0}}
        made = renewal.make(project, batch, replace(plan, evidence={**plan.evidence, "freshness": changed}))
        assert made[2]["recipe"] == smaller
    records = {"vote": Record({}, 2.0), "latest": Record({}, 3.0)}
    assert renewing.losses({"vote": 10.0}, records) == {"vote": pytest.approx(11.7), "latest": 3.0}


def test_as_many_releases_stay_open_as_may_vote(drifted, monkeypatch):
    """A long life keeps the newest releases open and no others; one that was closed is opened again."""
    monkeypatch.setattr(recent, "_OPEN", 2)
    project = drifted.project()
    rows = renewal.recent(project, project.ledger.batches.all()[-1])
    known = [voter.release for voter in renewal.voters(project)]
    assert len(known) > 2
    assert all(rows.can_vote(release) for release in (*known, *known))
    assert list(project.opened["voters"]) == known[-2:]
    assert rows.form(known[0]).classes == rows.form(known[-1]).classes
