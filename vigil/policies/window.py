"""Replace the model every so many batches by one trained on the latest ones alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigil.policies import Proposal, Situation

#: ``batches``: how many of the latest batches are trained on; ``every``: batches from one fit to the next.
OPTIONS: Mapping[str, Any] = {"batches": 8, "every": 1}


def propose(situation: Situation, options: Mapping[str, Any]) -> Proposal:
    """Propose a replacement when enough batches have come since the last one."""
    since, every = situation.batches_since_training, options["every"]
    if since < every or not situation.rows_since_training:
        return Proposal("nothing", f"{since} of {every} batches for the next window.")
    batches = int(options["batches"])
    reason = f"The model is replaced by one of the last {batches} batches, as every {every} batches."
    return Proposal("replace", reason, batches)
