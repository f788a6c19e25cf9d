from __future__ import annotations

import logging
from typing import Any

import pytest


def test_a_fault_of_ours_is_logged_and_not_shown(world: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The client gets the request's id; the log has the traceback under the same id."""
    app = world.app()

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("secret detail")

    with caplog.at_level(logging.ERROR):
        answer = app.test_client().get("/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.json["error"]["hint"]
    assert "secret detail" in caplog.text
    assert answer.headers["X-Request-Id"] in caplog.text


def test_bare_statuses_have_the_one_shape(client: Any) -> None:
    """404 and 405 come from the framework and look like all others."""
    for answer in (client.get("/nothing"), client.put("/runs"), client.get("/static/../app.py")):
        assert set(answer.json) == {"error"}
        assert set(answer.json["error"]) == {"code", "what", "hint"}
        assert answer.status_code in (404, 405)


def test_a_get_leaves_the_ledger_as_it_was(client: Any, world: Any) -> None:
    """Every GET together writes not one row."""
    import sqlalchemy as sa

    from vigil.ledger.schema import metadata

    def rows() -> dict[str, list[Any]]:
        with world.project.ledger.engine.connect() as connection:
            return {name: connection.execute(sa.select(t)).all() for name, t in metadata.tables.items()}

    before = rows()
    for path in (
        "/",
        "/scoring",
        "/summarystats",
        "/diagnostics",
        "/runs",
        "/runs/1",
        "/models",
        "/models/compare",
        "/faults",
        "/quarantine",
        "/quarantine/batch1",
        "/scores.csv",
        "/status",
        "/alerts",
        "/metrics",
    ):
        assert client.get(path).status_code == 200
    assert rows() == before
