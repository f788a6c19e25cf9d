"""``/models/ID/card``: the model card of a release."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from markupsafe import Markup

from vigil import cards
from vigil.web.errors import Refusal
from vigil.web.negotiation import answer, prefers_html
from vigil.web.routes import HTML, JSON, Routes
from vigil.web.service import Service
from vigil.web.shapes import ANYTHING, TEXT, by_name, listed, maybe, record

ANSWER = record(
    project=TEXT,
    release=TEXT,
    purpose=TEXT,
    model=TEXT,
    state=TEXT,
    target=TEXT,
    task=maybe(TEXT),
    metric=maybe(TEXT),
    **dict.fromkeys(("data", "settings", "reference", "details", "met", "slices"), by_name(ANYTHING)),
    features=listed(ANYTHING),
    limits=listed(TEXT),
    history=listed(ANYTHING),
)
EXAMPLE = {
    "project": "attrition",
    "release": "3f9c01aa52d7",
    "purpose": "Names customers to call; decides nothing alone.",
    "model": "logistic",
    "state": "live",
    "target": "left",
    "task": "binary",
    "metric": "f1",
    "data": {"rows": 9600, "files_in_all": 5, "files": [], "contract": 1, "holdout": 0.2},
    "settings": {"params": {"C": 1.0}, "threshold": 0.41, "seed": 0},
    "features": [{"name": "staff", "kind": "number", "minimum": 1.0, "maximum": 990.0}],
    "reference": {"score": 0.752, "interval": [0.722, 0.78], "rows": 2400, "baseline": 0.33},
    "details": {},
    "met": {"batches": 3, "lowest": 0.71, "highest": 0.76, "latest": 0.74, "verdict": "steady"},
    "slices": {},
    "limits": ["It has met no batch with labels yet."],
    "history": [],
}


def blueprint(service: Service) -> Routes:
    """Build the endpoint."""
    routes = Routes("card", __name__)

    @routes.get("/models/<release>/card")
    @routes.doc(
        summary="The model card of a release",
        description="Purpose, training data, settings, features, scores, slices, limits, decisions.",
        responses={200: "The card", 404: "No such release"},
        answer=ANSWER,
        example=EXAMPLE,
        produces=(JSON, HTML),
    )
    def card(release: str) -> ResponseReturnValue:
        if service.project.ledger.releases.get(release) is None:
            raise Refusal(
                404, "no-such-release", f"There is no release {release}.", "GET /models lists them."
            )
        found = cards.gathered(service.project, release)
        # Its writer escapes every word of it.
        body = {"body": Markup(cards.body(found))} if prefers_html() else {}  # noqa: S704
        return answer(found, "card.html", **body)

    return routes
