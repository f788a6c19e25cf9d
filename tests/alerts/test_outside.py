"""A connection goes to the address that was checked, and no answer holds it up or leads it elsewhere."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alerts import receivers
from vigil.alerts import heartbeat
from vigil.alerts.outside import Reach, is_allowed, post
from vigil.errors import TransportError

HERE = Reach(("127.0.0.0/8",), seconds=2, whole=4)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
     "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:127.0.0.1",
     "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"],
)  # fmt: skip
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    """Also where they stand in an IPv6 address."""
    assert not is_allowed(address, ())


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8"])
def test_public_addresses_are_allowed(address: str) -> None:
    """Without a word in the config."""
    assert is_allowed(address, ())


@given(st.ip_addresses(v=4))
def test_a_listed_network_is_allowed_and_no_more(address: Any) -> None:
    """Exactly its own addresses."""
    inside = address in __import__("ipaddress").ip_network("10.1.0.0/16")
    public = address.is_global and not address.is_multicast
    assert is_allowed(str(address), ["10.1.0.0/16"]) == (inside or public)


def test_a_name_is_resolved_once(server: receivers.Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that says something else the second time is not asked a second time."""
    real, asked = socket.getaddrinfo, []

    def lying(host: str, *args: Any, **more: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1" if host == "a.name.example" else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lying)
    post(server.url.replace("127.0.0.1", "a.name.example"), b"x", {}, HERE)
    assert asked.count("a.name.example") == 1
    assert server.got[0]["headers"]["Host"].startswith("a.name.example:")
    with pytest.raises(TransportError, match="not a public address"):
        post(server.url.replace("127.0.0.1", "a.name.example"), b"x", {}, Reach())


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(301, True), (302, True), (308, True), (400, True), (401, True), (404, True), (410, True),
     (408, False), (425, False), (429, False), (500, False), (503, False)],
)  # fmt: skip
def test_a_status_says_whether_it_is_worth_another_try(
    server: receivers.Web, status: int, permanent: bool
) -> None:
    """And no redirect is followed."""
    server.status, server.headers = lambda _: status, {"Location": server.url + "/elsewhere"}
    with pytest.raises(TransportError, match=str(status)) as caught:
        post(server.url, b"{}", {}, HERE)
    assert caught.value.permanent is permanent
    assert len(server.got) == 1


@pytest.mark.parametrize(
    ("said", "wait"), [("120", 120.0), ("99999999", 86400.0), ("soon", 0.0), ("-5", 0.0)]
)
def test_a_receiver_may_ask_for_time(server: receivers.Web, said: str, wait: float) -> None:
    """In whole seconds, a day at most."""
    server.status, server.headers = lambda _: 429, {"Retry-After": said}
    with pytest.raises(TransportError) as caught:
        post(server.url, b"{}", {}, HERE)
    assert caught.value.wait == wait


def test_a_long_answer_is_not_read_to_its_end(server: receivers.Web) -> None:
    """Its beginning is in the error, on one line."""
    server.status, server.body = lambda _: 500, b"no\nno " * 1_000_000
    begun = time.monotonic()
    with pytest.raises(TransportError) as caught:
        post(server.url, b"{}", {}, HERE)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)
    assert time.monotonic() - begun < 4


def test_an_answer_that_drips_is_ended() -> None:
    """A byte a moment keeps no connection open for longer than the whole may take."""
    with socket.create_server(("127.0.0.1", 0)) as slow:

        def drip() -> None:
            link, _ = slow.accept()
            with link:
                try:
                    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200:
                        link.send(bytes([byte]))
                        time.sleep(0.1)
                except OSError:
                    return  # the other side has gone

        threading.Thread(target=drip, daemon=True).start()
        begun = time.monotonic()
        with pytest.raises(TransportError) as caught:
            post(
                f"http://127.0.0.1:{slow.getsockname()[1]}/", b"", {}, Reach(HERE.private, seconds=2, whole=1)
            )
    assert not caught.value.permanent
    assert time.monotonic() - begun < 3


def test_a_heartbeat_is_one_request_and_its_failure_words(server: receivers.Web) -> None:
    """Without an address nothing happens; without an answer nothing breaks."""
    assert heartbeat.ping({}) == ""
    assert heartbeat.ping({"heartbeat": server.url, "private": ["127.0.0.0/8"]}) == ""
    assert [each["path"] for each in server.got] == ["/hook"]
    assert "not a public address" in heartbeat.ping({"heartbeat": server.url})
