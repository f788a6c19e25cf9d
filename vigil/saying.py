"""How a run's decisions are said on the console, and a run in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vigil.batches.arrival import Arrival
    from vigil.project import Project
    from vigil.records import Batch, Decision

#: What the console calls a decision's outcome.
SAID = {
    "nothing": "stays",
    "train-first": "train",
    "retrain": "retrain",
    "refresh": "refresh",
    "replace": "replace",
    "renew": "renew",
    "restore": "restore",
    "rollback": "restored",
    "promote": "promoted",
    "keep": "kept",
    "abstain": "kept",
    "fix": "repaired",
    "undo": "undone",
    "dismiss": "dismissed",
    "confirm": "confirmed",
}


def told(project: Project, batch: Batch, decision: Decision) -> dict[str, Any]:
    """Say a decision on the console, and return it for ``--json``."""
    project.console.say(f"  {SAID.get(decision.outcome, decision.outcome):<9} {decision.reason}")
    return {
        "batch": batch.name,
        **{k: getattr(decision, k) for k in ("kind", "outcome", "reason", "evidence")},
    }


def summary(arrivals: list[Arrival], decided: list[dict[str, Any]]) -> str:
    """Say a run in one line."""
    counts: dict[str, int] = {}
    for arrival in arrivals:
        counts[arrival.status] = counts.get(arrival.status, 0) + 1
    parts = [f"{count} {status}" for status, count in counts.items()]
    promoted = sum(row["outcome"] == "promote" for row in decided)
    parts += [f"{promoted} promoted"] if promoted else []
    return ", ".join(parts) or ("nothing promoted" if decided else "nothing new")
