from __future__ import annotations

from typing import Any

from vigil import breakers
from vigil.records import Decision


def test_without_a_release_it_says_so(empty: Any) -> None:
    """Before anything is deployed every value is null and the reason is in words."""
    found = empty.client().get("/scoring").json
    assert found["release"] is None
    assert found["score"] is None
    assert found["history"] == []
    assert found["verdict"] == "insufficient data"
    assert "Nothing is deployed" in found["reason"]


def test_no_skill_is_given_as_the_reason(empty: Any) -> None:
    """When a gate let nothing through, its own words are the reason."""
    from vigil.records import Decision

    decision = Decision("g", "gate", "b", "", "nothing", "the data shows no skill.")
    empty.project.ledger.decisions.add(decision, order=1, run=1)
    assert empty.client().get("/scoring").json["reason"] == "the data shows no skill."


def test_a_new_release_has_a_level_and_no_score_yet(world: Any, client: Any) -> None:
    """The live release of the newest run was not scored yet; its level and reference hold already."""
    found = client.get("/scoring").json
    assert found["release"] == world.ids["second"]
    assert (found["score"], found["batch"], found["interval"]) == (None, None, None)
    assert found["level"] == 0.73 - 0.05
    assert found["reference"] == {"score": 0.73, "interval": [0.7, 0.76], "rows": 612, "baseline": 0.33}
    assert found["verdict"] == "insufficient data"


def test_a_scored_release_is_shown_in_full(world: Any, client: Any, batch: Any, score: Any) -> None:
    """The newest score of the live release gives every number of the answer."""
    april = batch(world.project, 3, 4, "2026-04.csv")
    score(world.project, 3, world.ids["second"], april, 0.72, "steady", 1.5)
    found = client.get("/scoring").json
    assert found["score"] == 0.72
    assert found["interval"] == [0.72 - 0.03, 0.72 + 0.03]
    assert found["batch"] == {"id": "batch4", "name": "2026-04.csv", "order": 4, "rows": 100, "labelled": 100}
    shown = {"e_value": 1.5, "alarm_at": 200.0, "batches": 3, "false_alarm": 0.05}
    assert found["evidence"] == {
        **shown,
        **dict.fromkeys(("plain", "at_holdout_mix", "past", "change", "recent")),
    }
    assert (found["task"], found["metric"], found["higher_is_better"]) == ("binary", "f1", True)
    assert (found["unseen"], found["unseen_rows"], found["detectable"]) == (0.73, 21, 0.043)
    assert found["details"]["confusion"] == [[60, 15], [10, 15]]
    assert (found["model"], found["verdict"], found["reason"]) == ("logistic", "steady", "F1 is 0.72.")


def test_history_is_oldest_first_with_names(client: Any, world: Any) -> None:
    """Every release's scores are listed in order, with the batch's name and whole seconds."""
    rows = client.get("/scoring").json["history"]
    assert [row["order"] for row in rows] == [2, 3]
    assert rows[1]["name"] == "2026-03.csv"
    assert set(rows[0]) == {
        "batch", "name", "order", "release", "score", "low", "high", "reference", "level",
        "verdict", "e_value", "alarm_at", "at",
    }  # fmt: skip
    assert len(rows[0]["at"]) == len("2026-03-01T08:00:00Z")
    assert rows[0]["release"] == world.ids["first"]


def test_an_incident_is_shown_with_its_batches(client: Any, world: Any) -> None:
    """The newest incident names the batch that opened it and the change point."""
    found = client.get("/scoring").json["incident"]
    assert found.pop("opened_at").endswith("Z")
    assert found == {
        "id": f"{world.ids['first']}-3",
        "release": world.ids["first"],
        "opened_by": "2026-03.csv",
        "since": "2026-03.csv",
        "attempts": 0,
        "state": "closed",
    }


def test_a_past_run_is_shown_as_it_stood(client: Any, world: Any) -> None:
    """After run 2 the first release was live, had one score, and there was no incident."""
    found = client.get("/scoring?run=2").json
    assert found["release"] == world.ids["first"]
    assert found["score"] == 0.74
    assert len(found["history"]) == 1
    assert found["incident"] is None
    assert client.get("/scoring?run=1").json["score"] is None
    assert client.get("/scoring?run=3").json["release"] == world.ids["second"]


def test_a_past_run_is_right_after_a_rollback(client: Any, world: Any) -> None:
    """Putting the first release back changes nothing about what was live after run 3 and run 2."""
    world.project.ledger.releases.make_live(world.ids["first"])
    assert client.get("/scoring?run=2").json["release"] == world.ids["first"]
    assert client.get("/scoring?run=3").json["release"] == world.ids["second"]


def test_an_unknown_run_is_not_found(client: Any) -> None:
    """A number that no run has is a 404, and what is no number a 422."""
    assert client.get("/scoring?run=77").status_code == 404
    for text in ("x", "-1", "0", "1.5", "9" * 400, "٣"):
        assert client.get("/scoring", query_string={"run": text}).status_code == 422


def test_evidence_beyond_all_numbers_is_still_json(world: Any, client: Any, batch: Any, score: Any) -> None:
    """An infinite e-value is written as the largest double, not as a word that JSON does not have."""
    april = batch(world.project, 3, 4, "2026-04.csv")
    score(world.project, 3, world.ids["second"], april, 0.3, "degraded", float("inf"))
    answer = client.get("/scoring")
    assert "Infinity" not in answer.text
    assert answer.json["evidence"]["e_value"] > 1e300


def test_a_past_run_is_right_when_its_release_was_put_back_later(
    client: Any, world: Any, batch: Any, score: Any
) -> None:
    """The second release scored run 4; that it was replaced and put back afterwards does not hide it."""
    ledger, second = world.project.ledger, world.ids["second"]
    run = ledger.runs.start("schedule")
    score(world.project, run, second, batch(world.project, run, 4, "2026-04.csv"), 0.7, "steady", 1.0)
    ledger.runs.finish(run, status="done", news=True, summary="", steps=[])
    ledger.releases.make_live(world.ids["many"])
    ledger.releases.make_live(second)
    assert client.get(f"/scoring?run={run}").json["release"] == second


def test_a_pause_and_a_probation_are_shown(client: Any, world: Any) -> None:
    """Since when nothing is trained, and how the live release does beside the one before it."""
    answer = client.get("/scoring").json
    assert (answer["training_paused"], answer["probation"]) == (None, None)
    project = world.project
    breakers.pause(project)
    heard = {"predecessor": "a", "batches": 2, "of": 8, "rows": 60, "difference": -0.1, "lower_bound": None}
    heard |= {"words": "On probation.", "worse": False}
    live = answer["release"]
    plan = Decision("b9-plan", "plan", "b9", live, "nothing", "Stays.", {"probation": heard}, done=True)
    project.ledger.decisions.add(plan, order=9, run=1)
    answer = client.get("/scoring").json
    assert answer["training_paused"].endswith("Z")
    assert answer["probation"] == {key: value for key, value in heard.items() if key != "worse"}
    assert client.get("/scoring?run=1").json["probation"] is None
