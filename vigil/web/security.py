"""Who may ask, under which name, and what every answer tells a browser."""

from __future__ import annotations

import hmac
import uuid

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
        g.request_id = str(uuid.uuid4())
        _check_host(service)
        if service.token is not None and request.endpoint not in PUBLIC:
            _check_token(service.token)

    app.before_request(check)
    app.after_request(_dress)


def _check_host(service: Service) -> None:
    """Refuse other names: a foreign page could have its own name point at this machine."""
    if host_name(request.host) not in service.hosts:
        hint = "Call it by a loopback name, or list the name in the environment's VIGIL_HOSTS."
        raise Refusal(400, "unknown-host", "This service does not answer to that name.", hint)


def host_name(host: str) -> str:
    """Return the name in a Host header, without its port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _check_token(token: str) -> None:
    """Compare in constant time, so that answers' timing tells nothing of the token."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    same = hmac.compare_digest(given.strip().encode(), token.encode())
    if scheme.lower() != "bearer" or not same:
        hint = "Send the header Authorization: Bearer with the service's token."
        raise Refusal(401, "token-needed", "This address needs a valid token.", hint)


def _dress(response: Response) -> Response:
    """Add the headers that keep a browser from doing anything but show the page."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers["X-Request-Id"] = str(g.get("request_id", "-"))
    response.headers.setdefault("Cache-Control", "no-store")
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
