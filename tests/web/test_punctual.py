from __future__ import annotations

import io
import json
import socket
import time
from typing import Any

from vigil.web.admission import MANY
from vigil.web.punctual import Punctual
from vigil.web.traffic import Traffic


def test_late_requests_are_turned_away_and_others_are_not() -> None:
    """Once many have waited too long in the system's buffers; without the connection nobody is."""
    seen: list[Any] = []

    def application(_: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"answer"]

    traffic = Traffic()
    asked = Punctual(application, traffic)
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


class _Nothing:
    def collect(self) -> list[Any]:
        return []
