"""The story of a tick, and of the ticks after it."""

import csv
import io
import json

import numpy as np
import pytest

import fullprocess
from vigil.bundles import pointer
from vigil.ledger import glance
from vigil.project import Project


def scores_of(site):
    """Return what the ledger says of every score, runs aside."""
    kept = ("release", "batch", "order", "value", "low", "high", "e_value", "verdict", "reason", "unseen")
    return [{key: row[key] for key in kept} for row in site.project().ledger.scores.history()]


def decisions_of(site):
    """Return every decision of a project, runs and times aside."""
    ledger = site.project().ledger
    rows = [row for run in ledger.runs.latest() for row in ledger.decisions.of_run(run["run"])]
    left_out = ("run", "at")
    rows = [{k: v for k, v in row.items() if k not in left_out} for row in rows]
    return sorted(rows, key=lambda row: (row["order"], row["id"]))


def begin(site, rows=600):
    """Take in a first file; a model goes live."""
    site.leavers("w-1.csv", rows, seed=1)
    found = site.tick()
    assert site.outcomes(found) == [("plan", "train-first"), ("gate", "promote")]
    return pointer.read(site.root / "production").release


def turn(site):
    """After a change, bring an alarm whose challengers are too little tested to take over."""
    release = begin(site)
    site.leavers("w-2.csv", 300, seed=7, turned=True)
    assert site.outcomes(site.tick()) == [("plan", "retrain"), ("gate", "abstain")]
    return release


def test_a_first_tick_deploys_what_beats_a_constant(site):
    """The first model goes live, with its reference, the level of its alarm, and texts for people."""
    release = begin(site)
    row = site.project().ledger.releases.get(release)
    assert (row["state"], row["through"]) == ("live", 1)
    assert row["reference"]["score"] > row["reference"]["baseline"]
    assert row["level"]["value"] < row["reference"]["score"]
    assert (site.root / "production/ingestedfiles.txt").read_text() == "w-1.csv\n"


def test_labels_without_a_rule_deploy_nothing(site):
    """When no model beats the best constant answer, nothing goes live, and the reason says so."""
    site.leavers("w-1.csv", 600, random=True)
    found = site.tick()
    assert site.outcomes(found) == [("plan", "train-first"), ("gate", "nothing")]
    assert "no skill" in found["decisions"][1]["reason"]
    assert pointer.read(site.root / "production") is None
    assert site.tick()["decisions"] == []


def test_after_no_skill_a_later_file_is_tried_again(site):
    """Nothing live, a new batch: a first model is trained on everything."""
    site.leavers("w-1.csv", 100, seed=5, random=True)
    site.tick()
    site.leavers("w-2.csv", 900, seed=6)
    assert site.outcomes(site.tick())[-1] == ("gate", "promote")


def test_a_steady_batch_changes_nothing(site):
    """A batch like those before is scored, and the live model stays."""
    release = begin(site)
    site.leavers("w-2.csv", 300, seed=2)
    found = site.tick()
    assert site.outcomes(found) == [("plan", "nothing")]
    assert pointer.read(site.root / "production").release == release
    assert [row["order"] for row in scores_of(site)] == [2]
    text = (site.root / "production/latestscore.txt").read_text()
    assert float(text) == pytest.approx(scores_of(site)[0]["value"])


def test_the_same_tick_twice_is_one(site):
    """A tick with nothing new decides nothing and scores nothing."""
    begin(site)
    site.leavers("w-2.csv", 300, seed=2)
    site.tick()
    before = (scores_of(site), decisions_of(site))
    found = site.tick()
    assert (found["files"], found["decisions"]) == ([], [])
    assert found["summary"] == "nothing new"
    assert before == (scores_of(site), decisions_of(site))


def test_an_alarm_opens_one_incident(site):
    """The first degraded score opens an incident; further ones belong to it."""
    release = turn(site)
    site.leavers("w-3.csv", 40, seed=4, turned=True)
    site.tick()
    incidents = site.project().ledger.incidents.find()
    assert [(row["release"], row["order"], row["since"], row["state"]) for row in incidents] == [
        (release, 2, 2, "open")
    ]
    assert [row["verdict"] for row in scores_of(site)] == ["degraded", "degraded"]


