"""One shape for every error: ``{"error": {"code", "what", "hint"}}`` with the HTTP status."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, g, jsonify
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from vigil.errors import BundleError, LedgerError, ServiceError, VigilError

_log = logging.getLogger(__name__)

#: What a person reads for a status that no endpoint has worded itself: code, what, hint.
WORDS = {
    400: ("bad-request", "The request is malformed.", ""),
    404: ("not-found", "There is nothing at this address.", "GET / links to what there is."),
    405: ("method-not-allowed", "This address does not take that method.", "The header Allow names others."),
    413: ("too-large", "The body is too large.", "Send fewer rows, or raise server.max_body_mb."),
    415: ("wrong-content-type", "This content type is not read here.", ""),
    431: ("headers-too-large", "The request's headers are too large.", ""),
    500: ("internal", "Something went wrong on our side; it was logged.", ""),
    503: ("unavailable", "The service cannot answer just now.", "Try again in a moment."),
}


class Refusal(ServiceError):
    """A request that is answered with an error: the HTTP status and a stable code for programs."""

    def __init__(self, status: int, code: str, what: str, hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.status = status
        self.code = code


def body(code: str, what: str, hint: str = "") -> dict[str, Any]:
    """Return the one shape."""
    return {"error": {"code": code, "what": what, "hint": hint}}


def words(status: int) -> tuple[str, str, str]:
    """Return code, what and hint for a bare status."""
    return WORDS.get(status) or WORDS[400 if status < 500 else 500]


def install(app: Flask) -> None:
    """Answer every error of an application in the one shape."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(VigilError, _unavailable)
    app.register_error_handler(SQLAlchemyError, _unavailable)
    app.register_error_handler(HTTPException, _plain)
    app.register_error_handler(Exception, _unexpected)


def _refused(error: Refusal) -> Response:
    return _answer(error.status, error.code, error.what, error.hint)


def _unavailable(error: VigilError | SQLAlchemyError) -> Response:
    """Answer a fault of what lies below; its place and the database's own words stay in the log."""
    _log.error("request %s: %s", _request_id(), error)
    if isinstance(error, LedgerError | SQLAlchemyError):
        return _answer(503, "ledger-unavailable", "The ledger cannot be read just now.", words(503)[2])
    if isinstance(error, BundleError):
        return _answer(503, "release-unavailable", error.what, error.hint)
    return _answer(500, "internal", error.what, error.hint)


def _plain(error: HTTPException) -> Response:
    response = _answer(error.code or 500, *words(error.code or 500))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _unexpected(error: Exception) -> Response:
    """Log a fault of ours in full and tell the client only where to find it."""
    _log.error("request %s failed", _request_id(), exc_info=error)
    code, what, _ = words(500)
    return _answer(500, code, what, f"Look for request {_request_id()} in the service's log.")


def _answer(status: int, code: str, what: str, hint: str = "") -> Response:
    response = jsonify(body(code, what, hint))
    response.status_code = status
    return response


def _request_id() -> str:
    return str(g.get("request_id", "-"))
