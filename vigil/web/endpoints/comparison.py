"""``/models/compare``: two releases side by side, and what the gate said of them."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from vigil.ledger.shelf import Row
from vigil.web.endpoints.models import RELEASE, release
from vigil.web.errors import Refusal
from vigil.web.negotiation import answer
from vigil.web.routes import HTML, JSON, Routes
from vigil.web.service import Service
from vigil.web.shapes import ANYTHING, TEXT, WHOLE, by_name, listed, maybe, record

#: Scores of each that are looked back on.
MET = 1000

SIDE = {**RELEASE, "properties": {**RELEASE["properties"], "met": WHOLE, "verdicts": by_name(WHOLE)}}
ANSWER = record(
    a=SIDE, b=SIDE, gates=listed(ANYTHING), others=listed(record(id=TEXT, state=TEXT)), metric=maybe(TEXT)
)


def blueprint(service: Service) -> Routes:
    """Build the page."""
    routes = Routes("comparison", __name__)

    @routes.get("/models/compare")
    @routes.doc(
        summary="Two releases side by side",
        description="`a` and `b` are releases' ids; by default the live one and the one before it.",
        responses={200: "Both, and the decisions at the gate about both", 404: "No such release"},
        answer=ANSWER,
        query={"a": TEXT, "b": TEXT},
        produces=(JSON, HTML),
    )
    def compare() -> ResponseReturnValue:
        found = compared(service, request.args.get("a"), request.args.get("b"))
        return answer(found, "compare.html", project=service.project.name)

    return routes


def compared(service: Service, first: str | None, second: str | None) -> dict[str, Any]:
    """Return both releases. Raises Refusal when there is none of that id, or none to compare with."""
    ledger = service.project.ledger
    known = {row["id"]: row for row in ledger.releases.all()}
    deployed = [row["id"] for row in ledger.releases.deployed()][:2]
    chosen = [first or next(iter(deployed[1:]), None), second or next(iter(deployed), None)]
    for one in chosen:
        if one is None or one not in known:
            what = f"There is no release {one}." if one else "There are no two releases to compare yet."
            raise Refusal(404, "no-such-release", what, "GET /models lists them.")
    a, b = (known[str(one)] for one in chosen)
    return {
        "a": _side(service, a),
        "b": _side(service, b),
        "gates": _gates(service, {a["id"], b["id"]}),
        "others": [{"id": row["id"], "state": row["state"]} for row in list(known.values())[:50]],
        "metric": b["reference"].get("metric"),
    }


def _side(service: Service, row: Row) -> dict[str, Any]:
    """Return one release, and how it did on the batches that it met."""
    met = service.project.ledger.scores.verdicts(row["id"], limit=MET)
    return {
        **release(row, {}),
        "met": len(met),
        "verdicts": {name: met.count(name) for name in dict.fromkeys(met)},
    }


def _gates(service: Service, both: set[str]) -> list[dict[str, Any]]:
    """Return the newest decisions at the gate that compared the two."""
    return [
        {**row["evidence"], "outcome": row["outcome"], "reason": row["reason"]}
        for row in service.project.ledger.decisions.gates(500)
        if {row["evidence"].get("champion"), row["evidence"].get("challenger")} == both
    ][:5]
