"""``POST /actions/…``: what a person may start from a page; each is a command in a child process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import jsonify, redirect
from flask.typing import ResponseReturnValue

from vigil.web.errors import Refusal
from vigil.web.negotiation import prefers_html
from vigil.web.routes import Routes
from vigil.web.security import holder, write_down
from vigil.web.service import Service
from vigil.web.shapes import TEXT, choice, listed, record

#: What each does, and the seconds that an answer waits for its end.
ACTIONS = {
    "run": ("Start a tick now", 1.0),
    "pause": ("Let scheduled ticks do nothing until they are resumed", 20.0),
    "resume": ("Let scheduled ticks go on", 20.0),
    "rollback": ("Put the release before the live one back", 20.0),
    "acknowledge": ("Close the open incident as understood", 20.0),
}

ANSWER = record(action=choice(*ACTIONS), status=choice("done", "started"), said=listed(TEXT))


def blueprint(service: Service) -> Routes:
    """Build one route for each action."""
    routes = Routes("actions", __name__)
    for name, (summary, _) in ACTIONS.items():
        said = routes.doc(
            summary=summary,
            description="Runs as a child process under the project's lock; the audit log has it.",
            responses={
                200: "It is done; or it goes on, and `GET /runs` will show it",
                303: "The same, for a page's form: back to the first page",
                409: "It failed, or is at work already",
            },
            answer=ANSWER,
            example={"action": name, "status": "done", "said": ["…"]},
            need="admin",
        )
        routes.add_url_rule(f"/actions/{name}", name, said(_view(service, name)), methods=["POST"])
    return routes


def _view(service: Service, name: str) -> Callable[[], ResponseReturnValue]:
    def view() -> ResponseReturnValue:
        answer = act(service, name)
        return redirect("/", 303) if prefers_html() else jsonify(answer)

    return view


def act(service: Service, name: str, *about: str, patience: float | None = None) -> dict[str, Any]:
    """Start one action and say what came of it. Raises Refusal when it failed or is at work already."""
    who, wait = holder().label, ACTIONS[name][1] if patience is None else patience
    outcome = service.children.start(name, *about, patience=wait)
    if outcome is None:
        write_down(service, who, name, "at work already")
        raise Refusal(409, "at-work", f"{name} is at work already.", "Wait until it has ended.")
    said = "\n".join(outcome.said)
    status = "started" if outcome.code is None else "failed" if outcome.code else "done"
    write_down(service, who, name, status, said)
    if outcome.code:
        what = outcome.said[-1] if outcome.said else f"{name} ended with status {outcome.code}."
        raise Refusal(409, "action-failed", what, "Nothing else was changed.")
    return {"action": name, "status": status, "said": list(outcome.said)}
