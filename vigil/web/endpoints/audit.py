"""``/audit``: who did what, and when."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from vigil.web.asof import positive, seconds
from vigil.web.negotiation import answer
from vigil.web.routes import HTML, JSON, Routes
from vigil.web.service import Service
from vigil.web.shapes import TEXT, TIME, counted, listed, record

#: What one answer may list.
MOST = 1000

ANSWER = record(audit=listed(record(at=TIME, who=TEXT, address=TEXT, what=TEXT, outcome=TEXT, details=TEXT)))
EXAMPLE = {
    "audit": [
        {
            "at": "2026-05-31T06:10:00Z",
            "who": "anna (5d01c0ff)",
            "address": "127.0.0.1",
            "what": "rollback",
            "outcome": "done",
            "details": "",
        }
    ]
}


def blueprint(service: Service) -> Routes:
    """Build the endpoint."""
    routes = Routes("audit", __name__)

    @routes.get("/audit")
    @routes.doc(
        summary="Who did what, newest first",
        description="`?limit=100`, 1000 at most.",
        responses={200: "Acts"},
        answer=ANSWER,
        example=EXAMPLE,
        query={"limit": counted(MOST)},
        need="admin",
        produces=(JSON, HTML),
    )
    def audit() -> ResponseReturnValue:
        limit = positive(request.args.get("limit", "100"), "limit", most=MOST)
        return answer({"audit": newest(service, limit)}, "audit.html", project=service.project.name)

    return routes


def newest(service: Service, limit: int) -> list[dict[str, Any]]:
    """Return the newest acts first."""
    rows = service.project.ledger.audits.newest(limit)
    return [{**row, "at": seconds(row["at"])} for row in rows]
