"""Replace the model whenever it scores lower than on the batch before: what many scripts do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigil.policies import Proposal, Situation

OPTIONS: Mapping[str, Any] = {}


def propose(situation: Situation, options: Mapping[str, Any]) -> Proposal:  # noqa: ARG001 — the room's signature
    """Compare the two newest scores, whichever releases had them; no error rate stands behind this."""
    merits = [met.merit for met in situation.met if met.merit is not None][-2:]
    if len(merits) < 2 or merits[1] >= merits[0]:
        return Proposal("nothing", "The score is not below the last one.")
    return Proposal(
        "replace", "The score is below the last one: the model is replaced by one of all history."
    )
