from __future__ import annotations

import json
from typing import Any


def test_an_empty_project_has_an_empty_diagnosis(empty: Any) -> None:
    """Every list is there and empty."""
    assert empty.client().get("/diagnostics").json == {
        "project": "attrition",
        "missing": [],
        "timings": [],
        "packages": {"checked": "not asked", "list": []},
        "drift": [],
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
