"""Replace the model when river's DDM sees a change in its errors.

The error rate lies three deviations above its best. Gama et al. (2004), SBIA.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigil.policies import Proposal, Situation

NEEDS = "river"
#: The detector's own settings, with river's defaults; ``batches``: how many of the latest to train on.
OPTIONS: Mapping[str, Any] = {"warm_start": 30, "drift_threshold": 3.0, "batches": 8}


def propose(situation: Situation, options: Mapping[str, Any]) -> Proposal:
    """Propose a replacement when the newest batch brought a change."""
    from river.drift.binary import DDM

    from vigil.policies._detectors import answer

    settings = {"warm_start": int(options["warm_start"]), "drift_threshold": options["drift_threshold"]}
    return answer("DDM", DDM, settings, situation, options["batches"])
