"""The service's description for programs, made from what its routes say of themselves."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from vigil.web import errors
from vigil.web.routes import JSON, Description, description, need
from vigil.web.shapes import RUN, TEXT, record

#: Statuses that any route may answer; the first only where a token is needed.
_NEEDS_TOKEN = {
    401: "No valid token",
    403: "The token's role may not do this, or another site's page asked",
}
_ALWAYS = {
    400: "Not readable as a request, or a foreign name for this service",
    429: "Too many requests from one client",
    500: "A fault of the service; its log has the request",
    503: "Nothing deployed, ledger out of reach, or too many requests at once",
}

_ERROR = record(error=record(code=TEXT, what=TEXT, hint=TEXT))


def describe(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of every route that describes itself."""
    paths: dict[str, Any] = {}
    for rule in sorted(app.url_map.iter_rules(), key=str):
        view = app.view_functions[rule.endpoint]
        said = description(view)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}) if said else ():
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            asked = need(view, method)
            paths.setdefault(path, {})[method.lower()] = _operation(rule, said, asked)  # type: ignore[arg-type]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vigil",
            "version": "1",
            "description": "Predictions of a deployed tabular model, and how well the model is doing.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(rule: Rule, said: Description, asked: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "summary": said.summary,
        "tags": [rule.endpoint.partition(".")[0]],
        "responses": _responses(said, asked),
        "security": [] if asked == "public" else [{"token": []}],
        "x-needs": asked,
    }
    if said.description:
        operation["description"] = said.description
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": RUN if f"<int:{name}>" in rule.rule else TEXT,
        }
        for name in sorted(rule.arguments)
    ]
    parameters += [{"name": name, "in": "query", "schema": shape} for name, shape in said.query.items()]
    if parameters:
        operation["parameters"] = parameters
    if said.body:
        operation["requestBody"] = dict(said.body)
    return operation


def _responses(said: Description, asked: str) -> dict[str, Any]:
    shared = _ALWAYS | ({} if asked == "public" else _NEEDS_TOKEN)
    shared |= {422: "A parameter that cannot be used"} if said.query else {}
    meanings = {**shared, **said.responses}
    return {str(status): _response(status, meanings[status], said) for status in sorted(meanings)}


def _response(status: int, meaning: str, said: Description) -> dict[str, Any]:
    if status >= 400:
        return {"description": meaning, "content": {JSON: _failure(status)}}
    if status >= 300:
        return {"description": meaning}
    content: dict[str, Any] = {kind: {"schema": {"type": "string"}} for kind in said.produces}
    if JSON in content:
        content[JSON] = {"schema": said.answer or {"type": "object"}}
        content[JSON] |= {} if said.example is None else {"example": said.example}
    elif said.example is not None:
        content[said.produces[0]]["example"] = said.example
    return {"description": meaning, "content": content}


def _failure(status: int) -> dict[str, Any]:
    return {
        "schema": {"$ref": "#/components/schemas/Error"},
        "example": errors.body(*errors.words(status)),
    }