def test_challengers_run_again_when_the_rows_since_the_change_have_doubled(site):
    """299 more rows after 300 are not enough, the next one is; the tries share the gate's level."""
    turn(site)
    site.leavers("w-3.csv", 299, seed=4, turned=True)
    found = site.tick()
    assert site.outcomes(found) == [("plan", "nothing")]
    assert "at 600 rows (599 now)" in found["decisions"][0]["reason"]
    site.leavers("w-4.csv", 1, seed=5, turned=True)
    found = site.tick()
    assert site.outcomes(found)[0] == ("plan", "retrain")
    assert found["decisions"][1]["evidence"]["attempt"] == 2


def test_a_promotion_closes_the_incident(site):
    """The challenger that is really better goes live; the incident ends and the evidence is new."""
    release = turn(site)
    site.leavers("w-3.csv", 900, seed=5, turned=True)
    assert site.outcomes(site.tick()) == [("plan", "retrain"), ("gate", "promote")]
    live = pointer.read(site.root / "production")
    assert live.previous == release != live.release
    incident = site.project().ledger.incidents.latest()
    assert (incident["state"], incident["attempts"]) == ("closed", 2)
    assert incident["closed_by"].endswith("-plan-gate")
    site.leavers("w-4.csv", 300, seed=6, turned=True)
    site.tick()
    assert scores_of(site)[-1]["release"] == live.release
    assert scores_of(site)[-1]["e_value"] < 2
    states = {row["id"]: row["state"] for row in site.project().ledger.releases.all()}
    assert (states[live.release], states[release]) == ("live", "retired")


def test_challengers_are_tried_on_the_rows_since_the_change_too(site):
    """After a change one candidate knows all history, another only what came since."""
    turn(site)
    site.leavers("w-3.csv", 900, seed=5, turned=True)
    site.tick()
    reasons = {row["reason"] for row in site.project().ledger.releases.all()}
    assert any("rows since w-2.csv" in reason for reason in reasons)


def test_the_policy_never_leaves_it_to_a_person(new_site):
    """Under 'never' an alarm opens an incident and trains nothing."""
    site = new_site(key=["customer"], policy="never")
    begin(site)
    site.leavers("w-2.csv", 300, seed=3, turned=True)
    assert site.outcomes(site.tick()) == [("plan", "nothing")]
    assert site.project().ledger.incidents.open_for(scores_of(site)[0]["release"])


def test_the_policy_volume_refreshes(new_site):
    """Under 'volume' enough new rows call for a refresh; the live model meets the gate."""
    site = new_site(key=["customer"], policy={"name": "volume", "share": 0.5})
    begin(site)
    site.leavers("w-2.csv", 600, seed=2)
    found = site.tick()
    assert site.outcomes(found)[0] == ("plan", "refresh")
    assert found["decisions"][1]["evidence"]["champion"] == pointer.read(site.root / "production").release


def test_several_files_at_once_are_one_after_another(new_site):
    """Files that arrive together end in the scores and decisions that they would have had one by one."""
    files = [("w-2.csv", 300, 3, True), ("w-3.csv", 100, 4, True), ("w-10.csv", 900, 5, True)]
    together, single = new_site("together", key=["customer"]), new_site("single", key=["customer"])
    for site in (together, single):
        begin(site)
    for name, rows, seed, turned in files:
        for site in (together, single):
            site.leavers(name, rows, seed=seed, turned=turned)
        single.tick()
    together.tick()
    assert scores_of(together) == scores_of(single)
    assert decisions_of(together) == decisions_of(single)
    assert pointer.read(together.root / "production") == pointer.read(single.root / "production")


def test_the_same_files_give_the_same_models(new_site):
    """Two projects with the same data and settings deploy the same bundle."""
    assert begin(new_site("one", key=["customer"])) == begin(new_site("two", key=["customer"]))


def test_forced_challengers_need_no_alarm(site):
    """A person may ask for challengers; once a rival differs it meets the gate of a refresh."""
    begin(site)
    site.leavers("w-2.csv", 600, seed=2)
    site.tick()
    found = site.tick(force=True)
    assert site.outcomes(found)[0] == ("plan", "refresh")
    assert found["decisions"][1]["kind"] == "gate"
    assert "champion" in found["decisions"][1]["evidence"]


