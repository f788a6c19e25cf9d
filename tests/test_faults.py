"""A broken feed from end to end: named, held, not trained on, repaired, and all of it once."""

import json

import numpy as np
import pytest

import diagnostics
import ingestion
from tests.conftest import leavers
from vigil import inspecting, repairing
from vigil.command import parser
from vigil.errors import VigilError


def asked(**chosen):
    """Return the options of ``python diagnostics.py``."""
    options = parser("").parse_args([])
    for name, value in {
        "fix": None,
        "undo": None,
        "dismiss": None,
        "apply": False,
        "json": False,
        **chosen,
    }.items():
        setattr(options, name, value)
    return options


def in_thousands(text: str) -> str:
    """Write activity, on which the model stands, as a thousandth."""
    head, *lines = text.splitlines()
    cells = [line.split(",") for line in lines]
    made = [[a, f"{float(b) / 1000:.7f}", *rest] for a, b, *rest in cells]
    return "\n".join([head, *(",".join(row) for row in made)]) + "\n"


@pytest.fixture
def broken(site):
    """A site whose third file has activity in another unit, after a tick."""
    site.leavers("w-1.csv", 700, seed=1)
    site.tick()
    site.leavers("w-2.csv", 400, seed=2)
    site.tick()
    site.write("w-3.csv", in_thousands(leavers(400, seed=3)))
    site.found = site.tick()
    return site


def standing(site):
    """Return the faults that hold a batch."""
    return site.project().ledger.faults.standing()


def test_a_broken_feed_is_named_and_not_trained_on(broken):
    """The alarm is raised, the plan says why nothing is trained, and the advice says what to type."""
    (fault,) = standing(broken)
    assert fault["fault"] == "unit_change"
    assert fault["columns"] == ["activity"]
    assert fault["rows"] == 400
    (plan,) = broken.found["decisions"]
    assert plan["outcome"] == "nothing"
    assert "The feed is broken" in plan["reason"]
    advice = json.loads(broken.project().ledger.facts.get("advice"))
    assert any(f"--fix {fault['id']}" in item["do"] for item in advice)


def test_a_held_batch_is_left_out_of_training(broken):
    """A forced training leaves the broken batch out, and its provenance says so."""
    found = broken.tick(force=True)
    assert found["decisions"][0]["outcome"] == "refresh"
    ledger = broken.project().ledger
    trained = [row for row in ledger.releases.all() if row["through"] == 3]
    assert all(row["facts"]["trained_rows"] < 1000 for row in trained)
    from vigil import bundles

    for row in trained:
        files = bundles.load_manifest(broken.project().models, row["id"])["snapshot"]["files"]
        assert [file["name"] for file in files] == ["w-1.csv", "w-2.csv"]


def test_a_rehearsal_changes_nothing(broken):
    """Without --apply the rows are shown before and after, and stay."""
    (fault,) = standing(broken)
    before = broken.project().table.batch(3)
    diagnostics.command(broken.project(), asked(fix=fault["id"]))
    assert "400 of 400 rows would change in activity" in " ".join(broken.said)
    assert broken.project().table.batch(3).equals(before)
    assert standing(broken)


def test_a_repair_is_scored_again_and_can_be_undone(broken):
    """Repaired, the batch counts as if it had come sound, also in the evidence; undone, it is as it came."""
    (fault,) = standing(broken)
    came = broken.project().table.batch(3)
    bad = broken.project().ledger.scores.latest()
    diagnostics.command(broken.project(), asked(fix=fault["id"], apply=True))
    broken.tick()
    ledger = broken.project().ledger
    good = ledger.scores.latest()
    assert good["order"] == 3
    assert good["value"] > bad["value"] + 0.1
    assert good["e_value"] < 10 < bad["e_value"]
    assert not ledger.faults.standing()
    assert np.abs(broken.project().table.batch(3).column("activity").to_numpy()).max() > 1
    diagnostics.command(broken.project(), asked(undo=fault["id"]))
    broken.tick()
    assert broken.project().table.batch(3).equals(came)
    assert broken.project().ledger.scores.latest()["value"] == bad["value"]
    assert broken.project().ledger.scores.latest()["e_value"] == bad["e_value"]
    assert standing(broken)


