"""``/models``: every release that was trained, and what became of it."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask.typing import ResponseReturnValue

from vigil.ledger.shelf import Row
from vigil.web.asof import batch_names, seconds
from vigil.web.negotiation import answer
from vigil.web.service import Service


def blueprint(service: Service) -> APIBlueprint:
    """Build the endpoint."""
    routes = APIBlueprint("models", __name__)

    @routes.get("/models")
    @routes.doc(summary="Every release, newest first", responses={200: "Releases, and which is live"})
    def models() -> ResponseReturnValue:
        return answer(releases(service), "models.html", project=service.project.name)

    return routes


def releases(service: Service) -> dict[str, Any]:
    """Return the live release's id and every release."""
    ledger = service.project.ledger
    names = {batch["order"]: batch["name"] for batch in batch_names(ledger).values()}
    shown = [_release(row, names) for row in ledger.releases.all()]
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
