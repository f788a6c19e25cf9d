import argparse
import json

import numpy as np
import pytest

import training
from tests.conftest import leavers
from vigil.bundles import keys, load_manifest
from vigil.table import hashing
from vigil.trials.snapshot import TRAIN, snapshot


def rows_of(project, **changes):
    """Return the snapshot that training sees."""
    how = {"through": 99, "holdout": project.config.holdout, "test_data": project.test_data, **changes}
    return snapshot(project.table, project.contract(), **how)


def test_the_same_rows_give_the_same_bundle(site):
    """Trained twice, a candidate has one id and one row in the ledger; nothing goes live."""
    project = site.taken_in(("w-1.csv", 300, 1))
    batch = project.ledger.batches.all()[-1]
    first, second = training.run(project, batch), training.run(project, batch)
    assert first == second
    assert [row["id"] for row in project.ledger.releases.all()] == first
    assert project.ledger.releases.get(first[0])["state"] == "candidate"
    assert not (site.root / "production").exists()


def test_held_out_customers_are_not_trained_on(site):
    """The keys in a bundle are those of the training side, all of them and no other."""
    project = site.taken_in(("w-1.csv", 300, 1), ("w-2.csv", 200, 2))
    (release,) = training.run(project, project.ledger.batches.all()[-1])
    rows = rows_of(project)
    trained = keys.load(project.models / release)
    among = keys.among(rows.hashes, trained)
    assert among.tolist() == (rows.sides == TRAIN).tolist()
    assert 0.1 < 1 - among.mean() < 0.3
    assert project.ledger.releases.get(release)["facts"]["trained_rows"] == int((rows.sides == TRAIN).sum())


def test_test_rows_are_never_trained_on(site):
    """Customers of the test file are held out, also where they stand in a batch."""
    site.configure(test_data_path="tests")
    (site.root / "tests").mkdir()
    text = site.leavers("w-1.csv", 300).read_text()
    (site.root / "tests/t.csv").write_text("\n".join(text.splitlines()[:101]) + "\n")
    project = site.taken_in(("w-2.csv", 200, 2))
    (release,) = training.run(project, project.ledger.batches.all()[-1])
    rows = rows_of(project)
    tested = hashing.row_hashes(rows.take(rows.orders == 0), ["customer"])
    assert len(tested) == 100
    assert not keys.among(tested, keys.load(project.models / release)).any()


def test_a_window_of_its_own_after_a_change(site):
    """Since the change there are rows enough: a second candidate is trained on them alone."""
    project = site.taken_in(("w-1.csv", 300, 1), ("w-2.csv", 300, 2))
    made = training.run(project, project.ledger.batches.all()[-1], since=2)
    reasons = [project.ledger.releases.get(release)["reason"] for release in made]
    assert reasons == ["logistic on all history", "logistic on rows since w-2.csv"]
    facts = [project.ledger.releases.get(release)["facts"] for release in made]
    assert facts[0]["trained_rows"] > facts[1]["trained_rows"]


def test_a_short_window_is_not_tried(site):
    """Too few rows since the change: only all history is tried."""
    project = site.taken_in(("w-1.csv", 300, 1), ("w-2.csv", 100, 2))
    assert len(training.run(project, project.ledger.batches.all()[-1], since=2)) == 1


def test_a_candidate_knows_no_later_batch(site):
    """Trained through batch 1, nothing of batch 2 is in it; the manifest names its files."""
    project = site.taken_in(("w-1.csv", 300, 1), ("w-2.csv", 200, 2))
    first = project.ledger.batches.all()[0]
    (release,) = training.run(project, first)
    manifest = load_manifest(project.models, release)
    assert manifest["snapshot"]["files"] == [{"name": "w-1.csv", "sha256": first.digest}]
    assert len(keys.load(project.models / release)) <= 300


def test_an_unknown_model_type_is_said(site):
    """A misspelt model type comes with the one that was meant."""
    from vigil.errors import VigilError

    project = site.taken_in(("w-1.csv", 300, 1))
    site.configure(model="logstic")
    with pytest.raises(VigilError, match="'logistic'"):
        training.run(site.project(), project.ledger.batches.all()[-1])


def test_what_cannot_be_trained_is_left_out_and_said(site):
    """Only one class left to train on: no candidate, words on the console, no traceback."""
    project = site.taken_in(("w-1.csv", 12, 1))
    path = site.root / "ingested/contract.json"
    assert json.loads(path.read_text())["task"] == "binary"
    made = training.run(project, project.ledger.batches.all()[-1])
    assert made == [] or all(project.ledger.releases.get(release) for release in made)


def test_the_command_deploys_nothing(site):
    """Run by itself the step says its candidates, or that there is nothing to train on."""
    plain = asked()
    project = site.project()
    training.command(project, plain)
    site.taken_in(("w-1.csv", 300, 1))
    training.command(project, plain)
    assert "nothing to train on" in site.said[0]
    assert site.said[-1].startswith("candidate ")
    assert not (site.root / "production").exists()


def test_a_window_alone_is_all_that_is_trained_on(site):
    """Asked for the latest batches alone, one candidate is made, of their rows."""
    site.leavers("w-1.csv", 300)
    site.leavers("w-2.csv", 300, seed=2)
    site.tick()
    project = site.project()
    (made,) = training.run(project, project.ledger.batches.all()[-1], since=2, alone=True)
    row = project.ledger.releases.get(made)
    assert row["facts"]["since"] == 2
    assert row["reason"] == "logistic on rows since w-2.csv"


