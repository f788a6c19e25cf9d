from __future__ import annotations

import json
from typing import Any


def test_an_empty_project_has_an_empty_diagnosis(empty: Any) -> None:
    """Every list is there and empty."""
    assert empty.client().get("/diagnostics").json == {
        "project": "attrition",
        "missing": [],
        "correlations": [],
        "timings": [],
        "packages": {"checked": "not asked", "list": []},
        "drift_of": None,
        "drift": [],
        "slices": {},
        "moved": None,
        "faults": [],
        "advice": [],
    }


def test_missing_compares_the_newest_batch_with_all_before(client: Any) -> None:
    """The second batch lacks 20 % where the first lacked none; the third is whole again."""
    shares = {row["column"]: row for row in client.get("/diagnostics?run=2").json["missing"]}
    assert shares["activity"] == {"column": "activity", "share": 0.2, "share_before": 0.0}
    shares = {row["column"]: row for row in client.get("/diagnostics").json["missing"]}
    assert shares["activity"] == {"column": "activity", "share": 0.0, "share_before": 0.1}


def test_the_first_batch_has_nothing_before_it(client: Any) -> None:
    """With one batch, the share before is unknown and not 0."""
    assert {row["share_before"] for row in client.get("/diagnostics?run=1").json["missing"]} == {None}


def test_timings_are_oldest_first(client: Any) -> None:
    """Each step has its history, its last value and its median."""
    first = client.get("/diagnostics").json["timings"][0]
    assert first == {"step": "ingestion", "last": 0.9, "median": 0.7, "history": [0.5, 0.7, 0.9]}
    assert client.get("/diagnostics?run=1").json["timings"][0]["history"] == [0.5]


def test_packages_and_advice_come_from_the_last_tick(client: Any, world: Any) -> None:
    """The service repeats what the tick wrote, and asks nobody itself."""
    packages = {
        "checked": "offline",
        "list": [{"name": "numpy", "installed": "2.4", "wanted": ">=2.4", "ok": True}],
    }
    advice = [{"severity": "act", "what": "File refused.", "do": "Correct it."}]
    world.project.ledger.facts.set(packages=json.dumps(packages), advice=json.dumps(advice))
    found = client.get("/diagnostics").json
    assert (found["packages"], found["advice"]) == (packages, advice)


def test_drift_is_that_of_the_newest_diagnosed_batch(client: Any, world: Any) -> None:
    """Columns as a tick wrote them, with the batch they are of; `?run=ID` shows what stood then."""
    ledger, first = world.project.ledger, world.ids["first"]
    for order, verdict in ((2, "none"), (3, "drift")):
        told = {"verdict": verdict, "rows": 100, "columns": [{"column": "activity", "verdict": verdict}]}
        parts = {"drift": told, "slices": {}, "moved": None, "state": {}}
        ledger.diagnoses.add(first, f"batch{order}", order=order, run=order, **parts)
    now = client.get("/diagnostics").json
    assert now["drift"] == [{"column": "activity", "verdict": "drift"}]
    assert now["drift_of"] == {
        "batch": "batch3",
        "name": "2026-03.csv",
        "release": first,
        "verdict": "drift",
        "rows": 100,
    }
    assert client.get("/diagnostics?run=2").json["drift_of"]["verdict"] == "none"
    assert client.get("/diagnostics?run=1").json["drift"] == []
