"""A live release that learned what it should not have, or not what is so now: advised by name, and true."""

import json
import shutil

import numpy as np
import pytest

import alerting
import diagnostics
import fullprocess
from tests.conftest import leavers
from tests.test_faults import asked, in_thousands
from vigil.bundles import pointer
from vigil.errors import VigilError
from vigil.releases import switch


def advice(site):
    """Return the advice as it stands now, as (severity, what, do)."""
    found = diagnostics.run(site.project())["advice"]
    return [
        (item["severity"], item["what"], item["do"].replace(f" --config {site.config}", "")) for item in found
    ]


def about_learning(site):
    """Return what is advised about broken batches that the live release was trained on."""
    return [do for _, what, do in advice(site) if what.startswith("The live release was trained on")]


def settle(site, **how):
    """Type ``python diagnostics.py`` with an option, some time after whatever was before."""
    site.clock.forward(minutes=5)
    diagnostics.command(site.project(), asked(**how))
    site.clock.forward(minutes=5)


def live(site):
    """Return the live release."""
    return pointer.read(site.root / "production").release


def suspect(site, order, **more):
    """Write down a suspicion about a batch, as an inspection that is not sure does; return its id."""
    project = site.project()
    batch = project.ledger.batches.all(after=order - 1, through=order)[0]
    about = {
        "batch": batch.id, "order": order, "since": order, "fault": "constant_labels", "columns": ["left"],
        "confidence": 0.7, "holds": False, "rows": 90, "what": "left is “no” for 90 rows in a row.",
        "act": "Quarantine this batch, and wait for the true labels.", "evidence": {}, "repair": None,
    }  # fmt: skip
    project.ledger.faults.add(f"{order}-suspicion", {**about, **more}, run=1)
    return f"{order}-suspicion"


@pytest.fixture
def late(site):
    """A site with two releases; the live one learned the second batch, of which there is a suspicion."""
    site.leavers("w-1.csv", 600)
    site.tick()
    site.clock.forward(minutes=5)
    site.leavers("w-2.csv", 900, seed=3, turned=True)
    site.tick()
    site.first, site.fault = pointer.read(site.root / "production").previous, suspect(site, 2)
    return site


def test_a_suspicion_that_is_confirmed_asks_to_roll_back(late):
    """Nothing is said of a suspicion; confirmed, the release before, which never saw the batch, is named."""
    assert about_learning(late) == []
    settle(late, confirm=late.fault)
    assert late.project().ledger.faults.held() == {2}
    (do,) = about_learning(late)
    assert do.startswith(f"Roll back to release {late.first}, the last that learned none of it")
    assert f"python deployment.py --rollback {late.first};" in do
    assert do.endswith("retrain without it: python fullprocess.py --force-retrain")
    assert advice(late)[0][0] == "act"
    with pytest.raises(VigilError, match="sure enough"):
        settle(late, confirm=late.fault)


def test_what_is_advised_works(late):
    """Rolled back as typed, the advice is gone; dismissed instead, it is gone as well."""
    settle(late, confirm=late.fault)
    project = late.project()
    switch.restore(project.ledger, project.production, run=9, release=late.first, models=project.models)
    assert live(late) == late.first
    assert about_learning(late) == []


def test_a_dismissal_takes_a_confirmation_back(late):
    """Whoever was wrong dismisses the fault: the batch trains again, and there is nothing to unlearn."""
    settle(late, confirm=late.fault)
    settle(late, dismiss=late.fault)
    assert late.project().ledger.faults.held() == frozenset()
    assert about_learning(late) == []


@pytest.mark.parametrize("how", ["held", "damaged", "taught"])
def test_where_no_release_is_free_of_it_that_is_said(late, how):
    """Held by a person, not whole on the disk, or trained on the batch too: it is no way back."""
    if how == "held":
        late.project().ledger.releases.update(late.first, state="held")
    elif how == "damaged":
        shutil.rmtree(late.project().models / late.first)
    else:
        late.fault = suspect(late, 1)
        settle(late, confirm=late.fault)
    settle(late, confirm="2-suspicion" if how != "taught" else suspect(late, 2))
    (do,) = about_learning(late)
    assert do.startswith(
        "No earlier release is free of it: there is none to roll back to. Retrain without it:"
    )
    assert "--rollback" not in do


def test_a_new_release_without_the_batch_ends_it(late):
    """Retrained as advised, judged by the rows that are sound, the live release has learned none of it."""
    late.project().ledger.releases.update(late.first, state="held")
    settle(late, confirm=late.fault)
    before = live(late)
    (do,) = about_learning(late)
    assert do.endswith("Retrain without it: python fullprocess.py --force-retrain --since w-1.csv")
    switch.lift(late.project().ledger, late.first)
    late.tick(force=True, since=1)
    assert live(late) != before
    assert about_learning(late) == []


def test_rows_repaired_after_a_release_learned_them(late):
    """It learned them as they came, and the advice says so; what is trained afterwards is free of it."""
    repair = {"column": "left", "classes": ["no", "yes"]}
    fault = suspect(late, 2, fault="flipped_labels", repair=repair) and late.fault
    late.project().ledger.faults.change({"fault": "flipped_labels", "repair": repair})
    settle(late, fix=fault, apply=True)
    late.tick()
    ((_, what, do),) = [one for one in advice(late) if one[1].startswith("The live release was trained")]
    assert "w-2.csv before it was repaired" in what
    assert "retrain on the repaired rows" in do
    late.tick(force=True)
    assert about_learning(late) == []


