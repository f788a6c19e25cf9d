"""JSON for programs, a page for people: whichever the request prefers."""

from __future__ import annotations

from typing import Any

from flask import jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue


def answer(values: dict[str, Any], template: str, **more: Any) -> ResponseReturnValue:
    """Return the values as JSON, or as a page when the request prefers HTML."""
    page = prefers_html()
    response = make_response(render_template(template, **values, **more) if page else jsonify(values))
    response.headers["Vary"] = "Accept"
    return response


def prefers_html() -> bool:
    """Tell whether the Accept header puts HTML above JSON; a browser's does, ``*/*`` does not."""
    accepted = request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"]
