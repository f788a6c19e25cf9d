from __future__ import annotations

from typing import Any


def test_runs_are_listed_newest_first(client: Any) -> None:
    """One line for each run, as many as asked for."""
    runs = client.get("/runs").json["runs"]
    assert [run["run"] for run in runs] == [3, 2, 1]
    assert set(runs[0]) == {"run", "started", "finished", "status", "trigger", "news", "summary"}
    assert len(client.get("/runs?limit=1").json["runs"]) == 1
    assert client.get("/runs?limit=1001").status_code == 422


def test_one_run_in_full(client: Any, world: Any) -> None:
    """Files with counts and first faults, scores with reasons, decisions with batch names, steps."""
    found = client.get("/runs/2").json
    assert (found["run"], found["status"], found["trigger"]) == (2, "done", "schedule")
    refused, ingested = found["batches"]
    assert (refused["name"], refused["status"], refused["reason"]) == (
        "broken.csv",
        "refused",
        "no column 'exited'.",
    )
    assert (ingested["accepted"], ingested["quarantined"], ingested["order"]) == (100, 2, 2)
    assert ingested["faults"][0]["rule"] == "not a number"
    assert found["scores"][0]["reason"] == "F1 is 0.74."
    assert found["steps"][0]["step"] == "ingestion"
    decisions = client.get("/runs/3").json["decisions"]
    assert decisions == [
        {
            "id": "b3-plan-gate",
            "kind": "gate",
            "batch": "2026-03.csv",
            "release": world.ids["second"],
            "outcome": "promote",
            "reason": "Better.",
            "evidence": {"p": 0.001},
        }
    ]


def test_an_unknown_run_is_a_404(client: Any) -> None:
    """Neither a number without a run nor a word nor a huge number is anything else."""
    for run in ("4", "0", "x", "-1", "9" * 30):
        assert client.get(f"/runs/{run}").status_code == 404


def test_a_page_is_served_to_those_who_prefer_one(client: Any) -> None:
    """A browser gets HTML; a program, and whoever takes anything, gets JSON."""
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    for path in ("/runs", "/runs/2", "/models", "/alerts"):
        assert client.get(path, headers={"Accept": browser}).mimetype == "text/html"
        for accept in ("application/json", "*/*", ""):
            assert client.get(path, headers={"Accept": accept}).mimetype == "application/json"
        assert client.get(path).headers["Vary"] == "Accept"
