"""The short way of a prediction: past Flask, through the same checks, to the same answer.

Flask spends several times as long on a request as a compiled model on its answer. Who may ask, what
an error looks like, and which headers an answer carries are asked of the same functions as there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from vigil.web import errors, security
from vigil.web.endpoints.prediction import answered
from vigil.web.service import Service
from vigil.web.traffic import REQUEST, ROUTE, Application

_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


def takes(environ: Mapping[str, Any]) -> bool:
    """Tell whether a request is answered the short way; of a browser a form's word is asked for."""
    if environ["PATH_INFO"] != "/prediction" or environ["REQUEST_METHOD"] != "POST":
        return False
    return "HTTP_COOKIE" not in environ and not security.is_from_browser(environ, None)


class Shortcut:
    """Answers ``POST /prediction`` itself and leaves all else to the application."""

    def __init__(self, application: Application, service: Service) -> None:
        self._application = application
        self._service = service

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        if not takes(environ):
            return self._application(environ, start_response)
        request_id = environ[REQUEST] = security.new_id()
        environ[ROUTE] = "/prediction"
        status, content = self._answered(environ, request_id)
        length = ("Content-Length", str(len(content)))
        start_response(_STATUS[status], [*security.OF_JSON, length, *security.named(status, request_id)])
        return [content]

    def _answered(self, environ: dict[str, Any], request_id: str) -> tuple[int, bytes]:
        """Return status and body; an error is logged and worded as everywhere."""
        try:
            client = security.called(security.admit(self._service, environ, "predict"), environ)
            return 200, answered(self._service, environ, request_id, client)
        except Exception as error:
            status, body = errors.described(error, request_id)
            return status, msgspec.json.encode(body)
