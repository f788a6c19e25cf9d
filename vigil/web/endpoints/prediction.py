"""``POST /prediction``: rows in, one answer per row, by the live release."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any

import msgspec
from flask import Response, g, request

from vigil.serving import Compiled, Prediction
from vigil.web.bodies import Rows, read, received
from vigil.web.endpoints.health import FIRST_STEP
from vigil.web.errors import Refusal
from vigil.web.live import Loaded
from vigil.web.routes import Routes
from vigil.web.service import Service
from vigil.web.shapes import NUMBER, TEXT, by_name, listed, record

_CELLS = {"type": ["string", "number", "boolean", "null"]}
_ROWS = {"type": "array", "maxItems": 10_000, "items": {"type": "object", "additionalProperties": _CELLS}}
_COLUMNS = {"type": "object", "additionalProperties": {"type": "array", "items": _CELLS, "maxItems": 10_000}}

#: The body as OpenAPI describes it.
REQUEST_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "example": {"rows": [{"lastmonth_activity": 78, "number_of_employees": 12}]},
            "schema": {
                "oneOf": [
                    {"type": "object", "required": [key], "properties": {key: shape}}
                    for key, shape in (("rows", _ROWS), ("columns", _COLUMNS))
                ]
            },
        },
        "text/csv": {"schema": {"type": "string"}},
    },
}

ANSWER = record(
    release=TEXT,
    request=TEXT,
    answered_by=TEXT,
    predictions=listed(
        {
            "type": "object",
            "properties": {
                "label": TEXT,
                "probability": NUMBER,
                "probabilities": by_name(NUMBER),
                "value": NUMBER,
                "warnings": listed(TEXT),
            },
            "required": ["warnings"],
        }
    ),
)
EXAMPLE = {
    "release": "3f9c01aa52d7",
    "request": "5250bfff-80b7-4d8d-98ed-ecb27f5b116a",
    "predictions": [{"label": "1", "probability": 0.83, "warnings": []}],
    "answered_by": "compiled",
}


def blueprint(service: Service) -> Routes:
    """Build the endpoint."""
    routes = Routes("prediction", __name__)

    @routes.post("/prediction")
    @routes.doc(
        summary="One answer per row, by the live release",
        responses={
            200: "Answers in the order of the rows",
            400: "Not JSON, not UTF-8, or not gzip",
            413: "The body is too large",
            415: "Neither application/json nor text/csv, or another encoding than gzip",
            422: "Not a set of rows, or beyond the limits",
            503: "Nothing is deployed",
        },
        body=REQUEST_BODY,
        answer=ANSWER,
        example=EXAMPLE,
        need="predict",
    )
    def prediction() -> Response:
        return Response(answered(service, request.environ, g.request_id), content_type="application/json")

    return routes


def answered(service: Service, environ: dict[str, Any], request_id: str) -> bytes:
    """Answer one request, admitted already; raises Refusal when it cannot be answered."""
    snapshot = service.live.snapshot()
    loaded = snapshot.loaded
    if loaded is None:
        raise Refusal(503, "not-ready", snapshot.notice or "Nothing is deployed yet.", FIRST_STEP)
    limit = service.project.config.server.max_body_mb * 2**20
    given = read(received(environ, limit), limit)
    answer = {
        "release": loaded.id,
        "request": request_id,
        "predictions": predict(loaded, given),
        "answered_by": loaded.answerer.answered_by,
    }
    return msgspec.json.encode(answer)


def predict(loaded: Loaded, given: Rows) -> list[dict[str, Any]]:
    """Answer the rows of one request, in their order."""
    if not given.count:
        return []
    if given.rows is None:
        arrays, warnings = loaded.reader.columns(given.columns)
    elif given.count == 1 and isinstance(loaded.answerer, Compiled):
        return [_one(loaded.answerer, *loaded.reader.one(given.rows[0]))]
    else:
        arrays, warnings = loaded.reader.rows(given.rows)
    return list(_worded(loaded.answerer.predict(arrays), loaded.answerer.classes, warnings))


def _one(model: Compiled, row: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    """Answer one row without arrays."""
    return _said(*model.predict_one(row), model.classes, warnings)


def _worded(
    prediction: Prediction, classes: tuple[str, ...], warnings: list[list[str]]
) -> Iterator[dict[str, Any]]:
    """Turn codes into labels, or values, each with its row's warnings."""
    outcomes = prediction.outcome.tolist()
    found = repeat(None) if prediction.probability is None else prediction.probability.tolist()
    for outcome, probability, warned in zip(outcomes, found, warnings, strict=False):
        yield _said(outcome, probability, classes, warned)


def _said(outcome: Any, probability: Any, classes: tuple[str, ...], warnings: list[str]) -> dict[str, Any]:
    """Word one answer.

    ``probability`` is that of the positive class for two classes, and that of the label for more,
    where ``probabilities`` lists all.
    """
    if probability is None:
        return {"value": outcome, "warnings": warnings}
    label = classes[outcome]
    if isinstance(probability, float):
        return {"label": label, "probability": probability, "warnings": warnings}
    each = dict(zip(classes, probability, strict=True))
    return {"label": label, "probability": each[label], "probabilities": each, "warnings": warnings}
