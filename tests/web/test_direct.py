from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from vigil.access import keyring
from vigil.bundles import pointer
from vigil.web import direct
from vigil.web.server import bind

LOOP = "the-loop"


@pytest.fixture
def running(world: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Run a real server; ``server.answered_by`` names the thread of each request."""
    monkeypatch.setattr(keyring, "FRESH", 3600.0)  # however slow the machine is
    app = world.app()
    server = bind(app, "127.0.0.1", 0, threads=2)
    server.service, server.answered_by = app.extensions["vigil"], []
    application = server.application

    def seen(environ: dict[str, Any], start_response: Any) -> Any:
        server.answered_by.append(threading.current_thread().name)
        return application(environ, start_response)

    server.application = seen
    thread = threading.Thread(target=server.run, name=LOOP, daemon=True)
    thread.start()
    yield server
    server.close()


def row(activity: float = 3) -> bytes:
    """Return a body of one row."""
    return json.dumps({"rows": [{"activity": activity, "segment": "north"}]}).encode()


def request(body: bytes, *more: str) -> bytes:
    """Return one request, plainly written."""
    head = ["Host: localhost", "Content-Type: application/json", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(["POST /prediction HTTP/1.1", *head, "\r\n"]).encode() + body


def channels(running: Any) -> list[Any]:
    """Return the open connections as the server sees them."""
    return list(running.active_channels.values())


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    while not is_so():
        time.sleep(0.001)


@pytest.fixture
def ask(running: Any) -> Iterator[Any]:
    """Send bytes on one connection, when no thread has to do with it; return status, headers, body."""
    with socket.create_connection(("127.0.0.1", running.effective_port), timeout=10) as connection:

        def asked(content: bytes) -> tuple[int, Any, Any]:
            until(lambda: not running.task_dispatcher.active_count)
            connection.sendall(content)
            answer = http.client.HTTPResponse(connection, method="POST")
            answer.begin()
            return answer.status, answer.headers, json.loads(answer.read())

        asked(request(row()))  # the first one loads the release
        running.answered_by.clear()
        yield asked


def test_the_loop_answers_as_a_thread_does(running: Any, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same status, headers and words, for an answer and for a refusal."""
    for body in (row(), row(-1e9), b"{", b'{"rows": []}'):
        found = []
        for turn in (0.002, 0.0):
            monkeypatch.setattr(direct, "TURN", turn)
            status, headers, content = ask(request(body))
            assert headers["X-Request-Id"]
            assert headers["Date"]
            content.pop("request", None)
            named = {k.lower(): v for k, v in headers.items() if k not in {"X-Request-Id", "Date"}}
            found.append((status, named, content))
        assert found[0] == found[1]
        assert running.answered_by[-2] == LOOP
        assert running.answered_by[-1] != LOOP


@pytest.mark.parametrize(
    ("more", "by_loop"),
    [
        ((), True),
        (("Connection: keep-alive",), True),
        (("Authorization: Bearer wrong",), True),
        (("Origin: http://localhost",), False),
        (("Cookie: a=b",), False),
        (("Expect: nothing",), False),
    ],
)
def test_only_what_no_browser_sent_is_answered_by_the_loop(
    running: Any, ask: Any, more: tuple[str, ...], by_loop: bool
) -> None:
    """The second time, too, when its head is known."""
    for _ in range(2):
        ask(request(row(), *more))
        assert (running.answered_by.pop() == LOOP) is by_loop


def test_two_requests_at_once_are_answered_by_threads(running: Any, ask: Any) -> None:
    """Each gets its own answer, in order, also where its head is known."""
    whole = request(row())
    ask(whole)
    with socket.create_connection(("127.0.0.1", running.effective_port), timeout=10) as connection:
        running.answered_by.clear()
        connection.sendall(whole + request(b"{"))
        assert [_status(connection), _status(connection)] == [200, 400]
        assert LOOP not in running.answered_by


@pytest.mark.parametrize("cut", [1, 40, -200, -5])
def test_the_loop_waits_for_the_rest_of_a_prediction(running: Any, ask: Any, cut: int) -> None:
    """However it is cut, once its head has come; who hangs up meanwhile holds up nobody."""
    whole = request(json.dumps({"rows": [{"activity": 3}] * 100}).encode())
    head = whole.index(b"\r\n\r\n") + 4
    address = ("127.0.0.1", running.effective_port)
    with (
        socket.create_connection(address, timeout=10) as connection,
        socket.create_connection(address) as gone,
    ):
        connection.sendall(whole[:cut])
        gone.sendall(whole[:cut])
        until(lambda: sum(bool(each.left or each.request) for each in channels(running)) == 2)
        assert ask(request(row()))[0] == 200
        gone.close()
        running.answered_by.clear()
        connection.sendall(whole[cut:])
        assert _status(connection) == 200
        assert (running.answered_by == [LOOP]) is (cut < 0 or cut >= head)
        connection.sendall(request(row()))
        assert _status(connection) == 200


def _status(connection: socket.socket) -> int:
    """Read one answer, byte by byte, so that nothing of the next one is taken."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    connection.recv(int(length.split(b":")[1]), socket.MSG_WAITALL)
    return int(head.split()[1])


#: A large body.
LARGE = request(json.dumps({"rows": [{"activity": 3}] * 2_000}).encode())


def test_a_large_prediction_is_answered_by_the_loop_when_it_is_known_to_be_short(
    running: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one tells what they cost; one that took too long is the last for a while."""
    monkeypatch.setattr(direct, "LONG", 10.0)
    for _ in range(2):
        assert ask(LARGE)[0] == 200
    assert running.answered_by[0] != LOOP
    assert running.answered_by[1] == LOOP
    monkeypatch.setattr(running.direct._work, "fits", lambda *_: True)
    monkeypatch.setattr(direct, "LONG", 0.0)
    for by_loop in (True, False):
        ask(LARGE)
        assert (running.answered_by[-1] == LOOP) is by_loop


def test_a_large_prediction_is_answered_by_a_thread_while_others_are_under_way(
    running: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that they go on together, and are turned away by one rule when there are too many."""
    monkeypatch.setattr(direct, "LONG", 10.0)
    ask(LARGE)
    until(lambda: not running.task_dispatcher.active_count)
    cost = running.task_dispatcher.work.begin(10**9)
    ask(LARGE)
    running.task_dispatcher.work.end(cost)
    ask(LARGE)
    assert running.answered_by[-2] != LOOP
    assert running.answered_by[-1] == LOOP


def test_what_is_compressed_is_answered_by_a_thread(running: Any, ask: Any) -> None:
    """However small it is, it may hold a thousand times as much."""
    for _ in range(2):
        assert ask(request(gzip.compress(row()), "Content-Encoding: gzip"))[0] == 200
        assert running.answered_by.pop() != LOOP


@pytest.mark.parametrize("cause", ["keys", "switch"])
def test_what_has_to_be_waited_for_is_left_to_a_thread(
    running: Any, ask: Any, world: Any, cause: str
) -> None:
    """Keys that have to be read again, or a release that has to be loaded; then the loop answers again."""
    if cause == "keys":
        stale = running.service.keyring._keys
        object.__setattr__(stale, "read_at", float("-inf"))
    else:
        pointer.write(world.project.production, world.ids["first"], world.ids["second"])
    for by_loop in (False, True):
        status, _, content = ask(request(row()))
        assert status == 200
        assert (running.answered_by.pop() == LOOP) is by_loop
    assert content["release"] == world.ids["second" if cause == "keys" else "first"]


def test_heads_are_remembered_within_a_bound(running: Any, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever clients write into theirs; each is answered by what it says itself."""
    monkeypatch.setattr(direct, "REMEMBERED", 3)
    for number in range(10):
        assert ask(request(row(), f"X-Number: {number}", f"Host: {'elsewhere' * (number % 2)}"))[0] == 400
        assert ask(request(row(), f"X-Number: {number}"))[0] == 200
        assert len(running.direct._known) <= 3
    ask(request(row(), f"X-Long: {'x' * direct.LONGEST}"))
    assert running.answered_by.pop() != LOOP
