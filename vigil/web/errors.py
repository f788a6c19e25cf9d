"""One shape for every error: ``{"error": {"code", "what", "hint"}}`` with the HTTP status."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, g, jsonify, make_response, render_template
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from vigil.errors import BundleError, LedgerError, ServiceError, VigilError
from vigil.web.negotiation import prefers_html

_log = logging.getLogger(__name__)

#: What a person reads for a status that no endpoint has worded itself: code, what, hint.
WORDS = {
    400: ("bad-request", "The request is malformed.", "GET /openapi.json describes what is taken."),
    404: ("not-found", "There is nothing at this address.", "GET / links to what there is."),
    405: ("method-not-allowed", "This address does not take that method.", "The header Allow names others."),
    401: (
        "token-needed",
        "This address needs a valid token.",
        "Send the header Authorization: Bearer with a token.",
    ),
    403: ("role-needed", "This may not be done with this token.", "Ask with a token of another role."),
    409: ("action-failed", "This cannot be done now.", "Look at its present state, then try again."),
    413: ("too-large", "The body is too large.", "Send fewer rows, or raise server.max_body_mb."),
    415: ("wrong-content-type", "This content type is not read here.", "Send application/json."),
    422: ("bad-parameter", "A parameter cannot be used.", "GET /openapi.json describes them."),
    429: ("too-many", "Too many requests from one client.", "Try again later."),
    431: ("headers-too-large", "The request's headers are too large.", "Send fewer or shorter ones."),
    500: ("internal", "Something went wrong on our side; it was logged.", "Try again; the log says more."),
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
    app.register_error_handler(VigilError, _ours)
    app.register_error_handler(SQLAlchemyError, _ours)
    app.register_error_handler(HTTPException, _plain)
    app.register_error_handler(Exception, _ours)


def described(error: Exception, request_id: str) -> tuple[int, dict[str, Any]]:
    """Return status and body of any error that is not Flask's; what a client may not read is logged."""
    if isinstance(error, Refusal):
        return error.status, body(error.code, error.what, error.hint)
    if isinstance(error, VigilError | SQLAlchemyError):
        return _unavailable(error, request_id)
    _log.error("request %s failed", request_id, exc_info=error)
    code, what, _ = words(500)
    return 500, body(code, what, f"Look for request {request_id} in the service's log.")


def _unavailable(error: VigilError | SQLAlchemyError, request_id: str) -> tuple[int, dict[str, Any]]:
    """Describe a fault of what lies below; its place and the database's own words stay in the log."""
    _log.error("request %s: %s", request_id, error)
    if isinstance(error, LedgerError | SQLAlchemyError):
        return 503, body("ledger-unavailable", "The ledger cannot be read just now.", words(503)[2])
    status, code = (503, "release-unavailable") if isinstance(error, BundleError) else (500, "internal")
    return status, body(code, error.what, error.hint)


def _ours(error: Exception) -> Response:
    return _answer(*described(error, str(g.get("request_id", "-"))))


def _plain(error: HTTPException) -> Response:
    response = _answer(error.code or 500, body(*words(error.code or 500)))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _answer(status: int, content: dict[str, Any]) -> Response:
    """Return an error as JSON, or as a page for those who prefer one."""
    page = prefers_html()
    response = make_response(render_template("error.html", **content["error"]) if page else jsonify(content))
    response.status_code = status
    response.headers["Vary"] = "Accept"
    return response