def test_forced_challengers_run_beside_a_new_file(site):
    """A new file that calls for nothing does not take the place of what a person asked for."""
    begin(site)
    site.leavers("w-2.csv", 600, seed=2)
    assert ("plan", "refresh") in site.outcomes(site.tick(force=True))


def test_forcing_counts_no_evidence_on_rows_that_were_trained_on(site):
    """Right after training there is no unseen batch: a forced tick scores none and moves no evidence."""
    begin(site)
    site.tick(force=True)
    assert scores_of(site) == []


def test_a_plan_that_was_cut_off_is_taken_up(site, monkeypatch):
    """When training fails half-way, the next tick carries the same plan out."""
    import training

    site.leavers("w-1.csv", 600)

    def fail(*_args, **_more):
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(training, "run", fail)
        with pytest.raises(OSError, match="disk full"):
            site.tick()
    failed = site.project().ledger.runs.get(1)
    assert (failed["status"], failed["summary"]) == ("failed", "OSError: disk full")
    assert not glance.nothing_to_do(site.config)
    found = site.tick()
    assert site.outcomes(found) == [("plan", "train-first"), ("gate", "promote")]
    assert len(decisions_of(site)) == 2
    assert site.project().table.count() == 600


def test_too_little_data_is_said(new_site):
    """The classic layout — five keys, files of a dozen rows, a test folder of five — runs to its end."""
    site = new_site(test_data_path="testdata", policy=None, model=None, positive=None, settle_seconds=None)
    site.configure(settle_seconds=0)
    (site.root / "testdata").mkdir()
    header, *rows = _attrition(44)
    (site.root / "testdata/testdata.csv").write_text("\n".join([header, *rows[:5]]) + "\n")
    site.configure(target="exited", model="logistic")
    site.write("dataset1.csv", "\n".join([header, *rows[5:24]]) + "\n")
    first = site.tick()
    site.write("dataset2.csv", "\n".join([header, *rows[24:35]]) + "\n")
    second = site.tick()
    assert [file["status"] for file in first["files"] + second["files"]] == ["ingested", "ingested"]
    told = " ".join(site.said)
    assert "insufficient data" in told or "too few" in told or "nothing is deployed" in told
    if pointer.read(site.root / "production"):
        assert scores_of(site)[-1]["verdict"] == "insufficient data"


def _attrition(count):
    draw = np.random.default_rng(3)
    rows = ["corporation,lastmonth_activity,lastyear_activity,number_of_employees,exited"]
    for number in range(count):
        activity = int(draw.integers(0, 120))
        rows.append(
            f"c{number:03},{activity},{activity * 11},{int(draw.integers(5, 99))},{int(activity < 50)}"
        )
    return rows


def _prices(count, *, seed, shift=0.0):
    draw = np.random.default_rng(seed)
    size, age = draw.uniform(20, 200, count), draw.uniform(0, 90, count)
    price = 3 * size - age + 30 + shift + draw.normal(0, 8, count)
    lines = [f"{s:.2f},{a:.2f},{p:.2f}" for s, a, p in zip(size, age, price, strict=True)]
    return "\n".join(["size,age,price", *lines]) + "\n"


def test_a_regression_runs_by_its_config_alone(new_site):
    """Another target, numbers: the same loop by mean absolute error, alarm and promotion included."""
    site = new_site(target="price", positive=None)
    site.write("w-1.csv", _prices(800, seed=1))
    assert site.outcomes(site.tick())[-1] == ("gate", "promote")
    site.write("w-2.csv", _prices(300, seed=2))
    assert site.outcomes(site.tick()) == [("plan", "nothing")]
    site.write("w-3.csv", _prices(800, seed=3, shift=200))
    assert site.outcomes(site.tick())[0] == ("plan", "retrain")
    kept = site.project().ledger.scores.history()
    assert [row["metric"] for row in kept] == ["mae", "mae"]
    assert kept[1]["value"] > 10 * kept[0]["value"]


