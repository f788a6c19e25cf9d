from __future__ import annotations

import http.client
import json
import re
import socket
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from vigil.errors import ServiceError
from vigil.web import admission, direct
from vigil.web import server as serving
from vigil.web.security import HEADERS
from vigil.web.server import bind


@pytest.fixture
def running(world: Any) -> Iterator[Any]:
    """Run a real server on a free port, with an extra route that takes its time."""
    app = world.app()
    app.gate = threading.Event()
    app.within = []

    @app.get("/slow")
    def slow() -> dict[str, bool]:
        app.within.append(threading.get_ident())
        app.gate.wait(20)
        return {"slow": True}

    server = bind(app, "127.0.0.1", 0, threads=2)
    server.app = app
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield server
    app.gate.set()
    server.close()


def raw(server: Any, content: bytes) -> bytes:
    """Send bytes and return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", server.effective_port), timeout=10) as connection:
        connection.sendall(content)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def get(server: Any, path: str) -> Any:
    """Return the JSON at a path."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.effective_port}{path}", timeout=20) as answer:
        return json.loads(answer.read())


def test_it_answers_over_a_real_connection(running: Any, world: Any) -> None:
    """A prediction by plain HTTP."""
    body = json.dumps({"rows": [{"activity": 3, "segment": "north"}]}).encode()
    url = f"http://127.0.0.1:{running.effective_port}/prediction"
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.loads(answer.read())["release"] == world.ids["second"]
        assert "Server" not in answer.headers


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"POST /prediction HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 262_144 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n", 400),
    ],
)
def test_what_never_reaches_the_application_has_the_one_shape(
    running: Any, request_bytes: bytes, status: int
) -> None:
    """The server's own refusals are JSON too, with the same headers."""
    head, _, body = raw(running, request_bytes).partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status, head
    assert set(json.loads(body)["error"]) == {"code", "what", "hint"}
    for name in (*HEADERS, "X-Request-Id"):
        assert name.lower().encode() in head.lower()


