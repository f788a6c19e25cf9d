"""What is written is sent: through failures, pauses and kills, in order, with one key."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.alerts import receivers
from tests.conftest import FixedClock
from vigil.alerts.finding import Finding
from vigil.alerts.office import Office
from vigil.alerts.sending import alone
from vigil.errors import ConfigError
from vigil.ledger import glance
from vigil.ledger.ledger import Ledger

ROOT = Path(__file__).resolve().parents[2]

#: Tells what stands on its command line, and delivers: what a tick does with it.
TELLER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from vigil.alerts.finding import Finding
from vigil.alerts.office import Office
from vigil.ledger.ledger import Ledger
root, url, *subjects = sys.argv[1:]
ledger = Ledger("sqlite:///l.db", root=Path(root), project="p", clock=lambda: datetime.now(UTC))
raw = {"private": ["127.0.0.0/8"], "channels": {"hook": {"kind": "webhook", "url": url}}}
now = ledger.facts.now()
found = [Finding("gate", each, "info", each, "what", now, lasting=False) for each in subjects]
print(Office(ledger, raw, project="p", root=Path(root)).tell(found, ()))
"""


@pytest.fixture
def clock() -> FixedClock:
    """A clock that a test moves."""
    return FixedClock()


@pytest.fixture
def office(tmp_path: Path, server: receivers.Web, clock: FixedClock) -> Callable[..., Office]:
    """An office whose one channel leads to the server, with more settings as given."""
    ledger = Ledger("sqlite:///l.db", root=tmp_path, project="p", clock=clock)

    def make(**more: Any) -> Office:
        hook = {"kind": "webhook", "url": server.url, "secret_env": "SECRET", **more.pop("hook", {})}
        raw = {"private": receivers.LOOPBACK, "channels": {"hook": hook}, **more}
        return Office(ledger, raw, project="p", root=tmp_path, environ={"SECRET": "s3cret"})

    return make


def finding(subject: str = "a", severity: str = "warning", **more: Any) -> Finding:
    """Return something to tell."""
    since = "2026-03-01T11:00:00.000000Z"
    return Finding("files", subject, severity, f"about {subject}", "what", since, **more)


def events(server: receivers.Web) -> list[tuple[str, str]]:
    """Return what the server took: titles and events."""
    return [(said["title"], said["event"]) for said in map(receivers.said, taken(server))]


def taken(server: receivers.Web) -> list[dict[str, Any]]:
    """Return the requests that the server answered with 200."""
    return [each for each in server.got if each["status"] == 200]


def test_a_signature_is_what_the_documentation_says(office: Any, server: receivers.Web) -> None:
    """The verification on the page accepts a message, and neither an altered nor an old one."""
    page = (ROOT / "docs/alerts.md").read_text()
    space: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], space)
    office().tell([finding()], ())
    (got,) = server.got
    check = space["is_from_vigil"]
    assert check("s3cret", got["headers"], got["body"])
    assert not check("s3cret", got["headers"], got["body"] + b" ")
    assert not check("other", got["headers"], got["body"])
    old = got["headers"] | {"Vigil-Timestamp": str(int(got["headers"]["Vigil-Timestamp"]) - 400)}
    assert not check("s3cret", old, got["body"])


def test_a_channel_that_is_down_is_asked_again_and_keeps_the_order(
    office: Any, server: receivers.Web, clock: FixedClock
) -> None:
    """One try in a pass, a minute's rest, and then everything as it was written."""
    server.status = lambda _: 503
    desk = office()
    assert desk.tell([finding("a"), finding("b"), finding("c")], ()) == {"delayed": 1}
    assert len(server.got) == 1
    server.status = lambda _: 200
    clock.forward(seconds=59)
    assert desk.tell([finding("a")], ()) == {}
    clock.forward(seconds=2)
    assert desk.tell([finding("a")], ()) == {"delivered": 3}
    assert events(server) == [("about a", "raised"), ("about b", "raised"), ("about c", "raised")]
    assert server.got[0]["headers"]["Idempotency-Key"] == server.keys[0]


def test_what_cannot_be_delivered_is_set_aside_until_somebody_asks(
    office: Any, server: receivers.Web
) -> None:
    """Shown with the answer; tried again on a person's word, with the same key."""
    server.status = lambda _: 410
    desk = office()
    assert desk.tell([finding()], ()) == {"failed": 1}
    (row,) = desk.ledger.messages.newest(5)
    assert row["state"] == "failed"
    assert "410" in row["error"]
    server.status = lambda _: 200
    assert desk.tell([finding()], ()) == {}
    assert desk.retry() == 1
    assert server.keys == [row["id"]]


