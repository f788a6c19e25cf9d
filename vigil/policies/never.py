"""Never retrain by itself: alarms are raised, a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigil.policies import Proposal, Situation

OPTIONS: Mapping[str, Any] = {}


def propose(situation: Situation, options: Mapping[str, Any]) -> Proposal:  # noqa: ARG001 — the room's signature
    """Propose nothing."""
    return Proposal("nothing", "This policy never retrains.")
