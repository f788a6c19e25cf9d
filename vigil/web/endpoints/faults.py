"""``/faults``: what is broken in the feed by name, and what a person does about each."""

from __future__ import annotations

from collections.abc import Callable

from flask import jsonify, redirect
from flask.typing import ResponseReturnValue

from vigil.web.asof import NOW
from vigil.web.endpoints.actions import act
from vigil.web.endpoints.diagnostics import FAULTS, faults
from vigil.web.errors import Refusal
from vigil.web.negotiation import answer, prefers_html
from vigil.web.routes import HTML, JSON, Routes
from vigil.web.service import Service
from vigil.web.shapes import ANYTHING, FLAG, NUMBER, TEXT, WHOLE, choice, listed, record

#: What may be done about a fault, and for so many seconds an answer waits for its end.
ACTS = {
    "repair": "Repair the rows that a fault has spoilt",
    "dismiss": "Say that the data is meant to be like this, and let the batch train",
    "confirm": "Say that a suspicion is right, and keep the batch out of training",
    "undo": "Take a repair or a dismissal back",
}
PATIENCE = 30.0

ANSWER = record(
    faults=listed(
        record(
            **dict.fromkeys(("id", "fault", "state", "what", "batch", "name", "what_to_do", "command"), TEXT),
            columns=listed(TEXT),
            confidence=NUMBER,
            holds=FLAG,
            rows=WHOLE,
            evidence=ANYTHING,
        )
    )
)
EXAMPLE = {
    "faults": [
        {
            "id": "6-unit_change-1a2b",
            "fault": "unit_change",
            "state": "open",
            "what": "The unit of spend has changed (×1000) in 400 rows.",
            "batch": "5d01c0ffee12ab34",
            "name": "2026-06.csv",
            "what_to_do": "Look at the repair, then apply it.",
            "command": "python diagnostics.py --fix 6-unit_change-1a2b",
            "columns": ["spend"],
            "confidence": 0.98,
            "holds": True,
            "rows": 400,
            "evidence": {"factor": 1000},
        }
    ]
}


def blueprint(service: Service) -> Routes:
    """Build the page and its actions."""
    routes = Routes("faults", __name__)

    @routes.get("/faults")
    @routes.doc(
        summary="The newest faults of the feed, by name",
        responses={200: f"Faults, {FAULTS} at most"},
        answer=ANSWER,
        example=EXAMPLE,
        produces=(JSON, HTML),
    )
    def listing() -> ResponseReturnValue:
        found = faults(service.project, NOW)
        return answer({"faults": found}, "faults.html", project=service.project.name)

    for name, summary in ACTS.items():
        said = routes.doc(
            summary=summary,
            description="`diagnostics.py` does it in a child process; the audit log has it.",
            responses={
                200: "It is done, or goes on",
                303: "The same, for a page's form: back to the page",
                404: "No such fault",
                409: "It failed, or is at work already",
            },
            answer=record(action=choice(*ACTS), status=choice("done", "started"), said=listed(TEXT)),
            example={"action": name, "status": "done", "said": ["…"]},
            need="admin",
        )
        view = said(_view(service, name))
        routes.add_url_rule(f"/faults/<fault>/{name}", name, view, methods=["POST"])
    return routes


def _view(service: Service, name: str) -> Callable[[str], ResponseReturnValue]:
    def view(fault: str) -> ResponseReturnValue:
        if service.project.ledger.faults.get(fault) is None:
            raise Refusal(404, "no-such-fault", "There is no fault of that name.", "GET /faults lists them.")
        found = act(service, name, fault, patience=PATIENCE)
        return redirect("/faults", 303) if prefers_html() else jsonify(found)

    return view