def test_an_alert_says_the_same(late):
    """Whoever is told by message is told which release to roll back to, until it is done."""
    late.configure(alerts={"channels": {"log": {"kind": "file", "path": "told.jsonl"}}})
    settle(late, confirm=late.fault)
    alerting.run(late.project())
    told = [json.loads(line) for line in (late.root / "told.jsonl").read_text().splitlines()]
    (row,) = [row for row in told if row["title"] == "The live model has learned broken data."]
    assert f"python deployment.py --config {late.config} --rollback {late.first};" in row["do"]
    project = late.project()
    switch.restore(project.ledger, project.production, run=9, release=late.first)
    alerting.run(late.project())
    assert "learned" not in [row["subject"] for row in late.project().ledger.alerts.standing()]


def test_only_a_retired_release_can_be_put_back(late):
    """One that is live, was rolled back, or is not known is refused with its state, and nothing changes."""
    project, current = late.project(), live(late)
    for name, state in ((current, "live"), ("0123456789ab", "not known")):
        with pytest.raises(VigilError, match=state):
            switch.restore(project.ledger, project.production, run=9, release=name)
    shutil.rmtree(project.models / late.first)
    with pytest.raises(VigilError):
        switch.restore(project.ledger, project.production, run=9, release=late.first, models=project.models)
    assert live(late) == current


@pytest.fixture
def other_unit(site):
    """A site whose third and fourth file have activity in thousandths, named and held."""
    site.configure(policy="never")
    for number, seed in ((1, 1), (2, 2)):
        site.leavers(f"w-{number}.csv", 500, seed=seed)
        site.tick()
    site.write("w 3.csv", in_thousands(leavers(300, seed=3)))
    site.tick()
    (site.fault,) = site.project().ledger.faults.standing()
    return site


def left_behind(site):
    """Return what is advised about data that is so now."""
    return [do for _, what, do in advice(site) if "on the data is so, by a person's word" in what]


def test_data_that_is_so_now_asks_to_retrain_from_there(other_unit):
    """Dismissed, the batch is the one to retrain from; the command does it, and the advice ends."""
    site = other_unit
    assert left_behind(site) == []
    settle(site, dismiss=site.fault["id"])
    (do,) = left_behind(site)
    assert do == "Retrain from batch w 3.csv: python fullprocess.py --force-retrain --since 'w 3.csv'"
    arguments = ["--config", str(site.config), "--force-retrain", "--since", "w 3.csv"]
    assert fullprocess.main(arguments) == 0
    ledger = site.project().ledger
    assert any("rows since w 3.csv" in row["reason"] for row in ledger.releases.all())
    site.clock.forward(minutes=5)
    plan = ledger.decisions.plans(after=2, through=3)[-1]
    assert (plan["outcome"], plan["evidence"]["since"]) == ("refresh", 3)
    assert left_behind(site) == []


def test_too_few_rows_are_counted(site):
    """Where a window of its own would be too small, the advice says how many labelled rows it waits for."""
    site.configure(policy="never")
    site.leavers("w-1.csv", 600)
    site.tick()
    site.leavers("w-2.csv", 100, seed=2)
    site.tick()
    settle(site, dismiss=suspect(site, 2, fault="unit_change"))
    (do,) = left_behind(site)
    assert do.startswith("When 150 more labelled rows have come, retrain from batch w-2.csv:")


def test_what_changes_no_meaning_asks_for_nothing(site):
    """A file that is whole after all says nothing about the rows to come."""
    site.configure(policy="never")
    site.leavers("w-1.csv", 600)
    site.tick()
    site.leavers("w-2.csv", 300, seed=2)
    site.tick()
    settle(site, dismiss=suspect(site, 2, fault="partial_file", columns=[]))
    assert left_behind(site) == []


def test_an_incident_names_the_batch_and_the_command(site):
    """Where nothing was tried, the advice is to retrain from where the change began; after that, why not."""
    site.configure(policy="never")
    site.leavers("w-1.csv", 600)
    site.tick()
    site.leavers("w-2.csv", 400, seed=3, turned=True)
    site.tick()
    severity, _, do = advice(site)[0]
    assert severity == "act"
    assert do.startswith("Retrain from batch w-2.csv: python fullprocess.py --force-retrain --since w-2.csv;")
    incident = site.project().ledger.incidents.latest()
    site.project().ledger.incidents.attempted(incident["id"], attempts=1, rows=400)
    assert (
        "Rows from batch w-2.csv on bring new challengers; python fullprocess.py --explain 2"
        in advice(site)[0][2]
    )


def test_since_names_a_batch(site, capsys):
    """A name, an id or an order; anything else, and --since alone, is refused with words."""
    site.leavers("w-1.csv", 600)
    site.tick()
    config = ["--config", str(site.config)]
    assert fullprocess.main([*config, "--force-retrain", "--since", "w-9.csv"]) == 1
    assert "The newest are: w-1.csv." in capsys.readouterr().err
    assert fullprocess.main([*config, "--since", "w-1.csv"]) == 1
    assert "goes with --force-retrain" in capsys.readouterr().err
    assert fullprocess.main([*config, "--force-retrain", "--since", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["decisions"][0]["evidence"]["since"] == 1
    assert np.isfinite(told["run"])
