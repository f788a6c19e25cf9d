"""What holds a proposal back whatever the policy says: a pause, a cool-down, a limit for each day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from vigil import figures
from vigil.ledger.shelf import timestamp
from vigil.policies import Proposal

if TYPE_CHECKING:
    from vigil.project import Project

#: The fact in the ledger that says since when training is paused; empty when it is not.
PAUSED = "training_paused"


def passed(project: Project, proposal: Proposal) -> Proposal:
    """Return the proposal, or one of nothing that says what held it back."""
    why = held_back(project, proposal) if proposal.action != "nothing" else None
    return proposal if why is None else Proposal("nothing", f"{proposal.reason} Held back: {why}")


def held_back(project: Project, proposal: Proposal) -> str | None:
    """Return in words why a proposal is not followed now; None when it is.

    Votes of past releases cost no fit and follow each batch, and a step back must not wait: both are held
    back by a pause alone.
    """
    since = project.ledger.facts.get(PAUSED)
    if since:
        return f"paused since {figures.moment(since)}; python deployment.py --resume ends it."
    if proposal.action in ("renew", "restore"):
        return None
    config = project.config
    if config.cool_down and _promotions(project, timedelta(hours=config.cool_down)):
        return f"a release went live within the last {config.cool_down:g} hours (cool_down)."
    made = _promotions(project, timedelta(days=1))
    if config.promotions_a_day and made >= config.promotions_a_day:
        return f"{figures.counted(made, 'release')} went live within a day (promotions_a_day)."
    return None


def pause(project: Project) -> str:
    """Pause training and deploying until it is resumed; return what to tell the person."""
    since = project.ledger.facts.get(PAUSED) or timestamp(project.clock())
    project.ledger.facts.set(**{PAUSED: since})
    goes_on = "batches are scored, alarms are raised, and nothing is trained or deployed."
    return f"paused since {figures.moment(since)}: {goes_on}"


def resume(project: Project) -> str:
    """End a pause; return what to tell the person."""
    was = project.ledger.facts.get(PAUSED)
    project.ledger.facts.set(**{PAUSED: ""})
    return "resumed: the next batch is decided about as usual." if was else "was not paused."


def advice(project: Project) -> list[dict[str, str]]:
    """Advise on a pause that lasts."""
    since = project.ledger.facts.get(PAUSED)
    if not since:
        return []
    since = figures.moment(since)
    what = f"Training is paused since {since}: batches are scored, and nothing is trained or deployed."
    return [{"severity": "warn", "what": what, "do": "python deployment.py --resume ends the pause."}]


def _promotions(project: Project, within: timedelta) -> int:
    """Return how many releases that were fitted went live within a time; votes do not count."""
    begun = timestamp(project.clock() - within)
    gates = [row for row in project.ledger.decisions.find() if row["kind"] == "gate" and row["at"] > begun]
    return sum(row["outcome"] == "promote" and "recipe" not in row["evidence"] for row in gates)
