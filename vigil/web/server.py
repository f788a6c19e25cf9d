"""Waitress around the application: bounded, shedding load, and speaking JSON even when it refuses."""

from __future__ import annotations

import json
import socket
import time
from functools import cache
from typing import Any

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher

from vigil.errors import ServiceError
from vigil.web import errors, security
from vigil.web.traffic import Traffic

#: Open connections; further ones wait in the system's queue.
CONNECTIONS = 500

#: Requests that wait for a thread; further ones are turned away as soon as they are read.
WAITING = 32

#: Seconds that a client which was turned away is asked to wait. A connection that asks again before
#: they are over is turned away again at their end, so that no flood keeps the reading loop busy.
PAUSE = 1

#: Connections that are taken from the system's queue at a time.
ACCEPTED = 64

#: Seconds after which a connection that says nothing is closed.
SILENCE = 30

#: Every answer's headers, for those that the application does not give.
_HEADERS = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), *security.HEADERS.items()]


def bind(app: Flask, host: str, port: int, threads: int, traffic: Traffic | None = None) -> Any:
    """Return a Waitress server that listens; ``effective_port`` is its port, ``run()`` serves.

    Raises ServiceError when the address cannot be used.
    """
    limit = app.config["MAX_CONTENT_LENGTH"]
    dispatcher = _Dispatcher(traffic)
    try:
        server = _Server(
            app,
            listen=_address(host, port),
            threads=threads,
            connection_limit=CONNECTIONS,
            channel_timeout=SILENCE,
            cleanup_interval=SILENCE,
            max_request_body_size=limit + 1,
            clear_untrusted_proxy_headers=not app.config.get("PROXY"),
            asyncore_use_poll=True,
            ident=None,
            dispatcher=dispatcher,
        )
    except OSError as error:
        what = f"cannot listen on {host}, port {port} ({error.strerror or error})."
        hint = "Choose another with --port, or 0 for a free one."
        raise ServiceError(what, where="service", hint=hint) from error
    dispatcher.set_thread_count(threads)
    return server


class _Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Hands requests to threads; turns them away while too many wait.

    The loop that reads them does so, since a thread would come to one only after all before it: so those
    that are answered are answered soon.
    """

    def __init__(self, traffic: Traffic | None) -> None:
        super().__init__()
        self._traffic = traffic

    def add_task(self, task: _Channel) -> None:
        """Let a connection's next request wait for a thread, or refuse it."""
        if len(self.queue) < WAITING and not task.is_late:
            super().add_task(task)
            return
        if self._traffic is not None:
            self._traffic.shed.inc()
        task.refuse()


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
    requests: list[Any]
    close_when_flushed: bool

    #: Until when a connection that was turned away should say nothing, and whether it spoke before: then
    #: nothing is read until the time is over, and what was said is late.
    pause = 0.0
    is_hasty = False
    is_late = False

    def readable(self) -> bool:
        return not self.is_hasty and super().readable()

    def writable(self) -> bool:
        return (self.is_hasty and time.monotonic() >= self.pause) or super().writable()

    def handle_read(self) -> None:
        if self.pause and time.monotonic() < self.pause:
            self.is_hasty = True  # what it says stays in the system's buffer
            self.pause += self._fileno % 16 / 16 * PAUSE  # not all at once
            return
        self.pause = 0.0
        super().handle_read()

    def handle_write(self) -> None:
        if self.is_hasty and time.monotonic() >= self.pause:
            self.is_hasty, self.is_late, self.pause = False, True, 0.0
            super().handle_read()
        super().handle_write()

    def refuse(self) -> None:
        """Say that there are too many requests; the caller holds ``requests_lock``."""
        request = self.requests[0]
        kept = request.version == "1.1" and request.headers.get("CONNECTION", "").lower() != "close"
        stays = kept and not request.error and len(self.requests) == 1
        for each in self.requests:
            each.close()
        self.requests = []
        self.is_late = False
        self.pause = time.monotonic() + PAUSE
        self.close_when_flushed = self.close_when_flushed or not stays
        content = _too_many(stays=stays, with_body=request.command != "HEAD")
        with self.outbuf_lock:
            self.outbufs[-1].append(content)
            self.current_outbuf_count += len(content)
            self.total_outbufs_len += len(content)
            self._flush_exception(self._flush_some, do_close=False)


class _Server(TcpWSGIServer):  # type: ignore[misc]
    """Waitress for one address, which takes up many connections in one turn of its loop."""

    channel_class = _Channel

    def handle_accept(self) -> None:
        for _ in range(ACCEPTED):
            before = len(self._map)
            super().handle_accept()
            if len(self._map) in (before, self.adj.connection_limit):
                break


@cache
def _too_many(*, stays: bool, with_body: bool) -> bytes:
    """Return the whole answer to a request that is turned away."""
    code, _, hint = errors.words(503)
    content = json.dumps(errors.body(code, "Too many requests are waiting.", hint)).encode()
    headers = [*_HEADERS, ("Content-Length", str(len(content))), ("Retry-After", str(PAUSE))]
    headers += [] if stays else [("Connection", "close")]
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    head = f"HTTP/1.1 503 Service Unavailable\r\n{lines}\r\n".encode("ascii")
    return head + content if with_body else head


def _address(host: str, port: int) -> str:
    """Return one address to listen on; a name may stand for several, which would be several ports."""
    address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
    return f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"
