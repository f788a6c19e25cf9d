"""Replace the model when river's KSWIN sees a change in its errors.

The newest errors differ from a sample of those before. Raab et al. (2020), Neurocomputing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigil.policies import Proposal, Situation

NEEDS = "river"
#: The detector's own settings, with river's defaults; ``batches``: how many of the latest to train on.
OPTIONS: Mapping[str, Any] = {"alpha": 0.005, "window_size": 100, "stat_size": 30, "batches": 8}


def propose(situation: Situation, options: Mapping[str, Any]) -> Proposal:
    """Propose a replacement when the newest batch brought a change."""
    from river.drift import KSWIN

    from vigil.policies._detectors import answer

    settings = {
        "alpha": options["alpha"],
        "window_size": int(options["window_size"]),
        "stat_size": int(options["stat_size"]),
        "seed": 0,
    }
    window = settings["window_size"]
    return answer("KSWIN", KSWIN, settings, situation, options["batches"], window=window)
