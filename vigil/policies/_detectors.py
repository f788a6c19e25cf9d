"""What the policies on river's stream detectors share: the stream that they read, and their answer.

A detector keeps no state of its own between ticks. It is fed anew, from the ledger, with every row that
the live release has met, so that a tick after a crash goes on where the last one stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from vigil.policies import Met, Proposal, Situation


def answer(
    title: str, kind: Any, settings: Mapping[str, Any], situation: Situation, batches: float,
    *, window: int | None = None,
) -> Proposal:  # fmt: skip
    """Ask a fresh detector of a kind whether the live release's errors have changed by the newest batch.

    A change that it saw in an earlier batch has been answered then. One that remembers no more than a
    ``window`` of rows gets the newest of them to begin with, and is not fed those before.
    """
    *before, newest = situation.own or (None,)
    if window is None:
        detector = kind(**settings)
        for met in before:
            _fed(detector, met)
    else:
        detector = kind(**settings, window=_newest(before, window))
    if newest is None or not _fed(detector, newest):
        return Proposal("nothing", f"{title} sees no change in the errors.")
    latest = int(batches)
    reason = (
        f"{title} sees a change in the errors: the model is replaced by one of the last {latest} batches."
    )
    return Proposal("replace", reason, latest)


def errors(met: Met) -> Iterator[int]:
    """Yield 1 for each row that was answered wrongly and 0 for the others.

    The ledger keeps how many a batch held and not where; they are spread evenly over its rows.
    """
    share = met.wrong / met.rows if met.rows else 0.0
    passed = np.floor(share * np.arange(met.rows + 1) + 1e-9)
    yield from np.diff(passed).astype(int).tolist()


def _newest(before: Sequence[Met], rows: int) -> list[int]:
    """Return the errors of the newest ``rows`` rows, or of all when there are fewer."""
    found: list[int] = []
    for met in reversed(before):
        if len(found) >= rows:
            break
        found = [*errors(met), *found]
    return found[-rows:]


def _fed(detector: Any, met: Met | None) -> bool:
    """Feed a batch; say whether a change was seen in it. A detector that saw one starts afresh by itself."""
    seen = False
    for error in errors(met) if met else ():
        detector.update(error)
        seen = seen or bool(detector.drift_detected)
    return seen
