"""Turning late requests away where another server hands them to its threads, out of our reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from vigil.web import errors, security
from vigil.web.admission import Admission, bound_of, unread_for
from vigil.web.traffic import Traffic

#: Bytes of a body that are read before its sender is turned away: one that still sends would not hear it.
HEARD = 2**20

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Punctual:
    """The application, behind a look at how long the request's bytes have been in this machine.

    Gunicorn gives the connection along, of which the system knows that. Granian does not, and is left alone.
    """

    def __init__(self, application: Application, traffic: Traffic) -> None:
        self._application = application
        self._traffic = traffic
        self._admission = Admission()
        content, headers = refusal()
        self._content = content
        self._headers = [*headers, ("Connection", "close")]  # who waits to be taken up gets its place

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request, or say that it came too late."""
        connection = environ.get("gunicorn.socket")
        bound = bound_of(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        waited = 0.0 if connection is None else unread_for(connection)
        if waited > bound:
            self._admission.note()
        if not self._admission.turns_away(waited, bound):
            return self._application(environ, start_response)
        self._traffic.shed.inc()
        environ["wsgi.input"].read(HEARD)
        start_response("503 Service Unavailable", self._headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self._content]


def refusal() -> tuple[bytes, list[tuple[str, str]]]:
    """Return body and headers of the answer to a request that is turned away."""
    code, _, hint = errors.words(503)
    content = msgspec.json.encode(errors.body(code, "Too many requests are waiting.", hint))
    headers = {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        **security.HEADERS,
        "Content-Length": str(len(content)),
        "Retry-After": "1",
    }
    return content, list(headers.items())
