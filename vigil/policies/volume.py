"""Refresh when enough new rows have come, and answer alarms as the default policy does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigil.policies import Proposal, Situation, vigil

#: ``share``: new labelled rows, as a share of the rows that the live release was trained on.
OPTIONS: Mapping[str, Any] = {"share": 1.0, "growth": vigil.OPTIONS["growth"]}


def propose(situation: Situation, options: Mapping[str, Any]) -> Proposal:
    """Propose a refresh at the volume asked for, unless an alarm calls for more."""
    if situation.incident_open:
        return vigil.answered(situation, options["growth"])
    needed = int(options["share"] * situation.trained_rows)
    if situation.rows_since_training >= needed:
        return Proposal(
            "refresh", f"{situation.rows_since_training:,} new rows since training: a refresh is due."
        )
    return Proposal("nothing", f"{situation.rows_since_training:,} of {needed:,} new rows for a refresh.")
