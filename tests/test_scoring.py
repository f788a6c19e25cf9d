import argparse
import json

import pytest

import scoring
from vigil.bundles import pointer
from vigil.errors import LedgerError
from vigil.releases import switch
from vigil.stats import alarm

#: The command without options.
PLAIN = argparse.Namespace(slices=False, json=False)


def live(site, rows=600):
    """Deploy a first model; return its id."""
    site.leavers("w-1.csv", rows)
    site.tick()
    return pointer.read(site.root / "production").release


def batch(site, order):
    """Return a batch by its order."""
    return site.project().ledger.batches.all(after=order - 1)[0]


def evidence(site):
    """Return the order and the process of every score that counted."""
    project = site.project()
    release = pointer.read(project.production).release
    rows = project.ledger.scores.of_release(release, after=0, through=1000)
    return [(row["order"], row["evidence"]) for row in rows if row["evidence"] is not None]


def test_a_release_meets_a_batch_once(site):
    """Asked twice, the standing score is returned and the evidence does not move."""
    live(site)
    site.leavers("w-2.csv", 300, seed=2)
    site.tick()
    before = evidence(site)
    release = pointer.read(site.root / "production").release
    again = scoring.run(site.project(), batch(site, 2), release, run=9)
    assert again == site.project().ledger.scores.get(again.release, again.batch)
    assert evidence(site) == before
    assert [order for order, _ in before] == [2]


def test_a_live_release_that_the_ledger_does_not_know_is_named(site):
    """As after the ledger alone was restored: the tick says what to do, and goes on once that is done."""
    release = live(site)
    site.leavers("w-2.csv", 300, seed=2)
    pointer.write(site.root / "production", "abc", release)
    with pytest.raises(LedgerError, match=r"abc is live, and the ledger knows nothing .* --rollback"):
        site.tick()
    project = site.project()
    switch.restore(project.ledger, project.production, run=7)
    assert site.outcomes(site.tick()) == [("plan", "nothing")]


def test_rows_that_were_trained_on_are_not_scored(site):
    """Right after training there is nothing to score, and the command says no more than that."""
    project = site.project()
    scoring.command(project, PLAIN)
    assert "Nothing is deployed yet" in site.said[0]
    live(site)
    scoring.command(project, PLAIN)
    assert project.ledger.scores.history() == []


def test_without_categories_there_are_no_levels(new_site):
    """Asked for levels where every feature is a number, the command says so."""
    site = new_site(ignore=["region"], key=["customer"])
    live(site)
    scoring.command(site.project(), argparse.Namespace(slices=True, json=False))
    assert site.said[-1] == "No feature is a category: there are no levels to score."


def test_a_stale_text_is_written_again(site):
    """A run that was cut off before it wrote latestscore.txt is made good when the score is asked for."""
    live(site)
    site.leavers("w-2.csv", 300, seed=2)
    site.tick()
    text = site.root / "production/latestscore.txt"
    right = text.read_text()
    text.unlink()
    scoring.run(site.project(), batch(site, 2), pointer.read(text.parent).release, run=9)
    assert text.read_text() == right


def test_the_interval_holds_the_value(site):
    """A score stands between its bounds, with the rows that it was taken on."""
    live(site)
    site.leavers("w-2.csv", 300, seed=2)
    site.tick()
    row = site.project().ledger.scores.latest()
    assert row["low"] < row["value"] < row["high"]
    assert (row["rows"], row["labelled"], row["confidence"]) == (300, 300, 0.95)
    assert row["alarm_at"] == alarm.budget(0.05).alarm_at == pytest.approx(200)


@pytest.mark.parametrize(("missing", "counts"), [(15, True), (16, False), (300, False)])
def test_nearly_all_labels_must_be_in(site, missing, counts):
    """With 95 % of the labels a batch is evidence; below it the score is shown and decides nothing."""
    live(site)
    site.leavers("w-2.csv", 300, seed=2, turned=True, unlabelled=missing)
    site.tick()
    row = site.project().ledger.scores.latest()
    assert (row["evidence"] is not None) == counts
    assert (row["verdict"] == "degraded") == counts
    if not counts:
        assert row["verdict"] == "insufficient data"
        assert "95% are needed" in row["reason"]
        assert site.project().ledger.incidents.latest() is None


def test_evidence_goes_on_over_an_incomplete_batch(site):
    """A batch without labels leaves the evidence as it was; the next one goes on from there."""
    live(site)
    site.leavers("w-2.csv", 300, seed=2)
    site.leavers("w-3.csv", 100, seed=3, unlabelled=100)
    site.leavers("w-4.csv", 300, seed=4)
    site.tick()
    assert [order for order, _ in evidence(site)] == [2, 4]
    rows = {row["order"]: row for row in site.project().ledger.scores.history()}
    assert rows[3]["e_value"] == rows[2]["e_value"]


