"""``POST /prediction``: rows in, one answer per row, by the live release."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Response, g, request

from vigil.predictions.record import Answered
from vigil.web import security
from vigil.web.answering import Answers, Typed, asked, typed_rows
from vigil.web.bodies import Rows, read, received
from vigil.web.endpoints.health import FIRST_STEP
from vigil.web.errors import Refusal
from vigil.web.live import Loaded
from vigil.web.routes import Routes
from vigil.web.service import Service
from vigil.web.shapes import NUMBER, TEXT, by_name, listed, record
from vigil.web.traffic import ROWS
from vigil.web.trial import Running, split

#: Keeps a request's cells until its answer is sent: to let tens of thousands go takes a while.
GIVEN = "vigil.given"

_log = logging.getLogger(__name__)

_CELLS = {
    "description": "A string, number, boolean or null; anything else counts as missing, with a warning."
}
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
                "release": TEXT,
                "role": TEXT,
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
    running = service.trial.current()
    # A canary's cases are told by their cells as they came.
    given = read(received(environ, limit), limit, None if running else loaded.regular.read)
    environ[ROWS], environ[GIVEN] = given.count, given
    ask = Asking(service, request_id, client, given)
    if running is None or running.loaded.id == loaded.id or not given.count:
        answers = ask.answered(loaded, "live")
        return _whole(loaded, request_id, answers.joined())
    if running.about.kind == "canary":
        return _in_two_arms(ask, loaded, running)
    answers = ask.answered(loaded, "live")
    service.silent.hand(lambda: ask.silently(running.loaded))
    return _whole(loaded, request_id, answers.joined())


def _whole(loaded: Loaded, request_id: str, predictions: bytes) -> bytes:
    """Return the body of an answer."""
    answer = {
        "release": loaded.id,
        "request": request_id,
        "predictions": msgspec.Raw(b"[%b]" % predictions),
        "answered_by": loaded.answerer.answered_by,
    }
    return msgspec.json.encode(answer)


def _in_two_arms(ask: Asking, live: Loaded, running: Running) -> bytes:
    """Answer the canary's cases by it, the others by the live release; each row says by which.

    The live release answers the canary's rows too, silently: only so can the two be compared on the same
    rows. Where the canary fails, the live release answers.
    """
    own, tried = split([running.takes(row) for row in ask.given.each()])
    found = dict(zip(own, _marked(ask.answered(live, "live", own), live, "live"), strict=True))
    if tried:
        try:
            answers = _marked(ask.answered(running.loaded, "canary", tried), running.loaded, "canary")
            ask.service.silent.hand(lambda: ask.silently(live, tried))
        except Exception:  # whatever a challenger does, the caller gets an answer
            _log.exception("request %s: the canary failed, the live release answers", ask.request)
            answers = _marked(ask.answered(live, "live", tried), live, "live")
        found |= dict(zip(tried, answers, strict=True))
    alone = live if own or not tried else running.loaded
    return _whole(alone, ask.request, b",".join(found[place] for place in range(ask.given.count)))


def _marked(answers: Answers, loaded: Loaded, role: str) -> list[bytes]:
    """Return the words of answers with the release and its role."""
    mark = b',"release":%b,"role":%b}' % (msgspec.json.encode(loaded.id), msgspec.json.encode(role))
    return [words[:-1] + mark for words in answers.words()]


@dataclass(frozen=True, slots=True)
class Asking:
    """One request: who asks what, and where its answers are written down."""

    service: Service
    request: str
    client: str
    given: Rows

    def answered(self, loaded: Loaded, role: str, places: Sequence[int] | None = None) -> Answers:
        """Let a release answer the rows at some places, all by default, and write that down."""
        given = self.given if places is None else self.given.at(places)
        typed = typed_rows(loaded, given)
        answers = asked(loaded, typed)
        if self.service.log is not None and answers.outcome:
            self.service.log.add(self._written(loaded, role, places, given, typed, answers))
        return answers

    def silently(self, loaded: Loaded, places: Sequence[int] | None = None) -> None:
        """Let a release answer for the log alone."""
        self.answered(loaded, "shadow", places)

    def _written(
        self,
        loaded: Loaded,
        role: str,
        places: Sequence[int] | None,
        given: Rows,
        typed: Typed,
        answers: Answers,
    ) -> Answered:
        """Return what is written down."""
        alone = typed.alone
        return Answered(
            request=self.request,
            at=self.service.project.clock().timestamp(),
            release=loaded.id,
            client=self.client,
            role=role,
            rows=range(len(answers.outcome)) if places is None else places,
            columns=typed.columns if alone is None else {name: (cell,) for name, cell in alone.items()},
            given=given.fields(loaded.kept),
            outcome=answers.outcome,
            probability=answers.probability,
        )
