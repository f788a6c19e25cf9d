"""Candidates handed from training to deployment, also where these are runs of their own."""

from __future__ import annotations

import json

from vigil.project import Project
from vigil.records import Decision
from vigil.run import Run


def over(project: Project, run: Run, plan: Decision, trained: list[str] | None) -> list[str] | None:
    """Return the candidates of a plan to decide about; None where a step that is left out has to come first.

    ``trained`` is what this run's training made, None where it was left out. Trained again, candidates
    would be the same to the byte: writing down which they were saves the time.
    """
    key = f"candidates of {plan.id}"
    decides = run.wants("deployment")
    if trained is not None and decides:
        return trained
    if trained is not None:
        project.ledger.facts.set(**{key: json.dumps(trained)})
    kept = project.ledger.facts.get(key) if decides else None
    if kept is None:
        project.console.say("  waits     The rest is done with the step that was left out.")
        return None
    found: list[str] = json.loads(kept)
    return found
