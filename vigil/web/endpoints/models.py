"""``/models``: every release that was trained, and what became of it."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from vigil.ledger.schema import batches
from vigil.ledger.shelf import Row
from vigil.web.asof import batch_names, seconds
from vigil.web.negotiation import answer
from vigil.web.routes import HTML, JSON, Routes
from vigil.web.service import Service
from vigil.web.shapes import ANYTHING, NUMBER, TEXT, TIME, WHOLE, listed, maybe, record

ANSWER = record(
    live=maybe(TEXT),
    releases=listed(
        record(
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
    ),
)
EXAMPLE = {
    "live": "3f9c01aa52d7",
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
    shown = [_release(row, names) for row in rows]
    return {"live": service.live.snapshot().release, "releases": shown}


def _release(row: Row, names: dict[int, str]) -> dict[str, Any]:
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
