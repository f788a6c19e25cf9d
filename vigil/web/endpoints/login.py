"""``/login`` and ``/logout``: a token typed in once, and a session for the pages from then on."""

from __future__ import annotations

from flask import g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from vigil.access.keyring import Holder
from vigil.web.errors import Refusal
from vigil.web.negotiation import prefers_html
from vigil.web.routes import HTML, Routes
from vigil.web.security import address, throttle, write_down
from vigil.web.service import Service

_BODY = {
    "required": True,
    "content": {
        "application/x-www-form-urlencoded": {
            "schema": {
                "type": "object",
                "properties": {"token": {"type": "string"}, "form_word": {"type": "string"}},
                "required": ["token"],
            }
        }
    },
}


def blueprint(service: Service) -> Routes:
    """Build both."""
    routes = Routes("login", __name__)

    @routes.get("/login")
    @routes.doc(summary="The login page", responses={200: "A form"}, need="public", produces=(HTML,))
    def form() -> ResponseReturnValue:
        return _page(service, wrong=False)

    @routes.post("/login")
    @routes.doc(
        summary="Begin a session with a token",
        description="For browsers; programs send the token with each request.",
        responses={303: "Logged in; the first page is next", 401: "No such token", 403: "A foreign form"},
        body=_BODY,
        need="public",
        produces=(HTML,),
    )
    def login() -> ResponseReturnValue:
        found = service.keyring.holder(request.form.get("token", "").strip())
        if found is None:
            throttle(service.guesses.take(address(request.environ)))
            write_down(service, "a stranger", "login", "refused")
            if prefers_html():
                return _page(service, wrong=True), 401
            hint = "Copy it whole, or have a new one made: python app.py token add NAME --role ROLE."
            raise Refusal(401, "token-needed", "There is no valid token like that.", hint)
        write_down(service, found.label, "login", "done")
        g.new_session = service.sessions.begin(found.id)
        return redirect("/", 303)

    @routes.post("/logout")
    @routes.doc(summary="End the session", responses={303: "Logged out"}, need="any", produces=(HTML,))
    def logout() -> ResponseReturnValue:
        response = make_response(redirect("/login", 303))
        service.sessions.forget(response, secure=request.is_secure)
        return response

    return routes


def _page(service: Service, *, wrong: bool) -> str:
    seen: Holder | None = g.get("holder")
    return render_template(
        "login.html", project=service.project.name, wrong=wrong, open=service.keyring.is_open, seen=seen
    )
