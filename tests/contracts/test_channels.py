"""Every channel brings all of a message, as often as it is asked, with one key; within its reach."""

from __future__ import annotations

import email
import email.policy
import importlib.util
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.alerts import receivers
from vigil.alerts import channels
from vigil.alerts.channels import World
from vigil.alerts.message import Message, compose
from vigil.alerts.outside import Reach
from vigil.alerts.settings import opened
from vigil.errors import ConfigError, TransportError

HOSTILE = "a\r\nBcc: x@y.z <!channel> <script>\u202e&amp; naïve"

MESSAGE = compose(
    {
        "thread": "a" * 32, "event": "raised", "kind": "incident", "severity": "critical", "project": "small",
        "title": "The live model has become worse.", "what": f"F1 fell. {HOSTILE}",
        "sure": "evidence 900 of 200.",
        "do": "python fullprocess.py --explain 5", "page": "/runs/5", "since": "2026-03-01T12:00:00.000000Z",
        "at": "2026-03-01T12:00:01.000000Z",
    },
    key="b" * 32, zone="Europe/Berlin", base_url="https://vigil.example.com/",
)  # fmt: skip


class House:
    """One receiver: the settings that lead to it, the environment, and what it got, as text."""

    def __init__(
        self, settings: dict[str, Any], environ: dict[str, str], got: Callable[[], list[str]]
    ) -> None:
        self.settings, self.environ, self.got = settings, environ, got


@pytest.fixture(params=channels.names())
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A receiver of each kind."""
    kind = request.param
    needs = getattr(channels.get(kind), "NEEDS", "")
    if needs and importlib.util.find_spec(needs) is None:
        pytest.skip(f"{needs} is not installed")
    with ExitStack() as held:
        yield {"smtp": _smtp, "file": _file}.get(kind, _web)(kind, held, tmp_path)


def _web(kind: str, held: ExitStack, _: Path) -> House:
    server = held.enter_context(receivers.web())
    url = f"json://127.0.0.1:{server.port}/" if kind == "apprise" else server.url
    return House(
        {"kind": kind, "url_env": "VIGIL_TEST_URL"},
        {"VIGIL_TEST_URL": url},
        lambda: [
            f"{each['headers']}\n" + json.dumps(receivers.said(each), ensure_ascii=False)
            for each in server.got
        ],
    )


def _smtp(_: str, held: ExitStack, __: Path) -> House:
    server = held.enter_context(receivers.mail())
    named = {"kind": "smtp", "host": "127.0.0.1", "port": server.port, "security": "none"}

    def text() -> list[str]:
        mails = [
            email.message_from_bytes(each["content"], policy=email.policy.default) for each in server.got
        ]
        return [f"{mail.items()}\n{mail.get_content()}" for mail in mails]

    return House({**named, "sender": "vigil@example.com", "to": ["anna@example.com"]}, {}, text)


def _file(kind: str, _: ExitStack, folder: Path) -> House:
    path = folder / "alerts.jsonl"
    return House(
        {"kind": kind, "path": path.name}, {}, lambda: path.read_text().splitlines() if path.exists() else []
    )


def send(
    house: House, folder: Path, message: Message = MESSAGE, private: Any = tuple(receivers.LOOPBACK)
) -> str:
    """Send a message by the channel of a house."""
    (channel, settings) = opened({"channels": {"it": house.settings}}).channels["it"]
    return channel.send(settings, message, World(house.environ, folder, Reach(private)))


def test_all_of_a_message_arrives_with_its_key(house: House, tmp_path: Path) -> None:
    """What, since when, how sure, what to do, the link, and the key by which a receiver knows it again."""
    send(house, tmp_path)
    (got,) = house.got()
    parts = (
        "become worse",
        "F1 fell",
        "2026-03-01 13:00 CET",
        "evidence 900 of 200",
        "--explain 5",
        MESSAGE.key,
    )
    for part in (*parts, "https://vigil.example.com/runs/5"):
        assert part in got


def test_sent_again_it_has_the_same_key(house: House, tmp_path: Path) -> None:
    """A receiver that leaves out what it has seen sees one message."""
    send(house, tmp_path)
    send(house, tmp_path)
    assert [MESSAGE.key in got for got in house.got()] == [True, True]


@pytest.mark.parametrize("event", ["raised", "changed", "repeated", "resolved", "digest", "test"])
def test_every_event_and_severity_can_be_sent(house: House, tmp_path: Path, event: str) -> None:
    """No kind of message is beyond a channel."""
    for severity in ("info", "warning", "critical"):
        send(house, tmp_path, replace(MESSAGE, event=event, severity=severity))
    assert len(house.got()) == 3


def test_names_from_outside_do_no_harm(house: House, tmp_path: Path) -> None:
    """A file's name adds no header and no line, and turns no text round."""
    send(house, tmp_path, replace(MESSAGE, title=MESSAGE.what))
    (got,) = house.got()
    assert "\nBcc" not in got
    assert "('Bcc'" not in got
    assert "\u202e" not in got


def test_an_unknown_setting_is_a_fault_by_its_place(house: House) -> None:
    """Not a traceback, and not silence."""
    with pytest.raises(ConfigError, match=r"alerts\.channels\.it\.colour: is not a setting"):
        opened({"channels": {"it": {**house.settings, "colour": "red"}}})


def test_nobody_at_home_is_worth_another_try(house: House, tmp_path: Path) -> None:
    """A closed port, or a folder that is not there, may be open later."""
    away = {**house.settings, "port": 9} if "port" in house.settings else dict(house.settings)
    if "path" in away:
        away["path"] = "no/such/folder/file"
    environ = {name: url.rpartition(":")[0] + ":9/" for name, url in house.environ.items()}
    with pytest.raises(TransportError) as caught:
        send(House(away, environ, house.got), tmp_path)
    assert not caught.value.permanent


def test_what_connects_keeps_to_public_addresses(house: House, tmp_path: Path) -> None:
    """The own machine is out of reach until the config lists its network; nothing was sent."""
    if house.settings["kind"] in ("file", "apprise"):
        return  # one goes nowhere, and the other says that it goes where it likes
    with pytest.raises(TransportError, match=r"not a public address.*alerts\.private") as caught:
        send(house, tmp_path, private=())
    assert caught.value.permanent
    assert house.got() == []


def test_a_missing_secret_is_named_and_waits(house: House, tmp_path: Path) -> None:
    """The variable's name is said, and the message is kept until it is there."""
    if house.environ:
        with pytest.raises(TransportError, match="the environment has no VIGIL_TEST_URL") as caught:
            send(House(house.settings, {}, house.got), tmp_path)
        assert not caught.value.permanent
