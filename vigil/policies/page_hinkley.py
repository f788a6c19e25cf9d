"""Replace the model when river's Page-Hinkley sees a change in its errors.

The cumulated excess of errors over their mean is large. Page (1954), Biometrika.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigil.policies import Proposal, Situation

NEEDS = "river"
#: The detector's own settings, with river's defaults; ``batches``: how many of the latest to train on.
OPTIONS: Mapping[str, Any] = {"delta": 0.005, "threshold": 50.0, "batches": 8}


def propose(situation: Situation, options: Mapping[str, Any]) -> Proposal:
    """Propose a replacement when the newest batch brought a change."""
    from river.drift import PageHinkley

    from vigil.policies._detectors import answer

    settings = {"delta": options["delta"], "threshold": options["threshold"], "mode": "up"}
    return answer("Page-Hinkley", PageHinkley, settings, situation, options["batches"])
