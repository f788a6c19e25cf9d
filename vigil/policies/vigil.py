"""Retrain on an alarm; renew a stream that drifts, with a budget of fits.

An alarm is answered with challengers at once, and again only when the rows since the change have
doubled. Where the live release's probabilities are shown to be no longer right, past releases vote
instead, calibrated anew after each batch, and a new one is fitted every few batches: on as many batches
as past releases stay good for, and the more seldom the longer they do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigil.policies import Proposal, Situation

ASKS_FRESHNESS = True

#: ``growth``: by how much the rows since the change must grow before challengers run again. ``every``:
#: batches from fit to fit while the stream drifts; 0 leaves drift to the alarm. ``least``: the fewest
#: batches that a fit is made of.
OPTIONS: Mapping[str, Any] = {"growth": 2.0, "every": 4, "least": 8}

#: While so many past releases are still good, fits keep their pace; with more they are spaced out.
CALM = 12


def propose(situation: Situation, options: Mapping[str, Any]) -> Proposal:
    """Renew what drifts; else answer an open incident with challengers, at once and as evidence grows."""
    # A sudden change is for the gate first; what has begun to vote is not put on trial again.
    unanswered = situation.incident_open and not situation.attempts and not situation.voting
    if situation.drifting and options["every"] and situation.rows_since_training and not unanswered:
        return _renewed(situation, options)
    return answered(situation, options["growth"])


def answered(situation: Situation, growth: float) -> Proposal:
    """Say what an alarm calls for: challengers at once, and again when the rows have grown by ``growth``."""
    if not situation.incident_open:
        return Proposal("nothing", "No alarm: the live model stays.")
    if situation.attempts == 0:
        return Proposal("retrain", "The alarm was raised: challengers are trained.")
    needed = int(growth * situation.tried_rows)
    have = situation.rows_since_change
    if have >= needed:
        return Proposal(
            "retrain",
            f"The incident is open and {have:,} rows have come since the change: challengers are trained.",
        )
    return Proposal(
        "nothing", f"The incident is open; challengers run again at {needed:,} rows ({have:,} now)."
    )


def _renewed(situation: Situation, options: Mapping[str, Any]) -> Proposal:
    """Say what a drifting stream calls for: a vote after every batch, a fit when one is due."""
    good, since = situation.still_good, situation.batches_since_fit
    due = int(options["every"] * max(1.0, good / CALM))
    found = f"The stream drifts: {good:.1f} past releases are still good."
    if since < due:
        return Proposal(
            "renew", f"{found} Past releases vote; the next fit is due after {due - since} more batches."
        )
    batches = max(1, int(options["least"]), round(options["every"] * good**2 / (2 * CALM)))
    return Proposal(
        "renew", f"{found} A model of the last {batches} batches is fitted, and past releases vote.", batches
    )
