from __future__ import annotations

import json
import logging
import threading
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from vigil.web.logs import JsonLines, TextLines
from vigil.web.trial import WAITING


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Read an exposition as Prometheus' own parser does."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_the_standing_is_exposed(client: Any, world: Any, batch: Any, score: Any) -> None:
    """Score, evidence, verdict, release and ticks, each with the project's name."""
    april = batch(world.project, 3, 4, "2026-04.csv")
    score(world.project, 3, world.ids["second"], april, 0.72, "watch", 30.0)
    answer = client.get("/metrics")
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    found = samples(answer.text)
    project = ("project", "attrition")
    assert found["vigil_score", (("metric", "f1"), project)] == 0.72
    assert found["vigil_verdict", (project, ("verdict", "watch"))] == 1
    assert found["vigil_verdict", (project, ("verdict", "steady"))] == 0
    assert found["vigil_release_info", (project, ("release", world.ids["second"]))] == 1
    for name in ("vigil_last_tick_age_seconds", "vigil_tick_is_recent", "vigil_ledger_reachable"):
        assert (name, (project,)) in found


def test_an_empty_project_exposes_what_it_knows(empty: Any) -> None:
    """Without a release there is no score, and the release is not loaded."""
    found = samples(empty.client().get("/metrics").text)
    assert found["vigil_release_loaded", (("project", "attrition"),)] == 0
    assert not any(name == "vigil_score" for name, _ in found)


def test_traffic_is_counted_by_route_and_status(client: Any) -> None:
    """Predictions on the short way too; a path that a client made up has no number of its own."""
    client.post("/prediction", json={"rows": [{"activity": 3}, {"activity": 4}]})
    client.get("/runs/1")
    client.get("/runs/2")
    for number in range(3):
        client.get(f"/made-up-{number}")
    client.open("/runs", method="BREW")
    found = samples(client.get("/metrics").text)
    assert found["vigil_prediction_rows_total", ()] == 2
    shown = {labels: value for (name, labels), value in found.items() if name == "vigil_requests_total"}
    assert shown == {
        (("method", "POST"), ("route", "/prediction"), ("status", "200")): 1,
        (("method", "GET"), ("route", "/runs/<int:run>"), ("status", "200")): 2,
        (("method", "GET"), ("route", "none"), ("status", "404")): 3,
        (("method", "other"), ("route", "none"), ("status", "405")): 1,
    }
    assert found["vigil_request_seconds_count", (("route", "/prediction"),)] == 1


def test_one_request_is_found_again_in_the_log(client: Any, caplog: Any) -> None:
    """Its line has the id of its answer, what was asked, how long it took, and how many rows."""
    with caplog.at_level(logging.INFO, "vigil.request"):
        answer = client.post("/prediction", json={"rows": [{"activity": 3}]})
        client.get("/%0aforged%0a line")
    first, second = (json.loads(JsonLines().format(record)) for record in caplog.records)
    assert first["request"] == answer.headers["X-Request-Id"] == answer.json["request"]
    expected = {"method": "POST", "route": "/prediction", "status": 200, "rows": 1, "who": "anyone"}
    assert expected.items() <= first.items()
    assert "forged" not in json.dumps(second)
    assert answer.json["request"] in TextLines().format(caplog.records[0])


def test_no_message_begins_a_line_of_its_own() -> None:
    """Whatever a message holds, it is one line; a fault's trace is a field."""
    record = logging.LogRecord("x", logging.INFO, "f", 1, "a\nFORGED %s", ("b\r\nc",), None)
    assert "\n" not in JsonLines().format(record)
    assert "\n" not in TextLines().format(record)


def test_the_log_of_predictions_says_what_it_lost(client: Any, monkeypatch: Any) -> None:
    """Dropped rows are a number that somebody can be woken by."""
    from vigil.predictions import writer

    monkeypatch.setattr(writer, "MOST_WAITING", 1)
    rows = [{"activity": 3.0, "segment": "north"}] * 3
    assert client.post("/prediction", json={"rows": rows}).status_code == 200
    text = client.get("/metrics").text
    assert 'vigil_predictions_dropped{project="attrition"} 3.0' in text
    assert 'vigil_predictions_waiting{project="attrition"} 0.0' in text


def test_requests_that_the_trial_missed_are_counted(client: Any) -> None:
    """Beyond what may wait for a silent answer each further request is one."""
    silent = client.application.extensions["vigil"].silent
    gate = threading.Event()
    for _ in range(WAITING + 6):
        silent.hand(lambda: gate.wait(10) and None)
    dropped = silent.dropped
    assert 5 <= dropped <= 6  # one may have begun
    text = client.get("/metrics").text
    gate.set()
    assert f'vigil_silent_dropped{{project="attrition"}} {dropped}.0' in text
