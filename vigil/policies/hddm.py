"""Replace the model when river's HDDM sees a change in its errors.

The error rate rose beyond a Hoeffding bound. Frías-Blanco et al. (2015), IEEE TKDE, the test A.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigil.policies import Proposal, Situation

NEEDS = "river"
#: The detector's own settings, with river's defaults; ``batches``: how many of the latest to train on.
OPTIONS: Mapping[str, Any] = {"drift_confidence": 0.001, "batches": 8}


def propose(situation: Situation, options: Mapping[str, Any]) -> Proposal:
    """Propose a replacement when the newest batch brought a change."""
    from river.drift.binary import HDDMA

    from vigil.policies._detectors import answer

    settings = {"drift_confidence": options["drift_confidence"]}
    return answer("HDDM", HDDMA, settings, situation, options["batches"])
