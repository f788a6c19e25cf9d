"""``/healthz``: the process lives. ``/readyz``: it can answer predictions. Both need no token."""

from __future__ import annotations

from typing import Any

from flask import request

from vigil.ledger.glance import IDLE
from vigil.web.errors import Refusal
from vigil.web.routes import Routes
from vigil.web.service import Service
from vigil.web.shapes import ANYTHING, FLAG, TEXT, choice, maybe, record
from vigil.web.standing import is_recent


def blueprint(service: Service) -> Routes:
    """Build the endpoints."""
    routes = Routes("health", __name__)

    @routes.get("/healthz")
    @routes.doc(
        summary="Whether the process lives",
        responses={200: "It does"},
        answer=record(status=choice("ok"), instance=TEXT),
        example={"status": "ok", "instance": "0b6f1c0d6f5e4e0f9d6d1f0c3b2a1908"},
        need="public",
    )
    def healthz() -> dict[str, Any]:
        return {"status": "ok", "instance": service.instance}

    @routes.get("/readyz")
    @routes.doc(
        summary="Whether predictions can be answered",
        description="With `?ticks` it is also asked for that ticks come as scheduled.",
        responses={200: "They can; `notice` says when a newer release is damaged", 503: "They cannot"},
        answer=record(status=choice("ready"), release=TEXT, notice=maybe(TEXT), tick_is_recent=FLAG),
        query={"ticks": ANYTHING},
        example={"status": "ready", "release": "3f9c01aa52d7", "notice": None, "tick_is_recent": True},
        need="public",
    )
    def readyz() -> dict[str, Any]:
        service.project.ledger.facts.get(IDLE)
        recent = is_recent(service)
        if "ticks" in request.args and not recent:
            raise Refusal(
                503, "ticks-overdue", "No tick has looked lately.", "See cron, or app.py --schedule."
            )
        snapshot = service.live.snapshot()
        if snapshot.loaded is None:
            raise Refusal(503, "not-ready", snapshot.notice or "Nothing is deployed yet.", FIRST_STEP)
        return {
            "status": "ready",
            "release": snapshot.loaded.id,
            "notice": snapshot.notice,
            "tick_is_recent": recent,
        }

    return routes


#: What brings a first release about.
FIRST_STEP = "Put a file with labelled rows into the input folder; the next tick trains a first model."
