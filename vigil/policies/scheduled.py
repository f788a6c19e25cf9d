"""Refresh a model that is too old, in days or in batches, and answer alarms as the default does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigil.policies import Proposal, Situation, vigil

#: ``days`` live and ``batches`` since training, at which a refresh is due; 0 leaves one of them out.
OPTIONS: Mapping[str, Any] = {"days": 30, "batches": 0, "growth": vigil.OPTIONS["growth"]}


def propose(situation: Situation, options: Mapping[str, Any]) -> Proposal:
    """Propose a refresh at either age, unless an alarm calls for more."""
    if situation.incident_open:
        return vigil.answered(situation, options["growth"])
    if not situation.rows_since_training:
        return Proposal("nothing", "No labelled row has come since training.")
    days, batches = situation.days_live, situation.batches_since_training
    if 0 < options["days"] <= days:
        return Proposal("refresh", f"The live model is {days:.0f} days old: a refresh is due.")
    if 0 < options["batches"] <= batches:
        return Proposal("refresh", f"{batches} batches since training: a refresh is due.")
    return Proposal("nothing", f"The live model is young: {days:.0f} days, {batches} batches.")
