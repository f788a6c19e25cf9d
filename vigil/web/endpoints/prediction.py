"""``POST /prediction``: rows in, one answer per row, by the live release."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import g, request

from vigil.contract.rows import read_columns, read_rows
from vigil.serving import Prediction
from vigil.web.bodies import read
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
    config = service.project.config
    expected = {config.target, *config.key, *config.ignore, *([config.time] if config.time else [])}

    @routes.post("/prediction")
    @routes.doc(
        summary="One answer per row, by the live release",
        responses={
            200: "Answers in the order of the rows",
            400: "Not JSON, or not UTF-8",
            413: "The body is too large",
            415: "Neither application/json nor text/csv",
            422: "Not a set of rows, or beyond the limits",
            503: "Nothing is deployed",
        },
        body=REQUEST_BODY,
        answer=ANSWER,
        example=EXAMPLE,
        need="predict",
    )
    def prediction() -> dict[str, Any]:
        snapshot = service.live.snapshot()
        if snapshot.loaded is None:
            raise Refusal(503, "not-ready", snapshot.notice or "Nothing is deployed yet.", FIRST_STEP)
        answers = predict(snapshot.loaded, expected)
        return {
            "release": snapshot.loaded.id,
            "request": g.request_id,
            "predictions": answers,
            "answered_by": snapshot.loaded.answerer.answered_by,
        }

    return routes


def predict(loaded: Loaded, expected: set[str]) -> list[dict[str, Any]]:
    """Answer the rows of the current request."""
    given = read(request)
    if not given.count:
        return []
    if given.rows is not None:
        arrays, warnings = read_rows(loaded.features, given.rows, loaded.levels, expected)
    else:
        arrays, warnings = read_columns(loaded.features, given.columns, loaded.levels, expected)
    answers = _worded(loaded.answerer.predict(arrays), loaded.answerer.classes)
    return [{**said, "warnings": warned} for said, warned in zip(answers, warnings, strict=True)]


def _worded(prediction: Prediction, classes: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Turn codes into labels.

    ``probability`` is that of the positive class for two classes, and that of the label for more,
    where ``probabilities`` lists all.
    """
    outcomes = prediction.outcome.tolist()
    if prediction.probability is None:
        yield from ({"value": value} for value in outcomes)
        return
    for code, probability in zip(outcomes, prediction.probability.tolist(), strict=True):
        if isinstance(probability, float):
            yield {"label": classes[code], "probability": probability}
        else:
            each = dict(zip(classes, probability, strict=True))
            yield {"label": classes[code], "probability": probability[code], "probabilities": each}