@pytest.fixture
def busy(running: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The server with every thread at work and as many requests waiting as may."""
    monkeypatch.setattr(admission, "WAITING", 3)
    askers = [threading.Thread(target=get, args=(running, path)) for path in ["/slow"] * 2 + ["/healthz"] * 3]
    for asker in askers[:2]:
        asker.start()
    wait_until(lambda: are_busy(running))
    for asker in askers[2:]:
        asker.start()
    wait_until(lambda: len(running.task_dispatcher.queue) == 3)
    yield running
    running.app.gate.set()
    for asker in askers:
        asker.join()


def are_busy(server: Any) -> bool:
    """Whether both threads are at the slow route; one that has just started counts as active already."""
    return len(server.app.within) == 2


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, 20 seconds at most."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def said(connection: socket.socket, method: str = "GET") -> tuple[int, str | None, bytes]:
    """Ask for /healthz; return status, Retry-After and the body."""
    connection.sendall(f"{method} /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    answer = http.client.HTTPResponse(connection, method=method)
    answer.begin()
    return answer.status, answer.headers["Retry-After"], answer.read()


def test_too_many_requests_are_turned_away_at_once_and_it_recovers(busy: Any) -> None:
    """No thread is free for it, yet 503 comes; afterwards all is as before."""
    with socket.create_connection(("127.0.0.1", busy.effective_port), timeout=10) as connection:
        status, again, body = said(connection)
        assert (status, again) == (503, "1")
        assert json.loads(body)["error"]["code"] == "unavailable"
        busy.app.gate.set()
        wait_until(lambda: not busy.task_dispatcher.queue)
        time.sleep(serving.HOLD)
        assert said(connection)[0] == 200


def test_who_asks_again_too_soon_waits_and_is_turned_away_again(busy: Any) -> None:
    """While there is no room, twice as long each time; who waited is answered, and newcomers."""
    with socket.create_connection(("127.0.0.1", busy.effective_port), timeout=10) as connection:
        assert said(connection, "HEAD")[2] == b""
        pauses = []
        for _ in range(2):
            begun = time.monotonic()
            assert said(connection)[0] == 503
            pauses.append(time.monotonic() - begun)
        assert serving.FIRST_HOLD * 0.9 < pauses[0] < pauses[1] + 2
        assert pauses[1] > 2 * serving.FIRST_HOLD * 0.9
        busy.app.gate.set()
        wait_until(lambda: not busy.task_dispatcher.queue)
        assert get(busy, "/healthz")["status"] == "ok"
        time.sleep(serving.HOLD)
        assert said(connection)[0] == 200


def test_who_always_asks_too_soon_is_answered_where_there_is_room(busy: Any) -> None:
    """Only the pause is left of having been turned away: nobody is refused for ever by a server at rest."""
    with socket.create_connection(("127.0.0.1", busy.effective_port), timeout=10) as connection:
        assert said(connection)[0] == 503
        busy.app.gate.set()
        wait_until(lambda: not busy.task_dispatcher.queue)
        begun = time.monotonic()
        assert [said(connection)[0] for _ in range(3)] == [200, 200, 200]
        assert time.monotonic() - begun < 2 * serving.HOLD  # with a pause before each it were three


def test_an_old_client_that_is_turned_away_is_hung_up_on(busy: Any) -> None:
    """HTTP/1.0 knows no connection that stays; the answer says so."""
    content = raw(busy, b"GET /healthz HTTP/1.0\r\n\r\n")
    assert content.startswith(b"HTTP/1.1 503 ")
    assert re.search(rb"\r\nX-Request-Id: [0-9a-f-]{36}\r\n", content)
    assert b"Connection: close" in content


PLAIN = b"POST /prediction HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (PLAIN, 0),
        (PLAIN.replace(b"Content-Length", b"content-length"), 0),
        (PLAIN.replace(b"Host: localhost", b"Connection: Keep-Alive"), 0),
        (PLAIN.replace(b"Host: localhost", b"Connection: keep-alive, close"), None),
        (PLAIN + b"G", None),
        (PLAIN[:-1], 1),
        (PLAIN.replace(b": 2", b": 02"), None),
        (PLAIN.replace(b": 2", b": -2"), None),
        (PLAIN.replace(b": 2", b": 2_000"), None),
        (PLAIN.replace(b": 2", b": 2000"), 1998),
        (PLAIN[:40], None),
        (PLAIN.replace(b"Host: localhost", b"Connection: close"), None),
        (PLAIN.replace(b"Host: localhost", b"Content-Length: 2"), None),
        (PLAIN.replace(b"Host: localhost", b"Transfer-Encoding: chunked"), None),
        (PLAIN.replace(b"1.1", b"1.0"), None),
        (PLAIN.replace(b"POST", b"HEAD"), None),
    ],
)
def test_only_what_is_plainly_one_request_is_turned_away_unparsed(
    content: bytes, missing: int | None
) -> None:
    """Anything that another reader could understand otherwise is parsed first."""
    assert direct.missing(content) == missing


def test_a_large_prediction_is_turned_away_after_its_end(busy: Any) -> None:
    """Whose bytes come in pieces: one 503 when all are here, and the connection goes on."""
    rest = b"x" * 300_000
    head = PLAIN.replace(b": 2", b": %d" % len(rest)).removesuffix(b"{}")
    with socket.create_connection(("127.0.0.1", busy.effective_port), timeout=10) as connection:
        connection.sendall(head + rest[:1000])
        time.sleep(0.1)
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(10)
        connection.sendall(rest[1000:])
        answer = http.client.HTTPResponse(connection, method="POST")
        answer.begin()
        assert answer.status == 503
        assert json.loads(answer.read())["error"]["code"] == "unavailable"
        busy.app.gate.set()
        wait_until(lambda: not busy.task_dispatcher.queue)
        time.sleep(serving.HOLD)
        assert said(connection)[0] == 200


def test_work_that_waits_counts_as_a_queue_does(running: Any) -> None:
    """With much of it before a newcomer many such are an overload, in which a prediction gets 503."""
    dispatcher = running.task_dispatcher
    dispatcher.work.ahead = 1.0
    for _ in range(admission.MANY):
        assert not dispatcher.turns_away(0.0, admission.SOON)
    assert dispatcher.turns_away(0.0, admission.SOON)
    dispatcher.work.ahead = 0.0
    assert not dispatcher.turns_away(0.0, admission.SOON)


def test_a_prediction_is_turned_away_unparsed_and_its_connection_stays(busy: Any, world: Any) -> None:
    """A whole 503, then the right answer to the right request on the same connection."""
    body = json.dumps({"rows": [{"activity": 3, "segment": "north"}]}).encode()
    kind = b"Content-Type: application/json\r\nContent-Length: %d" % len(body)
    asked = PLAIN.replace(b"Content-Length: 2", kind).removesuffix(b"{}") + body
    with socket.create_connection(("127.0.0.1", busy.effective_port), timeout=10) as connection:
        for status in (503, 200):
            connection.sendall(asked)
            answer = http.client.HTTPResponse(connection, method="POST")
            answer.begin()
            assert answer.status == status
            content = json.loads(answer.read())
            busy.app.gate.set()
            time.sleep(serving.HOLD + 0.1)
        assert content["release"] == world.ids["second"]


def test_what_waits_too_long_amid_many_is_turned_away_by_the_thread(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prediction that a thread takes too late gets 503 in an overload; before and after, its answer."""
    late: deque[float] = deque(maxlen=1)
    monkeypatch.setattr(running.task_dispatcher.admission, "_late", late)
    sluggish = [threading.Thread(target=get, args=(running, "/slow")) for _ in range(2)]
    for asker in sluggish:
        asker.start()
    wait_until(lambda: are_busy(running))
    with socket.create_connection(("127.0.0.1", running.effective_port), timeout=10) as connection:
        connection.sendall(PLAIN)
        wait_until(lambda: len(running.task_dispatcher.queue) == 1)
        time.sleep(0.2)
        running.task_dispatcher.admission.note()
        running.app.gate.set()
        answer = http.client.HTTPResponse(connection, method="POST")
        answer.begin()
        assert (answer.status, json.loads(answer.read())["error"]["code"]) == (503, "unavailable")
        time.sleep(serving.HOLD + 1)
        assert said(connection)[0] == 200
    for asker in sluggish:
        asker.join()


def test_as_many_as_may_wait_are_all_answered_however_slow_it_is(running: Any) -> None:
    """Without more than that there is no overload: lateness alone turns nobody away."""
    found: list[Any] = []
    paths = ["/slow"] * 2 + ["/healthz"] * (admission.WAITING - 2)
    askers = [threading.Thread(target=lambda path=path: found.append(get(running, path))) for path in paths]
    for asker in askers[:2]:
        asker.start()
    wait_until(lambda: are_busy(running))
    for asker in askers[2:]:
        asker.start()
    wait_until(lambda: len(running.task_dispatcher.queue) == admission.WAITING - 2)
    time.sleep(0.7)
    running.app.gate.set()
    for asker in askers:
        asker.join()
    assert len(found) == len(paths)


def test_half_open_connections_do_not_keep_others_out(running: Any) -> None:
    """Fifty clients that never finish their request, and one that is answered all the same."""
    hanging = [socket.create_connection(("127.0.0.1", running.effective_port)) for _ in range(50)]
    for connection in hanging:
        connection.sendall(b"POST /prediction HTTP/1.1\r\nHost: localhost\r\nContent-Len")
    assert get(running, "/healthz")["status"] == "ok"
    for connection in hanging:
        connection.close()


def test_a_server_that_nobody_asks_rests(running: Any) -> None:
    """The reading loop wakes a few times in a second, not thousands of times."""
    assert get(running, "/healthz")["status"] == "ok"
    turns, ready = [], running.readable
    running.readable = lambda: turns.append(1) or ready()
    time.sleep(1.2)
    assert 1 <= len(turns) <= 8


def test_a_taken_port_is_said_in_words(running: Any, world: Any) -> None:
    """With the port, and what to do about it."""
    with pytest.raises(ServiceError, match="cannot listen") as caught:
        bind(world.app(), "127.0.0.1", running.effective_port, threads=1)
    assert "--port" in caught.value.hint


def test_an_unknown_host_is_said_in_words(world: Any) -> None:
    """A name that means nothing is no traceback either."""
    with pytest.raises(ServiceError, match="cannot listen"):
        bind(world.app(), "no-such-host.invalid", 0, threads=1)