def test_tries_have_an_end(office: Any, server: receivers.Web, clock: FixedClock) -> None:
    """After so many a message is set aside, and says so."""
    server.status = lambda _: 500
    desk = office(attempts=3, repeat_hours=0)
    for _ in range(5):
        desk.tell([finding()], ())
        clock.forward(hours=7)
    (row,) = desk.ledger.messages.newest(5)
    assert (row["state"], row["attempts"], len(server.got)) == ("failed", 3, 3)
    assert "Given up after 3 tries" in row["error"]


def test_a_channel_that_breaks_stops_nothing(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plug-in's own fault is written down and tried again."""
    from vigil.alerts.channels import webhook

    monkeypatch.setattr(webhook, "send", lambda *_: 1 / 0)
    desk = office()
    assert desk.tell([finding()], ()) == {"delayed": 1}
    assert "ZeroDivisionError" in desk.ledger.messages.newest(1)[0]["error"]


def test_severity_decides_who_is_told(office: Any, server: receivers.Web) -> None:
    """A channel hears of what is severe enough for it, and of nothing else."""
    office(hook={"least": "critical"}).tell([finding("a"), finding("b", "critical")], ())
    assert events(server) == [("about b", "raised")]


def test_quiet_hours_hold_back_what_can_wait(office: Any, server: receivers.Web, clock: FixedClock) -> None:
    """Critical messages pass; what ends in the night is told of in the morning, once."""
    quiet = {"from": "12:00", "to": "14:00"}
    desk = office(quiet=quiet, zone="UTC")
    desk.tell([finding("a"), finding("b", "critical"), finding("c")], ["files"])
    assert events(server) == [("about b", "raised")]
    due = float(desk.ledger.facts.get(glance.ALERTS_DUE))
    assert due == clock().replace(hour=14).timestamp()
    clock.forward(minutes=30)
    desk.tell([finding("b", "critical"), finding("c")], ["files"])
    clock.forward(hours=2)
    desk.tell([finding("b", "critical"), finding("c")], ["files"])
    assert sorted(events(server)[1:]) == [("about a", "resolved"), ("about c", "raised")]


def test_quiet_hours_can_hold_back_everything(office: Any, server: receivers.Web) -> None:
    """Where the config says so."""
    quiet = {"from": "11:00", "to": "14:00", "critical": False}
    office(quiet=quiet).tell([finding("b", "critical")], ())
    assert server.got == []


def test_what_comes_back_is_a_new_alert(office: Any, server: receivers.Web, clock: FixedClock) -> None:
    """With keys of its own; while it stands there is one."""
    desk = office()
    for found in ([finding()], [finding()], [], [finding()], []):
        desk.tell(found, ["files"])
        clock.forward(minutes=1)
    assert [event for _, event in events(server)] == ["raised", "resolved", "raised", "resolved"]
    assert len(set(server.keys)) == 4
    assert {row["state"] for row in desk.ledger.alerts.newest(5)} == {"resolved"}


def test_a_digest_comes_once_a_week(office: Any, server: receivers.Web, clock: FixedClock) -> None:
    """At its time, one for all that were missed; the ledger says when to look."""
    desk = office(digest="mon 08:00")  # the clock stands on a Sunday
    desk.tell([finding()], ["files"])
    assert float(desk.ledger.facts.get(glance.ALERTS_DUE)) == clock().replace(day=2, hour=8).timestamp()
    clock.forward(hours=21)
    desk.tell([finding()], ["files"])
    desk.tell([finding()], ["files"])
    clock.forward(days=20)
    desk.tell([finding()], ["files"])
    digests = [said for said in map(receivers.said, server.got) if said["event"] == "digest"]
    assert len(digests) == 2
    assert "1 alert not ended.\n- about a" in digests[0]["what"]


def test_a_test_message_goes_where_it_is_sent(office: Any, server: receivers.Web) -> None:
    """In quiet hours too; a channel that is not there is named."""
    desk = office(quiet={"from": "00:00", "to": "23:59"})
    (row,) = desk.test(["hook"])
    assert (row["state"], events(server)[0][1]) == ("delivered", "test")
    with pytest.raises(Exception, match="no channel 'nowhere'"):
        desk.test(["nowhere"])


def test_one_process_sends_at_a_time(tmp_path: Path) -> None:
    """The second one waits, and then says that it is not its turn."""
    with alone(tmp_path / "lock") as first, alone(tmp_path / "lock", 0) as second:
        assert (first, second) == (True, False)


def tell(root: Path, url: str, *subjects: str) -> subprocess.Popen[str]:
    """Start a process that tells and delivers."""
    command = [sys.executable, "-c", TELLER, str(root), url, *subjects]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_kill_between_arrival_and_mark_sends_again_with_the_same_key(
    tmp_path: Path, server: receivers.Web
) -> None:
    """A real process, killed when its receiver has the second message; nothing is lost or renamed."""
    running: list[subprocess.Popen[str]] = []

    def kill(_: Any) -> int:
        if len(server.got) == 1 and running:
            os.kill(running.pop().pid, signal.SIGKILL)
        return 200

    server.status = kill
    first = tell(tmp_path, server.url, "a", "b", "c")
    running.append(first)
    assert first.wait(60) == -signal.SIGKILL
    first.communicate()
    second = tell(tmp_path, server.url, "a", "b", "c")
    out, err = second.communicate(timeout=60)
    assert second.returncode == 0, err
    assert "'delivered': 2" in out
    titles = [json.loads(each["body"])["title"] for each in server.got]
    assert titles == ["a", "b", "b", "c"]
    assert server.keys[1] == server.keys[2]
    assert len(set(server.keys)) == 3


FAULTS = {
    "channels.x.kind": {"channels": {"x": {"kind": "smpt"}}},
    "channels.x.path": {"channels": {"x": {"kind": "file"}}},
    "channels.a b": {"channels": {"a b": {"kind": "file", "path": "-"}}},
    "zone": {"zone": "Mars/Olympus"},
    "quiet.from": {"quiet": {"from": "25:00", "to": "07:00"}},
    "digest": {"digest": "someday"},
    "private": {"private": ["here"]},
    "base_url": {"base_url": "ftp://x"},
    "colour": {"colour": "red"},
    "repeat_hours": {"repeat_hours": 1e300},
    "feed_hours": {"feed_hours": 1e9},
    "silent_minutes": {"silent_minutes": 10**9},
    "channels": {"channels": ["mail"]},
}


@pytest.mark.parametrize("place", FAULTS)
def test_a_fault_in_the_settings_is_said_by_its_place(place: str, office: Any) -> None:
    """In words, with no value that could be secret."""
    with pytest.raises(ConfigError) as caught:
        office(**{"channels": {}, **FAULTS[place]})
    (fault,) = caught.value.faults
    assert (fault.id, fault.where) == ("config-alerts", f"alerts.{place}")


def test_all_faults_are_said_together_and_no_secret(office: Any) -> None:
    """An address with a token in it is not shown."""
    wrong = {"kind": "slack", "url": "htps://hooks.example/T0/s3cr3t"}
    with pytest.raises(ConfigError) as caught:
        office(zone="Mars", digest="x", channels={"x": wrong, "y": {"kind": "file"}})
    assert len(caught.value.faults) == 4
    assert "s3cr3t" not in str(caught.value)


def test_it_is_the_same_on_every_database(
    database: str, tmp_path: Path, server: receivers.Web, clock: FixedClock
) -> None:
    """Raised, delayed, delivered, acknowledged, resolved, on SQLite and on PostgreSQL."""
    ledger = Ledger(database, root=tmp_path, project="p", clock=clock)
    raw = {"private": receivers.LOOPBACK, "channels": {"hook": {"kind": "webhook", "url": server.url}}}
    desk = Office(ledger, raw, project="p", root=tmp_path)
    server.status = lambda _: 503
    assert desk.tell([finding("a"), finding("b")], ["files"]) == {"delayed": 1}
    server.status = lambda _: 200
    clock.forward(minutes=2)
    assert desk.tell([finding("a"), finding("b")], ["files"]) == {"delivered": 2}
    (first, _) = ledger.alerts.standing()
    assert ledger.alerts.acknowledge(first["id"], by="anna") == 1
    assert desk.tell([], ["files"]) == {"delivered": 2}
    assert ledger.messages.next_due() is None
    assert [event for _, event in events(server)] == ["raised", "raised", "resolved", "resolved"]
    ledger.close()
