"""``/summarystats``: every column in numbers, of the whole table or of one batch."""

from __future__ import annotations

from typing import Any

from flask import request

from vigil import contract
from vigil.ledger.ledger import Ledger
from vigil.profiles import Profile, summary
from vigil.project import Project
from vigil.web.asof import as_of
from vigil.web.errors import Refusal
from vigil.web.routes import Routes
from vigil.web.service import Service
from vigil.web.shapes import ANYTHING, NUMBER, RUN, TEXT, WHOLE, by_name, choice, listed, maybe, record

_UNKNOWN_PLACE = 10**9

_COLUMN = record(
    name=TEXT,
    kind=TEXT,
    role=maybe(TEXT),
    count=WHOLE,
    missing=WHOLE,
    missing_share=maybe(NUMBER),
    **dict.fromkeys(("mean", "median", "std", "minimum", "maximum", "zeros", "distinct"), maybe(NUMBER)),
    distinct_error=maybe(NUMBER),
    length=maybe(by_name(maybe(NUMBER))),
    quantiles=maybe(by_name(maybe(NUMBER))),
    most_frequent=ANYTHING,
    most_frequent_about=ANYTHING,
    most_frequent_rows=maybe(listed(WHOLE)),
)
ANSWER = record(
    project=TEXT,
    scope=choice("table", "batch"),
    batch=maybe(record(id=TEXT, name=TEXT, order=WHOLE, rows=WHOLE, labelled=WHOLE)),
    rows=WHOLE,
    columns=listed(_COLUMN),
)
EXAMPLE = {
    "project": "attrition",
    "scope": "table",
    "batch": None,
    "rows": 12000,
    "columns": [
        {
            "name": "staff",
            "kind": "number",
            "role": "feature",
            "count": 11988,
            "missing": 12,
            "missing_share": 0.001,
            "mean": 41.2,
            "median": 22.0,
            "std": 60.1,
            "minimum": 1.0,
            "maximum": 990.0,
            "quantiles": {"0.25": 10.0, "0.75": 48.0},
            "zeros": 0,
            "distinct": 611,
            "distinct_error": 0.127,
            "length": None,
            "most_frequent": None,
            "most_frequent_about": None,
            "most_frequent_rows": None,
        }
    ],
}


def blueprint(service: Service) -> Routes:
    """Build the endpoint."""
    routes = Routes("summarystats", __name__)
    project = service.project

    @routes.get("/summarystats")
    @routes.doc(
        summary="Statistics of every column",
        description="`?batch=ID` of one batch; `?run=ID` of the table after that run.",
        responses={200: "Rows and columns", 404: "No such batch or run"},
        answer=ANSWER,
        example=EXAMPLE,
        query={"batch": TEXT, "run": RUN},
    )
    def summarystats() -> dict[str, Any]:
        if "batch" in request.args:
            return _of_batch(project, request.args["batch"])
        order = as_of(project.ledger, request.args).last_order(project.ledger)
        return _answer(project, service.profiles.through(order), None)

    return routes


def _of_batch(project: Project, batch: str) -> dict[str, Any]:
    """Return the statistics of one batch. Raises Refusal when there is none of that id."""
    found = project.ledger.batches.get(batch)
    if found is None:
        raise Refusal(404, "no-such-batch", "There is no batch of that id.", "GET /runs/ID lists them.")
    about = {key: getattr(found, key) for key in ("id", "name", "order", "rows", "labelled")}
    return _answer(project, profile_of(project.ledger, batch), about)


def profile_of(ledger: Ledger, batch: str) -> Profile:
    """Return one batch's profile."""
    return Profile.from_json(ledger.batches.profiles(only=batch)[0])


def _answer(project: Project, profile: Profile | None, batch: dict[str, Any] | None) -> dict[str, Any]:
    """Return the statistics in the order of the contract's columns."""
    known = contract.load(project.output)
    roles = {column.name: column.role for column in known.columns} if known else {}
    places = {name: place for place, name in enumerate(roles)}
    columns = [
        {"name": found["name"], "kind": found["kind"], "role": roles.get(found["name"]), **found}
        for found in (summary(profile) if profile else [])
    ]
    return {
        "project": project.name,
        "scope": "batch" if batch else "table",
        "batch": batch,
        "rows": profile.rows if profile else 0,
        "columns": sorted(columns, key=lambda column: places.get(column["name"], _UNKNOWN_PLACE)),
    }
