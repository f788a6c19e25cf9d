"""``POST /outcomes``: what came of rows that were answered, by their request or by their key."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from flask import g, request

from vigil.contract import cells
from vigil.records import Contract
from vigil.web.bodies import MAX_ROWS
from vigil.web.errors import Refusal
from vigil.web.routes import Routes
from vigil.web.service import Service
from vigil.web.shapes import TEXT, WHOLE, listed, record

if TYPE_CHECKING:
    from vigil.outcomes.store import Outcome

_log = logging.getLogger(__name__)

_SCALAR = {"type": ["string", "number", "boolean"]}
_ONE = {
    "type": "object",
    "required": ["outcome"],
    "additionalProperties": False,
    "properties": {
        "outcome": _SCALAR,
        "request": TEXT,
        "row": {"type": "integer", "minimum": 0},
        "key": {"anyOf": [_SCALAR, {"type": "object", "additionalProperties": _SCALAR}]},
        "valid_for": TEXT,
    },
}

#: The body as OpenAPI describes it.
REQUEST_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "example": {"outcomes": [{"key": "corp-0412", "outcome": "1", "valid_for": "2026-05-31"}]},
            "schema": {
                "type": "object",
                "required": ["outcomes"],
                "additionalProperties": False,
                "properties": {"outcomes": {**listed(_ONE), "maxItems": MAX_ROWS}},
            },
        }
    },
}

#: What to do about a body that does not fit.
_FORM = 'Send {"outcomes": [{"key": KEY, "outcome": LABEL}]}; "request" and "row" may stand for the key.'


_Scalar = str | int | float | bool


class _Given(msgspec.Struct, forbid_unknown_fields=True):
    """One outcome as a client sends it."""

    outcome: _Scalar
    request: str | None = None
    row: int = 0
    key: _Scalar | dict[str, _Scalar] | None = None
    valid_for: str | None = None


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    outcomes: list[_Given]


_JSON = msgspec.json.Decoder(_Body)


def blueprint(service: Service) -> Routes:
    """Build the endpoint."""
    routes = Routes("outcomes", __name__)

    @routes.post("/outcomes")
    @routes.doc(
        summary="What came of rows that were answered; all are taken, or none",
        responses={
            200: "They are on the disk, for the next tick",
            400: "Not JSON",
            413: "The body is too large",
            415: "Not application/json",
            422: "An outcome that names no case, or no possible label",
            503: "There is no contract yet, or they cannot be written down",
        },
        body=REQUEST_BODY,
        answer=record(request=TEXT, accepted=WHOLE),
        example={"request": "5250bfff-80b7-4d8d-98ed-ecb27f5b116a", "accepted": 1},
        need="predict",
    )
    def outcomes() -> dict[str, Any]:
        from vigil.outcomes import store

        contract = _contract(service)
        now = service.project.clock().timestamp()
        received = [_read(f"Outcome {place}", one, contract, now) for place, one in enumerate(_given())]
        try:
            if received:
                store.receive(service.project.output, received)
        except OSError as error:
            _log.error("request %s: outcomes were not written down: %s", g.request_id, error)
            what = "The outcomes could not be written down; none was taken."
            raise Refusal(503, "not-written", what, "Try again later.") from None
        return {"request": g.request_id, "accepted": len(received)}

    return routes


def _contract(service: Service) -> Contract:
    from vigil import contract

    found = contract.load(service.project.output)
    if found is None:
        hint = service.project.runnable("Run: python fullprocess.py")
        raise Refusal(503, "not-ready", "There is no contract yet.", hint)
    return found


def _given() -> Sequence[_Given]:
    """Return the outcomes of the request's body."""
    if request.mimetype != "application/json":
        hint = "Send application/json."
        raise Refusal(415, "wrong-content-type", "This content type is not read here.", hint)
    try:
        given = _JSON.decode(request.get_data(cache=False)).outcomes
    except msgspec.ValidationError as error:
        raise _unusable(f"The body does not hold outcomes: {str(error).replace('`', '')}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(400, "not-json", "The body is not JSON.") from None
    if len(given) > MAX_ROWS:
        raise _unusable(f"There are more than {MAX_ROWS} outcomes.")
    return given


def _read(where: str, given: _Given, contract: Contract, now: float) -> Outcome:
    """Return one outcome, checked. Raises Refusal that names its place, from 0."""
    from vigil.outcomes.store import Outcome

    about = _about(where, given, contract)
    return Outcome(about, _label(where, given, contract), _valid(where, given), now)


def _about(where: str, given: _Given, contract: Contract) -> str:
    """Return what an outcome is about: the row of a request, else a key as the contract types it."""
    from vigil.outcomes import matching

    if (given.request is None) == (given.key is None):
        raise _unusable(f"{where} must name a request or a key, and not both.")
    if given.request is not None:
        return matching.of_request(given.request, given.row)
    key = contract.by_role("key")
    names = [column.name for column in key]
    parts = given.key if isinstance(given.key, dict) else dict.fromkeys(names[:1], given.key)
    if set(parts) != set(names) or not names:
        wanted = ", ".join(names) or "this project has none"
        raise _unusable(f"{where} does not give the whole key: {wanted}.")
    about = matching.of_key(parts, key)
    if about is None:
        raise _unusable(f"{where} has a key that cannot be read.")
    return about


def _label(where: str, given: _Given, contract: Contract) -> str:
    """Return a label that the contract knows, or a number."""
    if contract.task == "regression":
        value, rule = cells.number(given.outcome)
        label = None if rule else cells.text_of(value)
    else:
        label = cells.level(given.outcome)
        label = label if label in contract.classes else None
    if label is None:
        known = f"one of {json.dumps(contract.classes)}" if contract.classes else "a number"
        raise _unusable(f"{where} has no possible label: it must be {known}.")
    return label


def _valid(where: str, given: _Given) -> float | None:
    """Return the moment that an outcome holds for, None when it says none."""
    if given.valid_for is None:
        return None
    microseconds, rule = cells.moment(given.valid_for)
    if microseconds is None:
        raise _unusable(f"{where} has a valid_for that is {rule or 'missing'}.")
    return microseconds / 1e6


def _unusable(what: str) -> Refusal:
    return Refusal(422, "unusable-body", what, _FORM)
