"""``/``: the first page, for a person who has ten seconds."""

from __future__ import annotations

from typing import Any

from flask import render_template

from vigil.web.asof import NOW
from vigil.web.curve import curve
from vigil.web.endpoints.diagnostics import advice
from vigil.web.endpoints.models import releases
from vigil.web.endpoints.runs import overview
from vigil.web.endpoints.scoring import standing
from vigil.web.routes import HTML, Routes
from vigil.web.service import Service

#: Rows of each table on the page; the linked pages have all.
BATCHES, RELEASES, RUNS = 8, 5, 5

HEADLINES = {
    "steady": "There is no sign that the model has become worse.",
    "watch": "The model may be getting worse.",
    "degraded": "The model has become worse.",
    "insufficient data": "There is not enough labelled data to tell yet.",
}

NEXT = {
    "steady": "Nothing. The next tick looks again.",
    "watch": "Nothing yet. The next labelled batches decide; see that they arrive.",
    "degraded": "Read the newest run: it says which challengers were tried and what the gate decided.",
    "insufficient data": "Let more labelled rows arrive. Predictions are answered meanwhile.",
}


def blueprint(service: Service) -> Routes:
    """Build the page."""
    routes = Routes("front", __name__)

    @routes.get("/")
    @routes.doc(summary="The first page", responses={200: "A page for people"}, produces=(HTML,))
    def front() -> str:
        return render_template("front.html", **content(service))

    return routes


def content(service: Service) -> dict[str, Any]:
    """Return what the page shows."""
    now = standing(service, NOW)
    runs = [overview(row) for row in service.project.ledger.runs.latest(limit=RUNS)]
    return {
        **now,
        "title": service.project.metric(now["task"]).title if now["task"] else "Score",
        "headline": headline(now),
        "slug": "empty" if now["release"] is None else now["verdict"].replace(" ", "-"),
        "curve": curve(now["history"]),
        "batches": now["history"][-BATCHES:][::-1],
        "releases": releases(service)["releases"][:RELEASES],
        "runs": runs,
        "steps": advice(service.project.ledger),
        "next_step": NEXT[now["verdict"]],
        "is_empty": not runs and now["release"] is None,
        "input_folder": service.project.config.input_folder_path,
    }


def headline(now: dict[str, Any]) -> str:
    """Return the verdict as one sentence."""
    if now["release"] is None:
        return "No model is deployed yet."
    if now["score"] is None and now["batch"] is None:
        return "A new model is live and waits for its first labelled batch."
    return HEADLINES[now["verdict"]]
