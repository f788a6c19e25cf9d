"""Mail against a real server: encrypted or not at all, and each answer taken for what it means."""

from __future__ import annotations

import email
import email.policy
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.alerts import receivers
from tests.contracts.test_channels import MESSAGE
from vigil.alerts.channels import World, smtp
from vigil.alerts.outside import Reach
from vigil.errors import TransportError


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate for localhost: what the server shows, and what the client trusts."""
    return receivers.certificate(tmp_path_factory.mktemp("tls"))


def settings(port: int, **more: Any) -> smtp.Settings:
    """Return the settings that lead to a server on this machine."""
    base = {"kind": "smtp", "host": "localhost", "port": port, "sender": "Vigil <v@example.com>"}
    return smtp.Settings.model_validate({**base, "to": ["anna@example.com", "bert@example.com"], **more})


def world(trusted: ssl.SSLContext | None = None, **environ: str) -> World:
    """Return a world in which this machine may be reached."""
    return World(environ, Path(), Reach(("127.0.0.0/8", "::1/128"), seconds=5, trusted=trusted))


def test_a_mail_goes_over_starttls_to_everybody(tls: Any) -> None:
    """With the key as its Message-ID, in the alert's thread."""
    with receivers.mail(tls[0]) as server:
        smtp.send(settings(server.port, host="127.0.0.1"), MESSAGE, world(tls[1]))
    (got,) = server.got
    mail = email.message_from_bytes(got["content"], policy=email.policy.default)
    assert got["tls"]
    assert got["to"] == ["anna@example.com", "bert@example.com"]
    assert (mail["Message-ID"], mail["Auto-Submitted"]) == (f"<{MESSAGE.key}@vigil>", "auto-generated")
    assert MESSAGE.thread in mail["References"]


def test_a_mail_goes_over_tls_from_the_first_byte(tls: Any) -> None:
    """As on port 465."""
    with receivers.mail(tls[0], wrapped=True) as server:
        smtp.send(settings(server.port, host="127.0.0.1", security="tls"), MESSAGE, world(tls[1]))
    assert len(server.got) == 1


def test_without_starttls_nothing_is_said() -> None:
    """A server, or somebody in between, that does not offer it gets no mail in the clear."""
    with receivers.mail() as server, pytest.raises(TransportError, match="STARTTLS") as caught:
        smtp.send(settings(server.port, host="127.0.0.1"), MESSAGE, world())
    assert caught.value.permanent
    assert server.got == []


def test_a_certificate_of_nobody_is_not_believed(tls: Any) -> None:
    """Worth another try: certificates are renewed."""
    with receivers.mail(tls[0]) as server, pytest.raises(TransportError, match="certificate") as caught:
        smtp.send(settings(server.port, host="127.0.0.1"), MESSAGE, world())
    assert not caught.value.permanent
    assert server.got == []


@pytest.mark.parametrize(("answer", "permanent"), [("451 later", False), ("550 nobody", True)])
@pytest.mark.parametrize("step", ["on_recipient", "on_data"])
def test_4yz_may_succeed_later_and_5yz_will_not(step: str, answer: str, permanent: bool) -> None:
    """Of a receiver and of the mail itself (RFC 5321, 4.2.1)."""
    with receivers.mail() as server:
        setattr(server, step, answer)
        with pytest.raises(TransportError, match=answer[:3]) as caught:
            smtp.send(settings(server.port, host="127.0.0.1", security="none"), MESSAGE, world())
    assert caught.value.permanent is permanent


def test_the_password_comes_from_the_environment_and_into_no_error(tls: Any) -> None:
    """A right one lets in; a wrong one is a last word, in which it does not stand."""
    login = {"host": "127.0.0.1", "user": "vigil", "password_env": "SECRET"}
    with receivers.mail(tls[0], password="open sesame") as server:
        smtp.send(settings(server.port, **login), MESSAGE, world(tls[1], SECRET="open sesame"))
        with pytest.raises(TransportError, match="535") as caught:
            smtp.send(settings(server.port, **login), MESSAGE, world(tls[1], SECRET="hunter2"))
    assert len(server.got) == 1
    assert caught.value.permanent
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [{"sender": "nobody"}, {"to": []}, {"to": ["a@b.c\nBcc: x@y.z"]}, {"user": "v"}, {"port": 0},
     {"user": "v", "password_env": "P", "security": "none"}],
)  # fmt: skip
def test_what_cannot_work_is_no_setting(wrong: dict[str, Any]) -> None:
    """No address, half a login, a password in the clear."""
    with pytest.raises(ValueError, match="validation error"):
        settings(**{"port": 25, **wrong})
