"""``/alerts``: what people were told."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask.typing import ResponseReturnValue

from vigil.ledger.schema import messages
from vigil.ledger.shelf import Shelf
from vigil.web.asof import seconds
from vigil.web.negotiation import answer
from vigil.web.service import Service

#: What one answer lists.
MOST = 200


def blueprint(service: Service) -> APIBlueprint:
    """Build the endpoint."""
    routes = APIBlueprint("alerts", __name__)

    @routes.get("/alerts")
    @routes.doc(summary="The newest alerts first, 200 at most", responses={200: "Alerts"})
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
