from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

import app


@pytest.fixture
def starts(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a client of a service whose actions all run the given lines of Python."""

    def client(code: str) -> Any:
        command = [sys.executable, "-c", code]
        names = ("run", "pause", "resume", "rollback", "acknowledge")
        monkeypatch.setattr(app, "commands", lambda _: dict.fromkeys(names, command))
        return world.client()

    return client


def test_an_action_that_ends_says_what_it_said(starts: Any) -> None:
    """The child's words come back, and nothing was run in the server."""
    answer = starts("import os; print('hello', os.getppid() != os.getpid())").post("/actions/rollback")
    assert answer.json == {"action": "rollback", "status": "done", "said": ["hello True"]}


def test_an_action_that_fails_is_a_conflict_in_its_own_words(starts: Any, world: Any) -> None:
    """With the child's last line, and in the audit log."""
    answer = starts("import sys; sys.exit('there is nothing to roll back to.')").post("/actions/rollback")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "action-failed")
    assert "nothing to roll back to" in answer.json["error"]["what"]
    act = world.project.ledger.audits.newest(1)[0]
    assert (act["who"], act["what"], act["outcome"]) == ("anyone", "rollback", "failed")


def test_a_long_action_goes_on_and_runs_once_at_a_time(starts: Any, tmp_path: Path) -> None:
    """The answer does not wait for a tick's end; a second one is refused until then."""
    end = tmp_path / "end"
    client = starts(f"import os, time\nwhile not os.path.exists({str(end)!r}): time.sleep(0.02)")
    assert client.post("/actions/run").json["status"] == "started"
    answer = client.post("/actions/run")
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "at-work")
    end.touch()
    until = time.monotonic() + 20
    while (answer := client.post("/actions/run")).status_code == 409 and time.monotonic() < until:
        time.sleep(0.05)
    assert answer.json["status"] in ("started", "done")


def test_the_real_commands_act_on_the_project(world: Any) -> None:
    """Rolling back by a request puts the first release back; pausing is a fact in the ledger."""
    client = world.client()
    answer = client.post("/actions/rollback")
    assert answer.json["status"] == "done", answer.json
    assert client.get("/models").json["live"] == world.ids["first"]
    assert client.post("/actions/pause").json["status"] == "done"
    assert world.project.ledger.facts.get("paused")
    assert client.post("/actions/resume").json["said"] == ["Scheduled ticks go on."]
    assert not world.project.ledger.facts.get("paused")
