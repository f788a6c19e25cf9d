from __future__ import annotations

import io
import json
import socket
import threading
import time
from typing import Any

from vigil.web.admission import MANY, WAITING
from vigil.web.punctual import Punctual
from vigil.web.traffic import Traffic


def test_late_requests_are_turned_away_and_others_are_not() -> None:
    """Once many have waited too long in the system's buffers; without the connection nobody is."""
    seen: list[Any] = []

    def application(_: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"answer"]

    traffic = Traffic()
    asked = Punctual(application, traffic, threads=2)
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    with listener, client, server:
        client.sendall(b"x")
        time.sleep(0.1)

        def environ(path: str = "/prediction", **more: Any) -> dict[str, Any]:
            return {
                "REQUEST_METHOD": "POST", "PATH_INFO": path, "wsgi.input": io.BytesIO(b"body"),
                "gunicorn.socket": server, **more,
            }  # fmt: skip

        answers = [asked(environ(), lambda *said: seen.append(said)) for _ in range(MANY)]
        assert answers[:-1] == [[b"answer"]] * (MANY - 1)
        assert json.loads(b"".join(answers[-1]))["error"]["code"] == "unavailable"
        status, headers = seen[-1]
        assert (status[:3], dict(headers)["Retry-After"], dict(headers)["Connection"]) == (
            "503",
            "1",
            "close",
        )
        assert list(asked(environ("/outcomes"), lambda *_: None)) == [b"answer"]
        unknown = environ(**{"gunicorn.socket": None})
        assert list(asked(unknown, lambda *_: None)) == [b"answer"]
    assert b"vigil_requests_shed_total 1.0" in traffic.exposition(_Nothing())


def test_a_few_are_at_work_some_wait_and_others_are_turned_away_at_once() -> None:
    """Where the server tells nothing of the connection; what was let in is answered, and then all again."""
    gate, answered = threading.Event(), []

    def application(_: Any, start_response: Any) -> list[bytes]:
        gate.wait(20)
        start_response("200 OK", [])
        return [b"answer"]

    traffic = Traffic()
    asked = Punctual(application, traffic, threads=2)

    def ask(method: str = "GET") -> None:
        seen: list[Any] = []
        environ = {"REQUEST_METHOD": method, "PATH_INFO": "/runs", "wsgi.input": io.BytesIO(b"")}
        content = b"".join(asked(environ, lambda *said: seen.append(said)))
        answered.append((seen[0][0][:3], "Connection" in dict(seen[0][1]), content))

    askers = [threading.Thread(target=ask) for _ in range(2 + WAITING)]
    for asker in askers:
        asker.start()
    until = time.monotonic() + 20
    while asked._waiting < WAITING:
        assert time.monotonic() < until
        time.sleep(0.01)
    ask()
    ask("HEAD")
    assert [(status, closes) for status, closes, _ in answered] == [("503", False)] * 2
    assert (json.loads(answered[0][2])["error"]["code"], answered[1][2]) == ("unavailable", b"")
    gate.set()
    for asker in askers:
        asker.join()
    assert [status for status, _, _ in answered[2:]] == ["200"] * (2 + WAITING)
    ask()
    assert answered[-1] == ("200", False, b"answer")


class _Nothing:
    def collect(self) -> list[Any]:
        return []
