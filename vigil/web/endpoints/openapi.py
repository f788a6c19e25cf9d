"""``/openapi.json``: this service for programs. ``/docs``: the same as a page, made here, for people."""

from __future__ import annotations

import json
from typing import Any

from flask import current_app, jsonify, render_template
from flask.typing import ResponseReturnValue

from vigil.web import openapi
from vigil.web.routes import HTML, JSON, Routes
from vigil.web.service import Service


def blueprint(service: Service) -> Routes:
    """Build the description and its page; both are made at the first request."""
    routes = Routes("openapi", __name__)
    made: list[dict[str, Any]] = []

    def described() -> dict[str, Any]:
        if not made:
            made.append(openapi.describe(current_app))
        return made[0]

    @routes.get("/openapi.json")
    @routes.doc(
        summary="This description, in OpenAPI 3.1", responses={200: "OpenAPI"}, need="any", produces=(JSON,)
    )
    def spec() -> ResponseReturnValue:
        return jsonify(described())

    @routes.get("/docs")
    @routes.doc(
        summary="This description, as a page",
        responses={200: "A page for people"},
        need="any",
        produces=(HTML,),
    )
    def page() -> ResponseReturnValue:
        spec = described()
        return render_template(
            "docs.html",
            project=service.project.name,
            operations=list(operations(spec)),
            written=lambda value: json.dumps(value, indent=2, ensure_ascii=False),
        )

    return routes


def operations(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every operation with its path and method, in the order of the paths."""
    return [
        {"path": path, "method": method.upper(), **operation}
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
    ]