def test_unique_values_are_those_of_the_repaired_rows(broken):
    """A value that stands in the table since a repair breaks the rule; the one that came no longer does."""
    path = broken.root / "ingested/contract.json"
    contract = json.loads(path.read_text())
    next(one for one in contract["columns"] if one["name"] == "activity")["unique"] = True
    path.write_text(json.dumps(contract))

    def arrive(name, value, customer):
        broken.write(name, f"customer,activity,staff,region,left\n{customer},{value!r},1,north,no\n")
        (arrival,) = ingestion.run(broken.project(), run=99)
        return arrival.accepted

    came = broken.project().table.batch(3).column("activity").to_pylist()
    assert not arrive("w-4.csv", came[0], "new-1")
    (fault,) = standing(broken)
    diagnostics.command(broken.project(), asked(fix=fault["id"], apply=True))
    repaired = broken.project().table.batch(3).column("activity").to_pylist()
    assert not arrive("w-5.csv", repaired[0], "new-2")
    assert arrive("w-6.csv", came[0], "new-3")
    diagnostics.command(broken.project(), asked(undo=fault["id"]))
    assert arrive("w-7.csv", repaired[1], "new-4")


def test_a_repair_that_was_cut_off_is_finished_by_the_next_tick(broken):
    """Decided and not carried out, or carried out twice: the end is the same."""
    (fault,) = standing(broken)
    project = broken.project()
    decision = repairing.decide(project, fault["id"], "fix", run=99)
    repairing.carry_out(project, decision)
    repairing.carry_out(project, decision)
    version = project.table.version()
    broken.tick()
    assert broken.project().table.version() == version
    assert not standing(broken)
    assert not repairing.unfinished(broken.project())
    assert broken.project().ledger.scores.latest()["verdict"] != "degraded"


def test_dismissed_data_trains_and_is_not_named_again(broken):
    """A person says that this is how the data is: the batch trains, and the next like it is no fault."""
    (fault,) = standing(broken)
    diagnostics.command(broken.project(), asked(dismiss=fault["id"]))
    assert not standing(broken)
    broken.write("w-4.csv", in_thousands(leavers(400, seed=4)))
    broken.tick()
    assert not standing(broken)


def test_a_dismissed_batch_is_decided_about_again_by_the_next_tick(broken):
    """No other file need come: once no fault holds the batch, its plan is made anew, and only once."""
    (fault,) = standing(broken)
    diagnostics.command(broken.project(), asked(dismiss=fault["id"]))
    assert "decides about the batch again" in " ".join(broken.said)
    broken.tick()
    plans = [one for one in broken.project().ledger.decisions.of_batch(fault["batch"]) if one.kind == "plan"]
    assert [one.outcome for one in plans] == ["nothing", "retrain"]
    assert "The feed is broken" not in plans[1].reason
    assert not repairing.unfinished(broken.project())
    broken.tick()
    assert len(broken.project().ledger.decisions.of_batch(fault["batch"])) == len(plans) + 2


def test_a_settled_fault_is_not_said_to_wait(broken):
    """Looked at again, a repaired batch names the repair and the way back, and asks for nothing."""
    (fault,) = standing(broken)
    diagnostics.command(broken.project(), asked(fix=fault["id"], apply=True))
    broken.said.clear()
    row = broken.project().ledger.faults.get(fault["id"])
    inspecting.tell(broken.project(), [row])
    said = " ".join(broken.said)
    assert f"It is fixed. To take this back: python diagnostics.py --undo {fault['id']}" in said
    assert fault["act"] not in said


def test_a_fault_goes_back_to_its_first_batch(broken):
    """A second batch with the same fault says since when."""
    broken.write("w-4.csv", in_thousands(leavers(400, seed=4)))
    broken.tick()
    assert [(row["order"], row["since"]) for row in standing(broken)] == [(3, 3), (4, 3)]


def test_faults_that_cannot_be_settled_say_why(broken):
    """An unknown id and an early undo are answered in words; a repair asked for twice is done once."""
    (fault,) = standing(broken)
    with pytest.raises(VigilError, match="there is no fault 9-x"):
        diagnostics.command(broken.project(), asked(fix="9-x"))
    with pytest.raises(VigilError, match="nothing to take back"):
        diagnostics.command(broken.project(), asked(undo=fault["id"]))
    diagnostics.command(broken.project(), asked(fix=fault["id"], apply=True))
    diagnostics.command(broken.project(), asked(fix=fault["id"], apply=True))
    decided = broken.project().ledger.decisions.of_batch(fault["batch"])
    assert [one.kind for one in decided].count("fix") == 1
    broken.tick()
    with pytest.raises(VigilError, match="fixed already"):
        diagnostics.command(broken.project(), asked(fix=fault["id"], apply=True))


def test_a_sound_feed_has_no_fault(site):
    """Batches of the same customers are not suspected."""
    for week in range(1, 6):
        site.leavers(f"w-{week}.csv", 400, seed=week)
        site.tick()
    assert site.project().ledger.faults.through(99) == []
