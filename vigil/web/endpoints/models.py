"""``/models``: every release that was trained, and what became of it."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from vigil.bundles import trial
from vigil.ledger.glance import TRIAL
from vigil.ledger.ledger import Ledger
from vigil.ledger.schema import batches
from vigil.ledger.shelf import Row
from vigil.web.asof import batch_names, seconds
from vigil.web.negotiation import answer
from vigil.web.routes import HTML, JSON, Routes
from vigil.web.service import Service
from vigil.web.shapes import ANYTHING, NUMBER, TEXT, TIME, WHOLE, by_name, listed, maybe, record

#: Decisions that are looked back on.
GATES = 500
#: What the gate's decision about a release rests on.
_GATE = ("champion", "challenger", "scores", "score", "baseline", "lower_bound", "p_value", "level", "rows")

RELEASE = record(
    id=TEXT,
    model=TEXT,
    state=TEXT,
    created=maybe(TIME),
    live_since=maybe(TIME),
    trained_rows=maybe(WHOLE),
    through=maybe(TEXT),
    features=maybe(ANYTHING),
    threshold=maybe(NUMBER),
    reference=maybe(NUMBER),
    interval=maybe(listed(NUMBER)),
    baseline=maybe(NUMBER),
    size_bytes=maybe(WHOLE),
    reason=TEXT,
)
ANSWER = record(
    live=maybe(TEXT),
    trial=maybe(TEXT),
    releases=listed(
        {**RELEASE, "properties": {**RELEASE["properties"], "gate": maybe(by_name(ANYTHING))}},
    ),
)
EXAMPLE = {
    "live": "3f9c01aa52d7",
    "trial": None,
    "releases": [
        {
            "id": "3f9c01aa52d7",
            "model": "logistic",
            "state": "live",
            "created": "2026-05-31T06:10:00Z",
            "live_since": "2026-05-31T06:10:02Z",
            "trained_rows": 9600,
            "through": "2026-05.csv",
            "features": 3,
            "threshold": 0.41,
            "reference": 0.752,
            "interval": [0.722, 0.78],
            "baseline": 0.33,
            "size_bytes": 20480,
            "reason": "logistic on all rows",
            "gate": {"outcome": "promote", "score": 0.752, "baseline": 0.33, "rows": 2400},
        }
    ],
}


def blueprint(service: Service) -> Routes:
    """Build the endpoint."""
    routes = Routes("models", __name__)

    @routes.get("/models")
    @routes.doc(
        summary="Every release, newest first",
        responses={200: "Releases, and which is live"},
        answer=ANSWER,
        example=EXAMPLE,
        produces=(JSON, HTML),
    )
    def models() -> ResponseReturnValue:
        return answer(releases(service), "models.html", project=service.project.name)

    return routes


def releases(service: Service) -> dict[str, Any]:
    """Return the live release's id and every release."""
    ledger = service.project.ledger
    rows = ledger.releases.all()
    about = batches.c.order.in_({row["through"] for row in rows})
    names = {batch["order"]: batch["name"] for batch in batch_names(ledger, about).values()}
    judged = gates(ledger)
    shown = [{**release(row, names), "gate": judged.get(row["id"])} for row in rows]
    on_trial = ledger.facts.get(TRIAL) if trial.is_on(service.project.production) else None
    return {"live": service.live.snapshot().release, "trial": on_trial, "releases": shown}


def gates(ledger: Ledger) -> dict[str, dict[str, Any]]:
    """Return the newest decision at the gate about each release that stood before it."""
    found: dict[str, dict[str, Any]] = {}
    for row in ledger.decisions.gates(GATES):
        evidence = {key: row["evidence"][key] for key in _GATE if key in row["evidence"]}
        about = str(evidence.get("challenger", row["release"]))
        found.setdefault(about, {"outcome": row["outcome"], "reason": row["reason"], **evidence})
    return found


def release(row: Row, names: dict[int, str]) -> dict[str, Any]:
    """Return what is known of one release."""
    reference, facts = row["reference"], row["facts"]
    return {
        **{key: row[key] for key in ("id", "model", "state")},
        "created": seconds(row["created"]),
        "live_since": seconds(row["live_since"]),
        "trained_rows": facts.get("trained_rows"),
        "through": facts.get("through_name") or names.get(row["through"]),
        **{key: facts.get(key) for key in ("features", "threshold")},
        "reference": reference.get("score"),
        **{key: reference.get(key) for key in ("interval", "baseline")},
        "size_bytes": facts.get("size_bytes"),
        "reason": row["reason"],
    }
