"""Waitress around the application: bounded, shedding load, and speaking JSON even when it refuses."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

from vigil.errors import ServiceError
from vigil.web import errors, security
from vigil.web.traffic import Traffic

#: Open connections; further ones wait in the system's queue.
CONNECTIONS = 500

#: Requests that wait for a thread; above it, each that comes to one is turned away at once.
WAITING = 100

#: Seconds after which a connection that says nothing is closed.
SILENCE = 30

#: Every answer's headers, for those that the application does not give.
_HEADERS = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), *security.HEADERS.items()]

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def bind(app: Flask, host: str, port: int, threads: int, traffic: Traffic | None = None) -> Any:
    """Return a Waitress server that listens; ``effective_port`` is its port, ``run()`` serves.

    Raises ServiceError when the address cannot be used.
    """
    limit = app.config["MAX_CONTENT_LENGTH"]
    gate = Shedding(app, traffic)
    try:
        server = create_server(
            gate,
            listen=_address(host, port),
            threads=threads,
            connection_limit=CONNECTIONS,
            channel_timeout=SILENCE,
            cleanup_interval=SILENCE,
            max_request_body_size=limit + 1,
            clear_untrusted_proxy_headers=not app.config.get("PROXY"),
            asyncore_use_poll=True,
            ident=None,
        )
    except OSError as error:
        what = f"cannot listen on {host}, port {port} ({error.strerror or error})."
        hint = "Choose another with --port, or 0 for a free one."
        raise ServiceError(what, where="service", hint=hint) from error
    server.channel_class = _Channel
    gate.waiting = lambda: len(server.task_dispatcher.queue)
    return server


class Shedding:
    """Turns requests away while too many wait, so that those that are answered are answered soon."""

    def __init__(self, application: Application, traffic: Traffic | None = None) -> None:
        self._application = application
        self._traffic = traffic
        self.waiting: Callable[[], int] = lambda: 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request, or say that there are too many."""
        if self.waiting() <= WAITING:
            return self._application(environ, start_response)
        if self._traffic is not None:
            self._traffic.shed.inc()
        code, _, hint = errors.words(503)
        content = json.dumps(errors.body(code, "Too many requests are waiting.", hint)).encode()
        headers = [*_HEADERS, ("Content-Length", str(len(content))), ("Retry-After", "1")]
        start_response("503 Service Unavailable", headers)
        return [content]


class _JsonErrorTask(ErrorTask):  # type: ignore[misc]
    """A request that never reached the application, answered in the one shape."""

    def execute(self) -> None:
        error = self.request.error
        content = json.dumps(errors.body(*errors.words(error.code))).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend(_HEADERS)
        self.set_close_on_finish()
        self.content_length = len(content)
        self.write(content)


class _Channel(HTTPChannel):  # type: ignore[misc]
    error_task_class = _JsonErrorTask


def _address(host: str, port: int) -> str:
    """Return one address to listen on; a name may stand for several, which would be several ports."""
    address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
    return f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"