def test_verdicts_follow_the_evidence(site):
    """Steady while nothing speaks against the model and enough would be seen; degraded at the alarm."""
    site.configure(max_drop=0.3)
    live(site, rows=2000)
    site.leavers("w-2.csv", 1000, seed=2)
    site.tick()
    assert site.project().ledger.scores.latest()["verdict"] == "steady"
    site.leavers("w-3.csv", 1000, seed=3, turned=True)
    site.tick()
    latest = site.project().ledger.scores.latest()
    assert latest["verdict"] == "degraded"
    assert latest["e_value"] >= latest["alarm_at"]
    parts = latest["details"]["evidence"]
    assert latest["e_value"] == max(parts["at_holdout_mix"], parts["past"])
    assert parts["plain"] > 1
    assert parts["change"]["batch"] == "w-3.csv"
    assert parts["change"]["batch"] in parts["change"]["likely"]
    assert parts["change"]["before"] > parts["change"]["after"]
    assert parts["recent"] is None


def test_too_little_data_is_a_verdict(site):
    """When a drop of max_drop would not have been found, the verdict says so and not 'steady'."""
    site.configure(max_drop=0.05)
    live(site)
    site.leavers("w-2.csv", 50, seed=2)
    site.tick()
    latest = site.project().ledger.scores.latest()
    assert latest["verdict"] == "insufficient data"
    assert latest["detectable"] is None or latest["detectable"] > 0.05


def test_customers_that_were_trained_on_are_told_apart(site):
    """Beside the score of all rows stands the one on rows of keys that the release never saw."""
    live(site)
    text = site.leavers("w-2.csv", 200, seed=2).read_text()
    known = text.replace("c2-", "c1-", 60)
    site.write("w-2.csv", known)
    site.tick()
    row = site.project().ledger.scores.latest()
    assert 200 - 60 <= row["unseen_rows"] < 200
    assert row["unseen"] != row["value"]


def test_without_a_key_nothing_is_said_of_unseen_rows(new_site):
    """No key, no score on unseen keys."""
    site = new_site()
    live(site)
    site.leavers("w-2.csv", 200, seed=2)
    site.tick()
    row = site.project().ledger.scores.latest()
    assert (row["unseen"], row["unseen_rows"]) == (None, 0)


def test_a_batch_of_duplicates_has_no_value(site):
    """Nothing new in a file: the score has no value, and the text for people says undefined."""
    text = site.leavers("w-1.csv", 600).read_text()
    site.tick()
    site.write("w-2.csv", text + "\n")
    site.tick()
    row = site.project().ledger.scores.latest()
    assert (row["value"], row["rows"], row["verdict"]) == (None, 0, "insufficient data")
    assert (site.root / "production/latestscore.txt").read_text() == "undefined\n"


def test_the_command_scores_what_was_left(site):
    """Run by itself, the step scores the batches after the training data, once."""
    live(site)
    site.leavers("w-2.csv", 300, seed=2)
    project = site.taken_in()
    scoring.command(project, PLAIN)
    scoring.command(project, PLAIN)
    assert [row["order"] for row in project.ledger.scores.history()] == [2]


def test_configured_slices_are_watched(site):
    """Each value of a configured column with enough held-out rows has a process of its own."""
    site.configure(slices=["region"])
    live(site, rows=1500)
    site.leavers("w-2.csv", 300, seed=2)
    site.tick()
    (_, kept), *_ = evidence(site)
    assert set(kept["slices"]) == {"region = north", "region = south"}
    assert all(part["batches"] == 1 for part in kept["slices"].values())
    assert {"process", "even", "past", "spread", "since"} <= set(kept)


@pytest.mark.parametrize("metric", ["brier", "balanced_accuracy", "auc"])
def test_other_metrics_carry_a_project(site, metric):
    """A metric of probabilities, and one that weighs classes, go from the first release to a verdict."""
    site.configure(metric=metric)
    live(site)
    site.leavers("w-2.csv", 300, seed=2)
    site.leavers("w-3.csv", 900, seed=3, turned=True)
    site.tick()
    verdicts = {row["order"]: row for row in site.project().ledger.scores.history()}
    assert verdicts[2]["verdict"] != "degraded"
    assert verdicts[3]["verdict"] == "degraded"
    low, high = (0.0, 0.3) if metric == "brier" else (0.7, 1.0)
    assert low < verdicts[2]["value"] < high


def test_every_level_of_a_category_has_its_score_on_held_out_rows(site, capsys):
    """The levels' rows add up to the holdout, and each score has its interval."""
    live(site)
    project = site.project()
    scoring.command(project, argparse.Namespace(slices=True, json=True))
    found = json.loads(capsys.readouterr().out)
    assert {row["column"] for row in found["levels"]} == {"region"}
    assert (
        sum(row["rows"] for row in found["levels"]) == project.ledger.releases.all()[0]["reference"]["rows"]
    )
    assert all(row["low"] <= row["score"] <= row["high"] for row in found["levels"] if row["low"] is not None)
    site.said.clear()
    scoring.command(project, argparse.Namespace(slices=True, json=False))
    assert len(site.said) == len(found["levels"])
    assert " rows  F1 " in site.said[0]
