"""``/alerts``: what people were told, whether it arrived, and who knows of it."""

from __future__ import annotations

from typing import Any

from flask import jsonify, redirect, request
from flask.typing import ResponseReturnValue

from vigil.web.asof import seconds
from vigil.web.errors import Refusal
from vigil.web.negotiation import answer, prefers_html
from vigil.web.routes import HTML, JSON, Routes
from vigil.web.security import holder, write_down
from vigil.web.service import Service
from vigil.web.shapes import TEXT, TIME, WHOLE, choice, listed, maybe, record

#: What one answer lists of alerts, and of messages.
MOST = 200

#: What an alert says, as the ledger has it.
WORDS = ("id", "kind", "subject", "severity", "state", "title", "what", "sure", "do", "page")
TIMES = ("since", "raised", "told", "ended")
SENT = ("id", "alert", "channel", "event", "severity", "state", "attempts", "error")

_ALERT = record(
    **dict.fromkeys(WORDS, TEXT), since=TIME, raised=TIME, told=TIME, ended=maybe(TIME), acknowledged_by=TEXT
)
_MESSAGE = record(
    **(dict.fromkeys(SENT, TEXT) | {"attempts": WHOLE}), title=TEXT, at=TIME, due=TIME, ended=maybe(TIME)
)
ANSWER = record(alerts=listed(_ALERT), messages=listed(_MESSAGE))
_ID = "3b1f0c52a8e94d10b7a6c3f0d2e45a91"
EXAMPLE = {
    "alerts": [
        {
            "id": _ID,
            "kind": "incident",
            "subject": "3f9c01aa52d7-5",
            "severity": "critical",
            "state": "open",
            "title": "The live model has become worse.",
            "what": "F1 0.55 is below the level 0.70. Probably since 2026-05.csv.",
            "sure": "the evidence is 900, an alarm is raised at 200.",
            "do": "Read what was tried: python fullprocess.py --explain 5.",
            "page": "/runs/5",
            "since": "2026-05-31T06:10:00Z",
            "raised": "2026-05-31T06:10:02Z",
            "told": "2026-05-31T06:10:02Z",
            "ended": None,
            "acknowledged_by": "",
        }
    ],
    "messages": [
        {
            "id": "9d0c6ab1f3e24c7788aa10b2c3d4e5f6",
            "alert": _ID,
            "channel": "mail",
            "event": "raised",
            "severity": "critical",
            "state": "delivered",
            "attempts": 1,
            "error": "",
            "title": "The live model has become worse.",
            "at": "2026-05-31T06:10:02Z",
            "due": "2026-05-31T06:10:02Z",
            "ended": "2026-05-31T06:10:03Z",
        }
    ],
}


def blueprint(service: Service) -> Routes:
    """Build the endpoint, and the action that belongs to it."""
    routes = Routes("alerts", __name__)

    @routes.get("/alerts")
    @routes.doc(
        summary="The newest alerts and messages first, 200 at most",
        description="Messages are in the outbox until they are `delivered`; `failed` ones were set aside.",
        responses={200: "Alerts"},
        answer=ANSWER,
        example=EXAMPLE,
        produces=(JSON, HTML),
    )
    def alerts() -> ResponseReturnValue:
        has_channels = bool(service.project.config.alerts.get("channels"))
        return answer(newest(service), "alerts.html", project=service.project.name, has_channels=has_channels)

    @routes.post("/actions/acknowledge-alert")
    @routes.doc(
        summary="Say that somebody knows of an alert, so that it is not repeated",
        description="`?alert=ID`, or the field `alert` of a form.",
        responses={
            200: "It is acknowledged",
            303: "The same, for a page's form: back to the alerts",
            404: "No open alert has this id",
        },
        query={"alert": TEXT},
        answer=record(alert=TEXT, state=choice("acknowledged")),
        example={"alert": _ID, "state": "acknowledged"},
        need="admin",
    )
    def acknowledge() -> ResponseReturnValue:
        said = acknowledged(service, request.values.get("alert", ""))
        return redirect("/alerts", 303) if prefers_html() else jsonify(said)

    return routes


def newest(service: Service) -> dict[str, Any]:
    """Return the newest alerts and messages first."""
    ledger = service.project.ledger
    return {
        "alerts": [_alert(row) for row in ledger.alerts.newest(MOST)],
        "messages": [_message(row) for row in ledger.messages.newest(MOST)],
    }


def acknowledged(service: Service, alert: str) -> dict[str, str]:
    """Mark an open alert as known to whoever asks. Raises Refusal when there is none of that id."""
    who = holder().label
    count = service.project.ledger.alerts.acknowledge(alert[:64], by=who)
    write_down(service, who, "acknowledge-alert", "done" if count else "failed", alert[:64])
    if not count:
        raise Refusal(404, "no-such-alert", "No open alert has this id.", "GET /alerts lists them.")
    return {"alert": alert, "state": "acknowledged"}


def _alert(row: dict[str, Any]) -> dict[str, Any]:
    times = {name: seconds(row[name]) for name in TIMES}
    return {**{name: row[name] for name in WORDS}, **times, "acknowledged_by": row["acknowledged_by"]}


def _message(row: dict[str, Any]) -> dict[str, Any]:
    times = {name: seconds(row[name]) for name in ("at", "due", "ended")}
    return {**{name: row[name] for name in SENT}, "title": row["body"].get("title", ""), **times}
