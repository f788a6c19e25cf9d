"""How a run's decisions are said on the console, and a run in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vigil.records import LABELLED_SHARE

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


def too_little(score: dict[str, Any]) -> tuple[str, str]:
    """Say of a score without a verdict what is wanting, and what helps."""
    what = "There is too little data to judge the live model."
    if score["labelled"] < score["rows"] * LABELLED_SHARE:
        missing = f"{score['labelled']:,} of {score['rows']:,} rows of the newest batch have a label."
        return f"{what} {missing}", (
            "Send the other labels as outcomes. Where none will come, bring rows with a label and rows "
            "without one in files of their own: a file counts when nearly all of its rows have one."
        )
    if score["level"] is None:
        few = "Too few rows were held out when it was trained, and no alarm can be raised about it."
        return f"{what} {few}", "When more labelled rows are in: python fullprocess.py --force-retrain"
    return what, "Bring more labelled rows, or raise 'max_drop' or 'tolerance'."


def summary(arrivals: list[Arrival], decided: list[dict[str, Any]]) -> str:
    """Say a run in one line."""
    counts: dict[str, int] = {}
    for arrival in arrivals:
        counts[arrival.status] = counts.get(arrival.status, 0) + 1
    parts = [f"{count} {status}" for status, count in counts.items()]
    promoted = sum(row["outcome"] == "promote" for row in decided)
    parts += [f"{promoted} promoted"] if promoted else []
    return ", ".join(parts) or ("nothing promoted" if decided else "nothing new")
