from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from vigil.access import secret, tokens
from vigil.access.keyring import Holder, Keyring
from vigil.errors import ServiceError, VigilError

ROOT = Path(__file__).parents[2]


def command(site: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``app.py token`` on a project."""
    run = [sys.executable, "app.py", "token", *arguments, "--config", str(site.config)]
    return subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_a_token_is_shown_once_listed_and_taken_back(site: Any) -> None:
    """The ledger holds its digest only; every step is in the audit log."""
    made = command(site, "add", "anna", "--role", "read", "--days", "30")
    token = made.stdout.strip()
    assert token.startswith("vigil_")
    assert len(token) > 40
    assert "not shown again" in made.stderr
    assert token.encode() not in site.config.with_name("ledger.db").read_bytes()
    assert command(site, "add", "anna", "--role", "read").returncode == 1
    assert "valid    anna" in command(site, "list").stdout
    assert command(site, "revoke", "anna").returncode == 0
    assert "revoked  anna" in command(site, "list").stdout
    again = command(site, "revoke", "anna")
    assert (again.returncode, "Traceback" in again.stderr) == (1, False)
    acts = [(act["what"], act["details"]) for act in site.project().ledger.audits.newest(9)]
    assert sorted(acts) == [("token add", "anna, read"), ("token revoke", "anna")]


@pytest.mark.parametrize(
    ("name", "role", "days"),
    [
        ("", "read", None),
        ("x" * 65, "read", None),
        ("a\nb", "read", None),
        ("a", "root", None),
        ("a", "read", 0),
    ],
)
def test_odd_tokens_are_refused(site: Any, name: str, role: str, days: float | None) -> None:
    """Names, roles and expiries that make no sense."""
    with pytest.raises(VigilError):
        tokens.add(site.project().ledger.tokens, name, role, days=days, clock=site.clock)


def test_a_keyring_knows_its_tokens_and_notes_their_use(site: Any) -> None:
    """By digest, until they end; a use is written down beside the requests."""
    ledger = site.project().ledger
    number, token = tokens.add(ledger.tokens, "anna", "read", days=1, clock=site.clock)
    ring = Keyring(ledger.tokens, site.clock, {"inner": Holder("i", "reports", "read")}, "inner")
    assert not ring.is_open
    assert ring.holder(token) == ring.named(number)
    assert ring.holder("inner") == Holder("i", "reports", "read")
    assert ring.holder(f"{token} ") is None
    ring.note_uses()
    assert ledger.tokens.all()[0]["last_used"] == "2026-03-01T12:00:00.000000Z"
    site.clock.forward(days=1)
    assert ring.holder(token) is None
    assert not ring.has_valid


def test_the_inner_token_alone_locks_nobody_out(site: Any) -> None:
    """It is there for reports; a project without tokens stays open to its own machine."""
    ledger = site.project().ledger
    ring = Keyring(ledger.tokens, site.clock, {"inner": Holder("i", "reports", "read")}, "inner")
    assert ring.is_open
    assert not ring.has_valid


def test_those_who_were_let_in_stay_when_the_ledger_goes(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An absent ledger stops no predictions, and lets nobody new in."""
    monkeypatch.setattr("vigil.access.keyring.FRESH", 0.0)
    project = site.project()
    _, token = tokens.add(project.ledger.tokens, "anna", "read", days=None, clock=site.clock)
    ring = Keyring(project.ledger.tokens, site.clock, {}, "")
    with project.ledger.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE tokens RENAME TO gone")
    assert ring.holder(token) is not None
    assert not ring.is_open
    assert ring.holder("another") is None


def test_of_many_that_start_at_once_one_makes_the_secret(tmp_path: Path) -> None:
    """All get the same one, readable by its account alone."""
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(secret.load(tmp_path / ".x.secret"))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found))) == (12, 1)
    assert os.listdir(tmp_path) == [".x.secret"]


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """So is one that was cut short."""
    path = tmp_path / ".x.secret"
    secret.load(path)
    path.chmod(0o644)
    with pytest.raises(ServiceError, match="open to other"):
        secret.load(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(ServiceError, match="damaged"):
        secret.load(path)


def test_reports_ask_a_locked_service_by_themselves(site: Any) -> None:
    """A tick writes its report although the service asks for tokens and the tick was given none."""
    site.leavers("one.csv")
    assert command(site, "add", "anna", "--role", "admin").returncode == 0
    run = [sys.executable, "fullprocess.py", "--config", str(site.config), "--json"]
    environ = {key: value for key, value in os.environ.items() if key != "VIGIL_TOKEN"}
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, env=environ, timeout=120)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["reports"]) == 1


def test_paused_ticks_do_nothing_until_they_are_resumed(site: Any) -> None:
    """Those of cron and the schedule; one that a person starts runs all the same."""
    site.leavers("one.csv")
    run = [sys.executable, "fullprocess.py", "--config", str(site.config)]

    def said(*options: str) -> str:
        return subprocess.run([*run, *options], cwd=ROOT, capture_output=True, text=True, timeout=120).stdout

    assert "paused" in said("--pause")
    assert "Paused since" in said("--trigger", "cron")
    assert not site.project().ledger.runs.latest()
    assert "go on" in said("--resume")
    said("--trigger", "schedule")
    assert site.project().ledger.runs.latest()[0]["trigger"] == "schedule"
