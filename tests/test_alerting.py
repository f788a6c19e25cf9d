"""What a tick tells, and that it tells it once."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

import alerting
from vigil.errors import VigilError
from vigil.ledger import glance
from vigil.records import Decision

FILE = {"channels": {"log": {"kind": "file", "path": "told.jsonl"}}}


@pytest.fixture
def told(new_site: Any) -> Any:
    """A project whose alerts go into a file, and what is in it."""
    site = new_site(key=["customer"], alerts=FILE)
    path = site.root / "told.jsonl"

    def lines() -> list[tuple[str, str]]:
        rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [(row["kind"], row["event"]) for row in rows]

    site.lines, site.path = lines, path
    return site


def test_a_first_release_is_told_once(told: Any) -> None:
    """A tick after it, and a second look, say nothing more."""
    told.leavers("1.csv", 900)
    told.tick()
    assert told.lines() == [("gate", "raised")]
    told.leavers("2.csv", 300, seed=2)
    told.tick()
    alerting.run(told.project())
    assert told.lines() == [("gate", "raised")]


def test_an_incident_is_one_alert_and_resolves_by_itself(told: Any) -> None:
    """However many batches follow; a promotion that ends it is said in the same message."""
    told.leavers("1.csv", 900)
    told.tick()
    for number in range(2, 5):
        told.leavers(f"{number}.csv", 900, seed=number, turned=True)
        told.tick()
    kinds = [line for line in told.lines() if line[0] == "incident"]
    assert kinds in ([("incident", "resolved")], [("incident", "raised"), ("incident", "resolved")])
    (row,) = [r for r in map(json.loads, told.path.read_text().splitlines()) if r["event"] == "resolved"]
    assert "challenger" in row["what"].lower() or "closed" in row["what"]
    assert "probability of at most" in row["sure"] or not row["sure"]


def test_an_open_incident_is_repeated_until_it_is_acknowledged(told: Any) -> None:
    """Every so many hours; then it is known; and its end is told all the same."""
    told.configure(policy="never")
    told.leavers("1.csv", 900)
    told.tick()
    for number in range(2, 4):
        told.leavers(f"{number}.csv", 900, seed=number, turned=True)
        told.tick()
    assert [line for line in told.lines() if line[0] == "incident"] == [("incident", "raised")]
    told.clock.forward(hours=25)
    alerting.run(told.project())
    assert told.lines()[-1] == ("incident", "repeated")
    (row,) = [r for r in told.project().ledger.alerts.standing() if r["kind"] == "incident"]
    assert told.project().ledger.alerts.acknowledge(row["id"], by="anna") == 1
    told.clock.forward(hours=50)
    alerting.run(told.project())
    assert told.lines()[-1] == ("incident", "repeated")
    project = told.project()
    project.ledger.incidents.close(row["subject"].rpartition("-")[0], by="test")
    alerting.run(project)
    assert told.lines()[-1] == ("incident", "resolved")


def test_refused_files_are_told_together_and_each_new_one(told: Any) -> None:
    """A third one in a row breaks the feed; a good file ends that, corrected ones end the rest."""
    told.leavers("1.csv", 900)
    told.tick()
    told.write("a.csv", "x,y\n1,2\n")
    told.tick()
    assert told.lines()[1:] == [("files", "raised")]
    told.write("b.csv", "x,y\n1,3\n")
    told.write("c.csv", "x,y\n1,4\n")
    told.tick()
    assert told.lines()[2:] == [("files", "changed"), ("feed", "raised")]
    for number, name in enumerate("abc"):
        told.leavers(f"{name}.csv", 60, seed=20 + number)
    told.tick()
    assert sorted(told.lines()[4:]) == [("feed", "resolved"), ("files", "resolved")]


def test_a_run_that_fails_is_told_with_its_reason(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, while it goes on failing; and its end, when one succeeds."""
    import diagnostics

    def fails(_: Any) -> None:
        raise VigilError("the disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(diagnostics, "run", fails)
        for _ in range(2):
            with pytest.raises(VigilError, match="the disk is full"):
                told.tick()
    assert told.lines() == [("tick", "raised")]
    assert "the disk is full" in told.path.read_text()
    told.tick()
    assert told.lines()[1:] == [("tick", "resolved")]


def test_a_report_that_fails_is_told_and_its_end_too(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run itself is done; the next tick writes the report, and that is told in the same tick."""
    import reporting

    def fails(*_: Any, **__: Any) -> None:
        raise VigilError("the disk is full.")

    told.leavers("1.csv", 900)
    with monkeypatch.context() as broken:
        broken.setattr(reporting, "returns", fails)
        for _ in range(2):
            with pytest.raises(VigilError, match="the disk is full"):
                told.tick(report=True)
    assert sorted(told.lines()) == [("gate", "raised"), ("reports", "raised")]
    assert told.project().ledger.runs.latest(limit=1)[0]["status"] == "done"
    told.tick(report=True)
    assert told.lines()[2:] == [("reports", "resolved")]


@pytest.mark.parametrize(
    ("kind", "outcome", "title"),
    [
        ("trial", "canary", "A release is tried beside the live one."),
        ("gate", "promote", "The release on trial was better, and is live."),
        ("gate", "keep", "The release on trial was not better: the live one stays."),
        ("trial", "end", "A trial has ended: the live release answers alone."),
    ],
)
def test_a_trial_is_told_from_its_begin_to_its_end(told: Any, kind: str, outcome: str, title: str) -> None:
    """Its good end and its bad end have words of their own, each told once."""
    told.leavers("1.csv", 900)
    told.tick()
    project = told.project()
    evidence = {"trial": "run-9-trial"} if kind == "gate" else {"by": "anna"}
    said = Decision("run-9-trial-x", kind, "", "c0ffee", outcome, "Because.", evidence, done=True)
    project.ledger.decisions.add(said, order=1, run=1)
    for _ in range(2):
        alerting.run(project)
    rows = [json.loads(line) for line in told.path.read_text().splitlines()][1:]
    assert [(row["kind"], row["title"], row["what"]) for row in rows] == [("trial", title, "Because.")]
    assert "deployment.py" in rows[0]["do"] or outcome == "end"


def test_no_skill_is_told_until_a_model_is_live(told: Any) -> None:
    """Data without a pattern deploys nothing, and somebody should know."""
    told.leavers("1.csv", 300, random=True)
    told.tick()
    assert told.lines() == [("undeployed", "raised")]


def test_what_happened_before_alerts_were_configured_is_no_news(new_site: Any) -> None:
    """Only what still stands is told."""
    site = new_site(key=["customer"])
    site.leavers("1.csv", 900)
    site.tick()
    site.write("a.csv", "x,y\n1,2\n")
    site.tick()
    site.clock.forward(days=1)
    site.configure(alerts=FILE)
    site.leavers("2.csv", 60, seed=2)
    site.tick()
    rows = [json.loads(line) for line in (site.root / "told.jsonl").read_text().splitlines()]
    assert [(row["kind"], row["since"][:10]) for row in rows] == [("files", "2026-03-01")]


def test_ticks_that_stop_are_told_once_and_their_return_too(told: Any) -> None:
    """By whoever watches; not while somebody has paused them."""
    told.leavers("1.csv", 900)
    told.tick()
    mark = glance.mark(told.config)
    mark.touch()
    alerting.watch(told.project())
    assert told.lines()[1:] == []
    os.utime(mark, (1, 1))
    project = told.project()
    project.ledger.facts.set(paused="since then")
    alerting.watch(project)
    assert told.lines()[1:] == []
    project.ledger.facts.set(paused="")
    alerting.watch(project)
    alerting.watch(project)
    assert told.lines()[1:] == [("ticks", "raised")]
    told.leavers("2.csv", 60, seed=2)
    told.tick()
    assert told.lines()[2:] == [("ticks", "resolved")]


def test_a_feed_that_falls_silent_is_told_when_it_is_due(told: Any) -> None:
    """The ledger says when somebody has to look, and a look before that finds nothing."""
    told.configure(alerts={**FILE, "feed_hours": 6})
    told.leavers("1.csv", 900)
    told.tick()
    due = float(told.project().ledger.facts.get(glance.ALERTS_DUE))
    assert due == told.clock().timestamp() + 6 * 3600
    told.clock.forward(hours=7)
    alerting.run(told.project())
    assert told.lines()[1:] == [("feed", "raised")]


def test_a_dry_run_tells_nobody(told: Any) -> None:
    """A rehearsal is nobody's business."""
    import fullprocess

    told.leavers("1.csv", 900)
    assert fullprocess.main(["--config", str(told.config), "--dry-run"]) == 0
    assert told.lines() == []


def test_a_fault_that_holds_a_batch_is_told_until_it_is_settled(told: Any) -> None:
    """What, how sure, and the command; one alert for all that hold something."""
    told.leavers("1.csv", 900)
    told.tick()
    told.leavers("2.csv", 300, seed=2)
    told.tick()
    project = told.project()
    (_, batch) = project.ledger.batches.all()
    named = {"batch": batch.id, "order": 2, "since": 2, "fault": "unit", "columns": ["staff"]}
    said = {"what": "staff is in other units.", "act": "Divide by 1000.", "evidence": {}, "repair": None}
    fault = {**named, **said, "confidence": 0.98, "holds": True, "rows": 900}
    project.ledger.faults.add("1-unit", fault, run=1)
    alerting.run(project)
    (row,) = [r for r in map(json.loads, told.path.read_text().splitlines()) if r["kind"] == "feed"]
    assert row["what"] == "2.csv is kept out of training. staff is in other units."
    assert row["sure"].startswith("98%")
    typed = project.runnable("python diagnostics.py --dismiss 1-unit")
    assert row["do"] == f"Divide by 1000. If the data is meant so: {typed}"
    project.ledger.faults.add("1-more", {**fault, "fault": "more"}, run=1)
    alerting.run(project)
    for name in ("1-unit", "1-more"):
        project.ledger.faults.settle(name, "dismissed")
    alerting.run(project)
    assert told.lines()[1:] == [("feed", "raised"), ("feed", "changed"), ("feed", "resolved")]


def test_a_rollback_is_told_with_the_way_back(told: Any) -> None:
    """By a person or by itself: who is on call should know which release answers."""
    told.leavers("1.csv", 900)
    told.tick()
    project = told.project()
    from vigil.records import Decision

    evidence = {"from": "abc"}
    decision = Decision("x-gate", "rollback", "", "r", "rollback", "It was worse.", evidence, done=True)
    project.ledger.decisions.add(decision, order=1, run=1)
    alerting.run(project)
    row = json.loads(told.path.read_text().splitlines()[-1])
    assert (row["kind"], row["severity"]) == ("rollback", "warning")
    assert row["do"].endswith(project.runnable("python deployment.py --lift abc"))
