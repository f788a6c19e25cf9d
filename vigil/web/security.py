"""Who may ask, under which name, how often, and what every answer tells a browser."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, current_app, g, redirect, request
from werkzeug.http import parse_cookie
from werkzeug.wrappers import Response as AnyResponse

from vigil.access.keyring import ANYONE, Holder
from vigil.access.roles import allows
from vigil.web.errors import Refusal
from vigil.web.negotiation import prefers_html
from vigil.web.routes import Need, need
from vigil.web.service import Service
from vigil.web.sessions import COOKIE, Session
from vigil.web.traffic import REQUEST, ROUTE, WHO

#: What Flask serves by itself: a stylesheet and a mark, which the login page needs.
PUBLIC_FILES = "static"

READING = frozenset({"GET", "HEAD", "OPTIONS"})

#: The referrer policy is not the strictest: under that one a browser says of our own forms that they come
#: from nowhere, and they could not be told from another site's.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

#: What an answer of one status carries besides.
_BY_STATUS = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "1"},
    503: {"Retry-After": "1"},
}

#: How the head of every JSON answer begins that Flask does not write.
OF_JSON = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), *HEADERS.items()]

Environ = Mapping[str, Any]


def install(app: Flask, service: Service) -> None:
    """Check every request before it reaches an endpoint, dress every answer, and help pages with forms."""

    def check() -> AnyResponse | None:
        g.request_id = request.environ[REQUEST] = new_id()
        request.environ[ROUTE] = str(request.url_rule) if request.url_rule else "none"
        try:
            g.holder = admit(service, request.environ, _asked())
        except Refusal as refusal:
            if refusal.status == 401 and request.method == "GET" and prefers_html():
                return redirect("/login", 303)
            raise
        if request.method not in READING and is_from_browser(request.environ, g.holder):
            _check_form(service)
        return None

    def dress(response: Response) -> Response:
        more = headers(response.status_code, str(g.get("request_id", "-")), secure=request.is_secure)
        for name, value in more.items():
            response.headers[name] = value
        response.headers.setdefault("Cache-Control", "no-store")
        if "new_session" in g:
            service.sessions.keep(response, g.new_session, secure=request.is_secure)
        return response

    def for_pages() -> dict[str, Any]:
        holder: Holder | None = g.get("holder")
        is_known = holder is not None and holder is not ANYONE
        return {
            "form_word": lambda: _form_word(service),
            "visitor": holder.name if holder and is_known else None,
            "may_act": holder is not None and holder.role == "admin",
        }

    app.before_request(check)
    app.after_request(dress)
    app.context_processor(for_pages)


def new_id() -> str:
    """Return a request's name, by which its answer, log line and record are found again."""
    return str(uuid.uuid4())


def admit(service: Service, environ: dict[str, Any], asked: Need) -> Holder | None:
    """Check one request's name, origin, token or session, role and rate; return who asks.

    None is a stranger at a public address. Raises Refusal: 400 for a foreign name, 401, 403 or 429.
    """
    _check_host(service, environ.get("HTTP_HOST", ""))
    _check_origin(environ)
    holder = _identified(service, environ)
    if asked != "public":
        if holder is None:
            raise _stranger(service, environ)
        if not allows(holder.role, asked):
            raise _wanting(holder, asked)
    environ[WHO] = holder.name if holder else "-"
    throttle(service.rates.take(holder.id if holder and holder.id else address(environ)))
    return holder


def headers(status: int, request_id: str, *, secure: bool = False) -> dict[str, str]:
    """Return what every answer carries, whoever gives it."""
    found = {**HEADERS, **dict(named(status, request_id))}
    return found | ({"Strict-Transport-Security": "max-age=31536000"} if secure else {})


def named(status: int, request_id: str) -> list[tuple[str, str]]:
    """Return what an answer carries beside ``HEADERS``: the request's name, and what its status asks for."""
    return [("X-Request-Id", request_id), *_BY_STATUS.get(status, {}).items()]


def throttle(wait: float) -> None:
    """Raise Refusal when a limiter says to wait."""
    if wait:
        hint = f"Try again in {math.ceil(wait)} s."
        raise Refusal(429, "too-many", "Too many requests from one client.", hint)