def _colours(count, *, seed, turn=0):
    draw = np.random.default_rng(seed)
    place = draw.uniform(0, 3, count)
    names = np.array(["amber", "blue", "cyan"])[(place.astype(int) + turn) % 3]
    lines = [f"{p:.6f},{p * p:.6f},{name}" for p, name in zip(place, names, strict=True)]
    return "\n".join(["place,square,colour", *lines]) + "\n"


def test_three_classes_run_by_the_config_alone(new_site):
    """More than two classes: the same loop by macro-F1, alarm included."""
    site = new_site(target="colour", positive=None)
    site.write("w-1.csv", _colours(900, seed=1))
    assert site.outcomes(site.tick())[-1] == ("gate", "promote")
    site.write("w-2.csv", _colours(300, seed=2))
    site.write("w-3.csv", _colours(600, seed=3, turn=1))
    site.tick()
    kept = site.project().ledger.scores.history()
    assert [row["metric"] for row in kept] == ["macro_f1", "macro_f1"]
    assert [row["verdict"] for row in kept][1] == "degraded"


@pytest.mark.parametrize(("metric", "make"), [("log_loss", _colours), ("mse", _prices)])
def test_losses_run_the_loop(new_site, metric, make):
    """Log-loss of three classes and squared errors: a first release, a steady batch, and an alarm."""
    target = "colour" if make is _colours else "price"
    site = new_site(target=target, positive=None, metric=metric)
    site.write("w-1.csv", make(900, seed=1))
    assert site.outcomes(site.tick())[-1] == ("gate", "promote")
    site.write("w-2.csv", make(400, seed=2))
    assert site.outcomes(site.tick()) == [("plan", "nothing")]
    worse = {"turn": 1} if make is _colours else {"shift": 200}
    site.write("w-3.csv", make(900, seed=3, **worse))
    assert site.outcomes(site.tick())[0] == ("plan", "retrain")


def test_two_projects_in_one_ledger_do_not_see_each_other(new_site):
    """Two configs that share a database keep their files, batches, scores and incidents apart."""
    one, two = new_site("one", key=["customer"]), new_site("two", key=["customer"])
    shared = f"sqlite:///{one.root / 'shared.db'}"
    one.configure(name="one", ledger=shared)
    two.configure(name="two", ledger=shared)
    first, second = begin(one), begin(two)
    assert first == second
    one.leavers("w-2.csv", 300, seed=3, turned=True)
    one.tick()
    assert len(scores_of(one)) == 1
    assert scores_of(two) == []
    assert two.project().ledger.incidents.latest() is None
    assert [run["run"] for run in two.project().ledger.runs.latest()] == [1]
    assert two.tick()["decisions"] == []


def test_a_second_tick_at_the_same_time_does_nothing(site):
    """While one run holds the lock another one ends, with exit code 0 and words."""
    from vigil.errors import Busy

    site.leavers("w-1.csv", 100)
    project = site.project()
    with project.locked(), pytest.raises(Busy, match="another run is at work") as caught:
        site.tick()
    assert caught.value.exit_code == 0
    assert project.ledger.runs.latest() == []
    with Project(site.config).locked():
        pass


def test_steps_are_timed(site):
    """Every step of a run has its seconds."""
    begin(site)
    steps = site.project().ledger.runs.get(1)["steps"]
    assert {"ingestion", "training", "deployment", "diagnostics"} <= {row["step"] for row in steps}
    assert all(row["seconds"] >= 0 for row in steps)


def test_decisions_can_be_read_as_json(site):
    """All that a tick returns is plain JSON."""
    site.leavers("w-1.csv", 600)
    found = site.tick()
    assert json.loads(json.dumps(found)) == found


def test_times_come_from_the_projects_clock(site):
    """The ledger's times are those of the clock that the project was opened with."""
    begin(site)
    site.clock.forward(days=1)
    site.leavers("w-2.csv", 100, seed=2)
    site.tick()
    assert [run["started"][:10] for run in site.project().ledger.runs.latest()] == [
        "2026-03-02",
        "2026-03-01",
    ]


def test_the_order_of_columns_changes_nothing(new_site):
    """A file whose columns come in another order gives the same score."""
    plain, mixed = new_site("plain", key=["customer"]), new_site("mixed", key=["customer"])
    for site in (plain, mixed):
        begin(site)
    text = plain.leavers("w-2.csv", 300, seed=2).read_text()
    rows = list(csv.reader(io.StringIO(text)))
    mixed.write("w-2.csv", "\n".join(",".join(reversed(row)) for row in rows) + "\n")
    plain.tick()
    mixed.tick()
    assert scores_of(plain)[0]["value"] == scores_of(mixed)[0]["value"]


