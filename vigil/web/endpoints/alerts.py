"""``/alerts``: what people were told."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from vigil.ledger.schema import messages
from vigil.ledger.shelf import Shelf
from vigil.web.asof import seconds
from vigil.web.negotiation import answer
from vigil.web.routes import HTML, JSON, Routes
from vigil.web.service import Service
from vigil.web.shapes import TEXT, TIME, listed, record

#: What one answer lists.
MOST = 200

ANSWER = record(alerts=listed(record(id=TEXT, at=TIME, severity=TEXT, what=TEXT, state=TEXT)))
EXAMPLE = {
    "alerts": [
        {
            "id": "3f9c01aa52d7-alarm",
            "at": "2026-05-31T06:10:00Z",
            "severity": "act",
            "what": "The model has become worse.",
            "state": "delivered",
        }
    ]
}


def blueprint(service: Service) -> Routes:
    """Build the endpoint."""
    routes = Routes("alerts", __name__)

    @routes.get("/alerts")
    @routes.doc(
        summary="The newest alerts first, 200 at most",
        responses={200: "Alerts"},
        answer=ANSWER,
        example=EXAMPLE,
        produces=(JSON, HTML),
    )
    def alerts() -> ResponseReturnValue:
        return answer({"alerts": newest(service)}, "alerts.html", project=service.project.name)

    return routes


def newest(service: Service) -> list[dict[str, Any]]:
    """Return the newest alerts first."""
    project = service.project
    shelf = Shelf(project.ledger.engine, messages, project.name, project.clock)
    columns = [messages.c[key] for key in ("id", "at", "severity", "what", "state")]
    rows = shelf.find(order=[messages.c.at.desc(), messages.c.id], limit=MOST, columns=columns)
    return [{**row, "at": seconds(row["at"])} for row in rows]
