"""Turning requests away where another server hands them to its threads, its own queue out of our reach."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

import msgspec

from vigil.web import errors, security
from vigil.web.admission import CROWDED, FORESIGHT, SOON, WAITING, Admission, Work, bound_of, unread_for
from vigil.web.traffic import Application, Traffic

#: Bytes of a body that are read before its sender is turned away: one that still sends would not hear it.
HEARD = 2**20

#: Threads that are kept to turn away those for whom there is no room.
REFUSING = 8


class Punctual:
    """The application, at which only a few requests are at a time; the others wait here, where they are seen.

    The server has a thread for each of those, too. How long a request has waited is known from its turn's
    wait, and from the system where the server gives the connection along, as Gunicorn does.
    """

    def __init__(self, application: Application, traffic: Traffic, threads: int) -> None:
        self._application = application
        self._traffic = traffic
        self._turns = threading.Semaphore(threads)
        self._lock = threading.Lock()
        self._waiting = 0
        self._admission = Admission()
        self._work = Work()
        self._content, self._headers = refusal()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request, or say that there is no room for it, or that it came too late."""
        connection = environ.get("gunicorn.socket")
        bound = bound_of(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        waited = 0.0 if connection is None else unread_for(connection)
        if not self._has_room(waited, bound):
            return self._refused(environ, start_response)
        begun = time.monotonic()
        size = _size(environ) if bound == SOON else 0
        cost = self._work.begin(size)
        with self._turns, self._work.turn(size):
            self._leave()
            if self._admission.turns_away(waited + time.monotonic() - begun, bound):
                self._work.end(cost)
                return self._refused(environ, start_response)
            busy = time.thread_time()
            try:
                return self._application(environ, start_response)
            finally:
                self._work.end(cost, size, time.thread_time() - busy)

    def _has_room(self, waited: float, bound: float) -> bool:
        """Let a request wait for its turn; tell whether there is room for it."""
        ahead = self._work.ahead
        if waited > bound or ahead > CROWDED:
            self._admission.note()
        if self._admission.turns_away(waited + ahead / FORESIGHT, bound):
            return False
        with self._lock:
            if self._waiting < WAITING:
                self._waiting += 1
                return True
        self._admission.note()
        return False

    def _leave(self) -> None:
        with self._lock:
            self._waiting -= 1

    def _refused(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self._traffic.shed.inc()
        environ["wsgi.input"].read(min(_size(environ), HEARD))
        # Under Gunicorn, who waits to be taken up gets the connection's place.
        closing = [("Connection", "close")] if "gunicorn.socket" in environ else []
        named = ("X-Request-Id", security.new_id())
        start_response("503 Service Unavailable", [*self._headers, *closing, named])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self._content]


def _size(environ: dict[str, Any]) -> int:
    """Return the bytes of a request's body, 0 where its head does not tell."""
    length = environ.get("CONTENT_LENGTH") or ""
    return int(length) if length.isascii() and length.isdigit() else 0


def refusal() -> tuple[bytes, list[tuple[str, str]]]:
    """Return body and headers of the answer to a request that is turned away."""
    code, _, hint = errors.words(503)
    content = msgspec.json.encode(errors.body(code, "Too many requests are waiting.", hint))
    return content, [*security.OF_JSON, ("Content-Length", str(len(content))), ("Retry-After", "1")]
