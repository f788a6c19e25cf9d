"""Retrain on an alarm; renew a stream that drifts, with a budget of fits.

An alarm is answered with challengers at once, and again only when the rows since the change have
doubled. Where the live release's probabilities are shown to be no longer right, past releases vote
instead, calibrated anew after each batch, and a new one is fitted every few batches: on as many batches
as rows stay true for, which the first release shows by how long it lasted, and past ones by how many of
them are still good.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigil.policies import Proposal, Situation

ASKS_FRESHNESS = True

#: ``growth``: by how much the rows since the change must grow before challengers run again. ``every``:
#: batches from fit to fit while the stream drifts; 0 leaves drift to the alarm. ``least``: the fewest
#: batches that a fit is made of.
OPTIONS: Mapping[str, Any] = {"growth": 2.0, "every": 5, "least": 8}

#: With so many past releases still good, a fit is made of half of the batches that they were fitted over.
CALM = 12

#: As many times the rows that came since the last fit are fitted at most; a longer fit is made less often.
PACE = 16


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
    since, batches = situation.batches_since_fit, reach(situation, options)
    due = max(int(options["every"]), round(batches / PACE))
    found = f"The stream drifts: {situation.still_good:.1f} past releases are still good."
    if since < due:
        left = "the next batch" if due - since == 1 else f"{due - since} more batches"
        return Proposal("renew", f"{found} Past releases vote; the next fit is due after {left}.")
    return Proposal(
        "renew", f"{found} A model of the last {batches} batches is fitted, and past releases vote.", batches
    )


def reach(situation: Situation, options: Mapping[str, Any]) -> int:
    """Return how many of the latest batches a fit on a drifting stream is made of.

    The more rows a release was right for, the longer rows stay true: ``every`` times the batches that the
    first one lasted, while half or more of the other past releases are still good, and fewer in proportion
    where they are not. Many good releases show the same where the first one lasted but a short time.
    """
    every, good = float(options["every"]), situation.still_good
    others = situation.past_releases - 1
    share = (good - 1) / others if others > 0 else 1.0
    shown = every * situation.lasted * min(1.0, 2 * share)
    return max(1, int(options["least"]), round(shown), round(every * good**2 / (2 * CALM)))
