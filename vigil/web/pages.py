"""What every page shows around its own content: where one can go, and how actions are called."""

from __future__ import annotations

from typing import Any

from flask import request

#: The pages that are linked at the top.
PAGES = (
    ("/", "Overview"),
    ("/runs", "Runs"),
    ("/models", "Models"),
    ("/faults", "Faults"),
    ("/quarantine", "Quarantine"),
    ("/alerts", "Alerts"),
    ("/docs", "API"),
)

#: What the buttons say.
LABELS = {
    "run": "Start a tick",
    "pause": "Pause scheduled ticks",
    "resume": "Resume ticks",
    "rollback": "Roll back",
    "acknowledge": "Acknowledge the incident",
    "repair": "Repair the rows",
    "dismiss": "Dismiss",
    "confirm": "Confirm",
    "undo": "Take it back",
}

#: What is asked before something that is not taken back with one more click.
QUESTIONS = {
    "rollback": "The release before the live one answers again, and the live one is held: it is not promoted "
    "again until a person lifts it. The batches since then are judged anew.",
    "acknowledge": "The incident is closed as understood: no challenger is tried for it any more. What the "
    "alarm knows begins anew with the next batch.",
    "repair": "Repaired rows are put into the table as a new version, and the batch is scored again. "
    "The rows as they came are kept, so that it can be taken back.",
    "dismiss": "The data is meant to be like this: the batch may train, and the same fault on the same "
    "columns is not named again. It can be taken back.",
    "confirm": "The suspicion is right: the batch is kept out of training from now on, until it is repaired "
    "or dismissed.",
    "undo": "The rows are put back as they came, or the dismissal is taken back.",
}


def surroundings() -> dict[str, Any]:
    """Return what templates are given besides their own values."""
    first = "/" + request.path.strip("/").partition("/")[0]
    return {"pages": PAGES, "here": first, "acts": LABELS, "questions": QUESTIONS}
