"""Who may ask, under which name, and what every answer tells a browser."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, g, request

from vigil.web.errors import Refusal
from vigil.web.service import Service

#: Endpoints that never need the token: they say only that the service lives and can answer.
PUBLIC = frozenset({"health.healthz", "health.readyz"})

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def install(app: Flask, service: Service) -> None:
    """Check every request before it reaches an endpoint, and dress every answer."""

    def check() -> None:
        g.request_id = new_id()
        admit(service, request.environ, request.endpoint)

    app.before_request(check)
    app.after_request(_dress)


def new_id() -> str:
    """Return a request's name, by which its answer, log line and record are found again."""
    return str(uuid.uuid4())


def admit(service: Service, environ: Mapping[str, Any], endpoint: str | None) -> None:
    """Check one request. Raises Refusal for a foreign name, or a token that is absent or wrong."""
    _check_host(service, environ.get("HTTP_HOST", ""))
    if service.token is not None and endpoint not in PUBLIC:
        _check_token(service.token, environ.get("HTTP_AUTHORIZATION", ""))


def headers(status: int, request_id: str) -> dict[str, str]:
    """Return what every answer carries, whoever gives it."""
    more = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return {**HEADERS, "X-Request-Id": request_id, **more}


def _check_host(service: Service, host: str) -> None:
    """Refuse other names: a foreign page could have its own name point at this machine."""
    if host_name(host) not in service.hosts:
        hint = "Call it by a loopback name, or list the name in the environment's VIGIL_HOSTS."
        raise Refusal(400, "unknown-host", "This service does not answer to that name.", hint)


def host_name(host: str) -> str:
    """Return the name in a Host header, without its port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _check_token(token: str, authorization: str) -> None:
    """Compare in constant time, so that answers' timing tells nothing of the token."""
    scheme, _, given = authorization.partition(" ")
    same = hmac.compare_digest(given.strip().encode(), token.encode())
    if scheme.lower() != "bearer" or not same:
        hint = "Send the header Authorization: Bearer with the service's token."
        raise Refusal(401, "token-needed", "This address needs a valid token.", hint)


def _dress(response: Response) -> Response:
    """Add the headers that keep a browser from doing anything but show the page."""
    for name, value in headers(response.status_code, str(g.get("request_id", "-"))).items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")
    return response
