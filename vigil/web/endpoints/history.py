"""``/scores.csv``: every number behind the curve, for a spreadsheet."""

from __future__ import annotations

from flask import Response

from vigil.ledger.schema import batches
from vigil.web.asof import batch_names
from vigil.web.downloads import as_csv
from vigil.web.routes import Routes
from vigil.web.service import Service

#: The newest scores that one file holds.
MOST = 10_000

COLUMNS = ("order", "batch", "release", "value", "low", "high", "level", "e_value", "alarm_at", "verdict")


def blueprint(service: Service) -> Routes:
    """Build the endpoint."""
    routes = Routes("history", __name__)
    ledger = service.project.ledger

    @routes.get("/scores.csv")
    @routes.doc(
        summary="The scores of every batch as CSV",
        description=f"The newest {MOST:,}, oldest first. What a spreadsheet would run as a formula has an "
        "apostrophe before it.",
        responses={200: "CSV"},
        need="admin",
        produces=("text/csv",),
    )
    def scores() -> Response:
        found = ledger.scores.drawn(MOST)
        within = [batches.c.order.between(found[0]["order"], found[-1]["order"])] if found else []
        names = batch_names(ledger, *within)
        rows = [
            (*(row[name] for name in COLUMNS), names.get(row["batch"], {"name": ""})["name"]) for row in found
        ]
        return as_csv((*COLUMNS, "name"), rows, "scores.csv")

    return routes