def is_from_browser(environ: Environ, holder: Holder | None) -> bool:
    """Tell whether another site's page could have had a browser send this.

    No page can add a token to a request. A session goes along by itself, and where nobody has to say
    who they are, a browser says of itself that it asks.
    """
    if "HTTP_AUTHORIZATION" in environ:
        return False
    is_known = holder is not None and holder is not ANYONE
    return is_known or "HTTP_ORIGIN" in environ or "HTTP_SEC_FETCH_SITE" in environ


def address(environ: Environ) -> str:
    """Return where a request came from, as far as the server or its own proxy knows."""
    return str(environ.get("REMOTE_ADDR") or "-")


def called(holder: Holder | None, environ: Environ) -> str:
    """Return how a client is written down: by its token's name, else by its address."""
    return holder.name if holder is not None and holder.id else address(environ)


def holder() -> Holder:
    """Return who asks, at an address that is not public."""
    found: Holder | None = g.holder
    assert found is not None  # noqa: S101  (`admit` has refused strangers)
    return found


def write_down(service: Service, who: str, what: str, outcome: str, details: str = "") -> None:
    """Write what somebody did, or tried, into the audit log."""
    service.project.ledger.audits.add(
        who=who, what=what, outcome=outcome, address=address(request.environ), details=details
    )


def host_name(host: str) -> str:
    """Return the name in a Host header, without its port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _asked() -> Need:
    """Return what the request needs; what is not there needs as much as what is."""
    if request.endpoint == PUBLIC_FILES:
        return "public"
    view = current_app.view_functions.get(request.endpoint or "")
    return need(view, request.method)


def _check_host(service: Service, host: str) -> None:
    """Refuse other names: a foreign page could have its own name point at this machine."""
    if host_name(host) not in service.hosts:
        hint = "Call it by a loopback name, or list the name in the environment's VIGIL_HOSTS."
        raise Refusal(400, "unknown-host", "This service does not answer to that name.", hint)


def _check_origin(environ: Environ) -> None:
    """Refuse to let another site's page, or one on another port, have a browser change something."""
    origin = environ.get("HTTP_ORIGIN")
    if origin is None or environ["REQUEST_METHOD"] in READING:
        return
    _, _, named = origin.partition("://")
    if named.lower() != environ.get("HTTP_HOST", "").lower():
        hint = "Call the service from a program, or from its own pages."
        raise Refusal(403, "foreign-origin", "Pages of another origin may not do this.", hint)


def _identified(service: Service, environ: Environ) -> Holder | None:
    """Return who asks, by token or by session; None for a stranger."""
    keyring = service.keyring
    given = environ.get("HTTP_AUTHORIZATION")
    if given is not None:
        scheme, _, token = given.partition(" ")
        found = keyring.holder(token.strip()) if scheme.lower() == "bearer" else None
        return found or (ANYONE if keyring.is_open else None)
    if keyring.is_open:
        return ANYONE
    session = service.sessions.read(parse_cookie(environ.get("HTTP_COOKIE", "")).get(COOKIE))
    return keyring.named(session.holder) if session and session.holder else None


def _stranger(service: Service, environ: Environ) -> Refusal:
    """Return how a stranger is refused; what looks like guessing is counted."""
    if "HTTP_AUTHORIZATION" in environ:
        throttle(service.guesses.take(address(environ)))
    hint = "Send the header Authorization: Bearer with a token, or log in at /login."
    return Refusal(401, "token-needed", "This address needs a valid token.", hint)


def _wanting(holder: Holder, asked: Need) -> Refusal:
    """Return how a role that does not do is refused: which one does, and who can give it."""
    what = f"This needs the role {asked}; the token {holder.name} has the role {holder.role}."
    hint = f"Whoever runs this service makes one that may: python app.py token add NAME --role {asked}."
    return Refusal(403, "role-needed", what, hint)


def _check_form(service: Service) -> None:
    """Refuse what does not come from a page of ours, in the same session."""
    given = request.headers.get("X-Form-Word") or request.form.get("form_word", "")
    if not service.sessions.is_form_word(_session(service), given):
        what = "This did not come from a page of this session."
        raise Refusal(403, "foreign-form", what, "Load the page again and repeat it there.")


def _session(service: Service) -> Session | None:
    found: Session | None = g.get("new_session") or service.sessions.read(request.cookies.get(COOKIE))
    return found


def _form_word(service: Service) -> str:
    """Return the word for a form on this page; a visitor without a session gets one."""
    session = _session(service)
    if session is None:
        session = g.new_session = service.sessions.begin()
    return service.sessions.form_word(session)
