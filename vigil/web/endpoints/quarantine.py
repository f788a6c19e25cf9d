"""``/quarantine``: the rows that were left out and why, a page at a time."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue

from vigil.batches import export
from vigil.records import Batch
from vigil.table import quarantine
from vigil.web.asof import positive
from vigil.web.downloads import as_file
from vigil.web.errors import Refusal
from vigil.web.negotiation import answer
from vigil.web.routes import HTML, JSON, Routes
from vigil.web.service import Service
from vigil.web.shapes import RUN, TEXT, WHOLE, listed, maybe, record

#: Batches of one answer, and faulty cells of one.
BATCHES, CELLS = 50, 100
#: What is shown of a cell; the CSV file has all of it.
SHOWN = 500

ANSWER = record(
    batches=listed(record(batch=TEXT, name=TEXT, order=WHOLE, rows=WHOLE, quarantined=WHOLE)),
    older=maybe(WHOLE),
)
ONE = record(
    batch=TEXT,
    name=TEXT,
    order=WHOLE,
    quarantined=WHOLE,
    faults=listed(record(line=WHOLE, column=TEXT, value=TEXT, rule=TEXT, released=maybe(WHOLE))),
    page=WHOLE,
    next=maybe(WHOLE),
)
EXAMPLE = {"batch": "5d01c0ffee12ab34", "name": "2026-04.csv", "order": 4, "quarantined": 180}


def blueprint(service: Service) -> Routes:
    """Build the endpoints."""
    routes = Routes("quarantine", __name__)
    project = service.project

    @routes.get("/quarantine")
    @routes.doc(
        summary="Which batches left rows in quarantine",
        description=f"The newest {BATCHES} of an order below `before`; `older` is that of the next page.",
        responses={200: "Batches, newest first"},
        answer=ANSWER,
        example={"batches": [{**EXAMPLE, "rows": 2820}], "older": None},
        query={"before": RUN},
        produces=(JSON, HTML),
    )
    def listing() -> ResponseReturnValue:
        before = positive(request.args.get("before", str(2**31 - 2)), "before")
        found = project.ledger.batches.quarantined(before=before, limit=BATCHES + 1)
        shown = [{**_about(batch), "rows": batch.rows} for batch in found[:BATCHES]]
        older = found[BATCHES - 1].order if len(found) > BATCHES else None
        return answer({"batches": shown, "older": older}, "quarantine.html", project=project.name)

    @routes.get("/quarantine/<batch>")
    @routes.doc(
        summary="The faulty cells of one batch",
        description=f"{CELLS} to a page: line, column, the value as it stood, the rule. `released` is the "
        "version of the contract that let the row in.",
        responses={200: "Cells, in the order of the file", 404: "No such batch"},
        answer=ONE,
        example={
            **EXAMPLE,
            "faults": [
                {"line": 12, "column": "staff", "value": "many", "rule": "not a number", "released": None}
            ],
            "page": 1,
            "next": 2,
        },
        query={"page": RUN},
        produces=(JSON, HTML),
    )
    def one(batch: str) -> ResponseReturnValue:
        found = _batch(service, batch)
        page = positive(request.args.get("page", "1"), "page")
        return answer(cells(service, found, page), "quarantined.html", project=project.name)

    @routes.get("/quarantine/<batch>/rows.csv")
    @routes.doc(
        summary="The rows of one batch in quarantine, to correct and send again",
        description="What a spreadsheet would run as a formula has an apostrophe before it.",
        responses={200: "CSV", 404: "No such batch"},
        need="admin",
        produces=("text/csv",),
    )
    def rows(batch: str) -> Response:
        found = _batch(service, batch)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.csv"
            export.write(project.output, [found], project.contract(), path)
            return as_file(path.read_bytes(), f"quarantine-{found.id}.csv", "text/csv")

    return routes


def cells(service: Service, batch: Batch, page: int) -> dict[str, Any]:
    """Return one page of a batch's faulty cells."""
    folder, after = service.project.output / "quarantine", (page - 1) * CELLS
    found = quarantine.page(folder, batch.id, after=after, limit=CELLS + 1)
    shown = [
        {
            "line": entry["line"],
            **{key: str(entry[key])[:SHOWN] for key in ("column", "value", "rule")},
            "released": entry.get("released"),
        }
        for entry in found[:CELLS]
    ]
    return {**_about(batch), "faults": shown, "page": page, "next": page + 1 if len(found) > CELLS else None}


def _about(batch: Batch) -> dict[str, Any]:
    return {"batch": batch.id, "name": batch.name, "order": batch.order, "quarantined": batch.quarantined}


def _batch(service: Service, batch: str) -> Batch:
    found = service.project.ledger.batches.get(batch)
    if found is None:
        raise Refusal(404, "no-such-batch", "There is no batch of that id.", "GET /quarantine lists them.")
    return found