def test_a_feature_that_gives_the_target_away_is_left_out_unless_allowed(new_site):
    """It is named by the training and by the decision; the release answers without it."""
    texts = leavers(600, seed=1).splitlines()
    rows = [f"{row},{0.9 if row.endswith('yes') else 0.1}" for row in texts[1:]]
    sites = {}
    for name, allowed in (("guarded", []), ("allowed", ["score"])):
        site = sites[name] = new_site(name, key=["customer"], allow_leaks=allowed)
        site.write("w-1.csv", "\n".join([f"{texts[0]},score", *rows]) + "\n")
        (_, gate) = site.tick()["decisions"]
        leak = "Left out as a leak: score tells the target by itself (AUC 1.0000)."
        assert (leak in gate["reason"], any(leak in line for line in site.said)) == ((not allowed,) * 2)
        release = site.project().ledger.releases.all()[0]
        assert release["facts"]["features"] == (3 if not allowed else 4)


def asked(**options):
    """Return the command's options as a person gives them."""
    given = {
        "runs": False,
        "compare": False,
        "export": None,
        "search": False,
        "trials": None,
        "seconds": None,
        "shap": None,
    }
    return argparse.Namespace(**{**given, **options})


def test_a_search_gives_candidates_and_its_evidence(site):
    """The command tries as many settings as asked; the usual candidate stands beside the best one."""
    project = site.taken_in(("w-1.csv", 300, 2))
    training.command(project, asked(search=True, trials=6))
    found = {bool(row["facts"].get("settings")): row for row in project.ledger.releases.all()}
    assert set(found) == {True, False}
    facts, usual = found[True]["facts"], found[False]["facts"]
    tried = facts["search"]["tried"]
    assert (facts["fits"], usual.get("fits", 1), len(tried)) == (7, 1, 6)
    assert tried[0] == {"settings": {}, "value": usual["out_of_fold"]}
    assert facts["search"]["value"] == facts["out_of_fold"] == max(one["value"] for one in tried)
    assert facts["out_of_fold"] > usual["out_of_fold"]
    assert found[True]["reason"] == "logistic on all history, the best of 6 trials"
    assert load_manifest(project.models, found[True]["id"])["settings"] == facts["settings"]
    assert "settings" not in load_manifest(project.models, found[False]["id"])
    assert not (site.root / "production").exists()
    (told,) = [line for line in site.said if line.startswith("  search ")]
    assert "logistic on all history: 6 settings tried; best out-of-fold F1" in told
    assert f"{facts['out_of_fold']:.3f} with " in told
    assert f"; the incumbent's have {usual['out_of_fold']:.3f}." in told


def test_a_search_sees_training_rows_alone(site, monkeypatch):
    """No row of the holdout is among those that settings are tried on."""
    from vigil.models import searching

    seen = []
    search = searching.search
    monkeypatch.setattr(
        searching, "search", lambda lesson, *a, **k: seen.append(lesson) or search(lesson, *a, **k)
    )
    project = site.taken_in(("w-1.csv", 300, 1))
    training.command(project, asked(search=True, trials=2))
    assert [len(lesson.y) for lesson in seen] == [int((rows_of(project).sides == TRAIN).sum())]


def test_the_configs_settings_are_trained_with(site):
    """What the config sets is in the manifest; a search tries it first and keeps it beside the best."""
    project = site.taken_in(("w-1.csv", 300, 2))
    site.configure(model_settings={"logistic": {"penalty": 40, "knots": 8}, "forest": {"leaves": 16}})
    project = site.project()
    (release,) = training.run(project, project.ledger.batches.all()[-1])
    assert load_manifest(project.models, release)["settings"] == {"penalty": 40}
    training.command(project, asked(search=True, trials=3))
    rows = {row["id"]: row["facts"] for row in project.ledger.releases.all()}
    assert set(rows) > {release}
    tried = next(facts["search"]["tried"] for facts in rows.values() if "search" in facts)
    assert [one["settings"] for one in tried[:2]] == [{"penalty": 40}, {}]


def test_ticks_search_only_where_the_config_says_so(new_site):
    """By default no tick searches; asked to, the first one does, and what is live says so."""
    for asks in (False, True):
        site = new_site(f"asks-{asks}", key=["customer"], search={"trials": 3, "in_ticks": asks})
        site.leavers("w-1.csv", 400)
        site.tick()
        rows = site.project().ledger.releases.all()
        assert any("search" in row["facts"] for row in rows) == asks


def test_old_rows_weigh_less_in_one_challenger(site):
    """After a change, with batches enough, all history is tried a third time, recent rows weighted."""
    site.configure(half_life=2)
    project = site.taken_in(*((f"w-{n}.csv", 250, n) for n in range(1, 5)))
    made = training.run(project, project.ledger.batches.all()[-1], since=3)
    reasons = [project.ledger.releases.get(release)["reason"] for release in made]
    assert reasons[2] == "logistic on all history, half as much every 2 batches back"
    assert len(set(made)) == 3
    assert load_manifest(project.models, made[2])["snapshot"]["half_life"] == 2
    site.configure(half_life=0)
    again = site.project()
    assert training.run(again, again.ledger.batches.all()[-1], since=3) == made[:2]


def test_weights_halve_from_batch_to_batch():
    """Their mean is 1, a number that is left out makes no batch, and without a half-life all count alike."""
    from vigil import candidates

    found = candidates.weights(np.array([3, 3, 7, 8]), 1.0)
    assert found.tolist() == pytest.approx([0.5, 0.5, 1.0, 2.0])
    assert candidates.weights(np.array([3, 7]), None) is None
