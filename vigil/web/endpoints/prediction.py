"""``POST /prediction``: rows in, one answer per row, by the live release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import msgspec
import numpy as np
from flask import Response, g, request

from vigil.contract.rows import Warnings
from vigil.predictions.record import Answered
from vigil.serving import Compiled, Prediction
from vigil.web import security
from vigil.web.bodies import Rows, read, received
from vigil.web.endpoints.health import FIRST_STEP
from vigil.web.errors import Refusal
from vigil.web.live import Loaded
from vigil.web.routes import Routes
from vigil.web.service import Service
from vigil.web.shapes import NUMBER, TEXT, by_name, listed, record
from vigil.web.traffic import ROWS

_CELLS = {"type": ["string", "number", "boolean", "null"]}
_ROWS = {"type": "array", "maxItems": 10_000, "items": {"type": "object", "additionalProperties": _CELLS}}
_COLUMNS = {"type": "object", "additionalProperties": {"type": "array", "items": _CELLS, "maxItems": 10_000}}

#: The body as OpenAPI describes it.
REQUEST_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "example": {"rows": [{"visits": 78, "staff": 12}]},
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
        client = security.called(security.holder(), request.environ)
        content = answered(service, request.environ, g.request_id, client)
        return Response(content, content_type="application/json")

    return routes


def answered(service: Service, environ: dict[str, Any], request_id: str, client: str) -> bytes:
    """Answer one request, admitted already; raises Refusal when it cannot be answered."""
    snapshot = service.live.snapshot()
    loaded = snapshot.loaded
    if loaded is None:
        raise Refusal(503, "not-ready", snapshot.notice or "Nothing is deployed yet.", FIRST_STEP)
    limit = service.project.config.server.max_body_mb * 2**20
    given = read(received(environ, limit), limit)
    environ[ROWS] = given.count
    typed = _typed(loaded, given)
    answers = _asked(loaded, typed)
    if service.log is not None and given.count:
        service.log.add(_written(service, request_id, client, loaded, given, typed, answers))
    answer = {
        "release": loaded.id,
        "request": request_id,
        "predictions": msgspec.Raw(answers.words),
        "answered_by": loaded.answerer.answered_by,
    }
    return msgspec.json.encode(answer)


@dataclass(frozen=True, slots=True)
class _Typed:
    """A request's rows as a model takes them, with what is unusual; one row alone as plain cells."""

    columns: Mapping[str, np.ndarray]
    warnings: Warnings
    alone: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Answers:
    """The answers to n rows: as a JSON array, and as codes or values with the answer's probability."""

    words: bytes
    outcome: list[Any]
    probability: list[float] | None


def _typed(loaded: Loaded, given: Rows) -> _Typed:
    """Type the rows of one request, in their order."""
    if given.rows is None:
        return _Typed(*loaded.reader.columns(given.columns))
    if given.count == 1 and isinstance(loaded.answerer, Compiled):
        row, said = loaded.reader.one(given.rows[0])
        return _Typed({}, {0: said}, row)
    return _Typed(*loaded.reader.rows(given.rows))


def _asked(loaded: Loaded, typed: _Typed) -> _Answers:
    """Ask the model."""
    model = loaded.answerer
    if typed.alone is not None and isinstance(model, Compiled):
        outcome, probability = model.predict_one(typed.alone)
        said = _said(outcome, probability, model.classes, typed.warnings[0])
        found = [said["probability"]] if model.classes else None
        return _Answers(msgspec.json.encode([said]), [outcome], found)
    if not any(map(len, typed.columns.values())):
        return _Answers(b"[]", [], None)
    prediction = model.predict(typed.columns)
    if prediction.probability is not None and prediction.probability.ndim == 2:
        return _spelled_out(prediction, model.classes, typed.warnings)
    return _in_bulk(prediction, model.classes, typed.warnings)


def _written(
    service: Service,
    request_id: str,
    client: str,
    loaded: Loaded,
    given: Rows,
    typed: _Typed,
    answers: _Answers,
) -> Answered:
    """Return what is written down of one request."""
    return Answered(
        request=request_id,
        at=service.project.clock().timestamp(),
        release=loaded.id,
        client=client,
        role="live",
        rows=range(len(answers.outcome)),
        columns=typed.columns if typed.alone is None else {k: (cell,) for k, cell in typed.alone.items()},
        given=given.fields(service.also_kept),
        outcome=answers.outcome,
        probability=answers.probability,
    )


def _in_bulk(prediction: Prediction, classes: tuple[str, ...], warnings: Warnings) -> _Answers:
    """Word labels with the positive class's probability, or values: one piece of text for each row.

    An object for each row would cost more than the model.
    """
    outcomes = prediction.outcome.tolist()
    found = None if prediction.probability is None else prediction.probability.tolist()
    figures = msgspec.json.encode(outcomes if found is None else found)[1:-1].split(b",")
    heads: Iterable[bytes] = repeat(b'{"value":')
    if found is not None:
        labels = [b'{"label":%b,"probability":' % msgspec.json.encode(label) for label in classes]
        heads = map(labels.__getitem__, outcomes)
    ends = [b',"warnings":[]}'] * len(outcomes)
    for place, said in warnings.items():
        ends[place] = b',"warnings":%b}' % msgspec.json.encode(said)
    rows = [b"%b%b%b" % row for row in zip(heads, figures, ends, strict=False)]
    return _Answers(b"[%b]" % b",".join(rows), outcomes, found)


def _spelled_out(prediction: Prediction, classes: tuple[str, ...], warnings: Warnings) -> _Answers:
    """Word one of several classes with the probability of each."""
    outcomes = prediction.outcome.tolist()
    assert prediction.probability is not None  # noqa: S101  (there are classes)
    rows = enumerate(zip(outcomes, prediction.probability.tolist(), strict=True))
    said = [_said(outcome, each, classes, warnings.get(place, [])) for place, (outcome, each) in rows]
    return _Answers(msgspec.json.encode(said), outcomes, [one["probability"] for one in said])


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