def test_batches_that_came_with_a_promotion_count_for_the_new_release(site):
    """Files behind the one that brought a promotion, in the same tick, are evidence like any other."""
    site.leavers("w-1.csv", 600)
    site.tick()
    first = pointer.read(site.root / "production").release
    site.leavers("w-2.csv", 900, seed=3, turned=True)
    site.leavers("w-3.csv", 300, seed=5, turned=True)
    site.leavers("w-4.csv", 300, seed=6, turned=True)
    site.tick()
    second = pointer.read(site.root / "production").release
    assert second != first
    rows = site.project().ledger.scores.of_release(second, after=0, through=4)
    assert [row["evidence"]["process"]["batches"] for row in rows] == [1, 2]


def test_a_policy_that_replaces_goes_round_the_gate(site):
    """The plan says so, the window is the one asked for, and the release lives from the next batch on."""
    site.configure(policy={"name": "window", "batches": 1})
    begin(site)
    site.leavers("w-2.csv", 300, seed=3, turned=True)
    found = site.tick()
    assert site.outcomes(found) == [("plan", "replace"), ("gate", "promote")]
    assert found["decisions"][0]["evidence"]["since"] == 2
    live = pointer.read(site.root / "production").release
    facts = site.project().ledger.releases.get(live)["facts"]
    assert (facts["since"], facts["evidence_after"]) == (2, 2)


def test_steps_taken_one_at_a_time_come_to_the_same_as_ticks(new_site):
    """Step by step, each in a run of its own: the same decisions and scores, the same bytes live."""
    whole, parted = (new_site(name, key=["customer"]) for name in ("whole", "parted"))
    files = [("w-1.csv", 600, 1, False), ("w-2.csv", 300, 3, True), ("w-3.csv", 900, 5, True)]
    for name, rows, seed, turned in files:
        for site in (whole, parted):
            site.leavers(name, rows, seed=seed, turned=turned)
        whole.tick()
        for step in fullprocess.STEPS:
            parted.tick(steps=(step,))
    assert decisions_of(parted) == decisions_of(whole)
    assert scores_of(parted) == scores_of(whole)
    assert len({pointer.read(site.root / "production").release for site in (whole, parted)}) == 1


def test_a_plan_waits_for_the_step_that_was_left_out(site):
    """Without training a first plan stays open, however often deployment is asked; then it goes on."""
    site.leavers("w-1.csv", 600, seed=1)
    site.tick(steps=("ingestion",))
    assert decisions_of(site) == []
    for steps in (("scoring",), ("deployment",), ("scoring", "deployment")):
        assert site.outcomes(site.tick(steps=steps)) == [("plan", "train-first")]
    assert site.outcomes(site.tick(steps=("training",))) == [("plan", "train-first")]
    assert site.project().ledger.facts.get(glance.IDLE) == "no"
    assert site.outcomes(site.tick(steps=("deployment",)))[-1] == ("gate", "promote")
    assert site.tick()["decisions"] == []


def test_a_step_that_is_none_is_named(site, capsys):
    """A wrong name ends before anything is done, and says which there are."""
    with pytest.raises(SystemExit):
        fullprocess.main(["--config", str(site.config), "--steps", "ingestion,fit"])
    assert "'fit' is no step; there are labelling, ingestion" in capsys.readouterr().err
    assert fullprocess.of_a_tick(fullprocess.STEPS).parse_args(["--steps", "training, ingestion"]).steps == (
        "ingestion",
        "training",
    )


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("ingest,check,split,train", ("ingestion", "scoring", "training")),
        ("deploy,report", ("deployment", "reporting")),
        ("label, score, diagnostics", ("labelling", "scoring", "diagnostics")),
    ],
)
def test_steps_may_be_called_as_elsewhere(given, taken):
    """The words of other workflows name the same steps, in the tick's order."""
    assert fullprocess.of_a_tick(fullprocess.STEPS).parse_args(["--steps", given]).steps == taken
