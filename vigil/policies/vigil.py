"""Retrain on an alarm, and again only when the rows since the change have doubled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigil.policies import Proposal, Situation

#: ``growth``: by how much the rows since the change must grow before challengers run again.
OPTIONS: Mapping[str, Any] = {"growth": 2.0}


def propose(situation: Situation, options: Mapping[str, Any]) -> Proposal:
    """Answer an open incident with challengers, at once and then as evidence accumulates."""
    if not situation.incident_open:
        return Proposal("nothing", "No alarm: the live model stays.")
    if situation.attempts == 0:
        return Proposal("retrain", "The alarm was raised: challengers are trained.")
    needed = int(options["growth"] * situation.tried_rows)
    have = situation.rows_since_change
    if have >= needed:
        return Proposal(
            "retrain",
            f"The incident is open and {have:,} rows have come since the change: challengers are trained.",
        )
    return Proposal(
        "nothing", f"The incident is open; challengers run again at {needed:,} rows ({have:,} now)."
    )
