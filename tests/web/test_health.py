from __future__ import annotations

from datetime import timedelta
from typing import Any

from vigil.ledger import glance


def test_a_service_without_a_release_lives_and_is_not_ready(empty: Any) -> None:
    """Liveness does not depend on a release; readiness does."""
    client = empty.client()
    assert client.get("/healthz").json["status"] == "ok"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "not-ready")


def test_a_service_with_a_release_is_ready(client: Any, world: Any) -> None:
    """It names the release that answers."""
    release = world.ids["second"]
    expected = {"status": "ready", "release": release, "notice": None, "tick_is_recent": True}
    assert client.get("/readyz").json == expected


def test_ticks_that_stay_away_are_said_and_refused_on_request(client: Any, world: Any) -> None:
    """Predictions are answered all the same, so that plain readiness does not depend on them."""
    world.project.clock.now += timedelta(hours=2)
    assert client.get("/readyz").json["tick_is_recent"] is False
    answer = client.get("/readyz?ticks")
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "ticks-overdue")
    glance.looked(world.project.config_path)
    assert client.get("/readyz?ticks").status_code == 200


def test_an_unreadable_ledger_is_a_503_in_our_words(client: Any, world: Any) -> None:
    """The database's own words and paths stay in the log."""
    import sqlalchemy as sa

    with world.project.ledger.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE facts"))
    for path in ("/readyz", "/diagnostics"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer.json["error"]["code"] == "ledger-unavailable"
        assert "facts" not in answer.text
