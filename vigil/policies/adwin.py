"""Replace the model when river's ADWIN sees a change in its errors.

Two parts of a window of adaptive length differ in mean. Bifet and Gavaldà (2007), SIAM SDM.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigil.policies import Proposal, Situation

NEEDS = "river"
#: The detector's own settings, with river's defaults; ``batches``: how many of the latest to train on.
OPTIONS: Mapping[str, Any] = {"delta": 0.002, "batches": 8}


def propose(situation: Situation, options: Mapping[str, Any]) -> Proposal:
    """Propose a replacement when the newest batch brought a change."""
    from river.drift import ADWIN

    from vigil.policies._detectors import answer

    settings = {"delta": options["delta"]}
    return answer("ADWIN", ADWIN, settings, situation, options["batches"])
