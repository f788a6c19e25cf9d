"""The score of each group, from counts that add up over batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vigil.slices.groups import Codes, Grouping
from vigil.stats.metrics import Metric, Tally

#: Coverage of a group's interval.
CONFIDENCE = 0.95

#: The tallies of groups by their names.
Tallies = dict[str, Tally]


@dataclass(frozen=True, slots=True)
class Answered:
    """Labelled rows with a model's answers, arrays of shape (n,), and how they are measured."""

    metric: Metric
    truth: npt.NDArray[Any]
    answer: npt.NDArray[Any]
    classes: tuple[str, ...]
    clip: float | None = None

    def tally(self, rows: npt.NDArray[np.bool_]) -> Tally:
        """Summarise some rows."""
        count = len(self.classes)
        return self.metric.tally(self.truth[rows], self.answer[rows], classes=count, clip=self.clip)

    def failures(self) -> npt.NDArray[np.bool_]:
        """Tell which rows went badly: a wrong class, or an error among the largest quarter."""
        if self.classes:
            wrong: npt.NDArray[np.bool_] = self.truth != self.answer
            return wrong
        size = np.abs(self.truth - self.answer)
        large: npt.NDArray[np.bool_] = size > np.quantile(size, 0.75) if len(size) else size > 0
        return large


def by_group(answered: Answered, groups: Grouping, codes: Codes) -> Tallies:
    """Return the tally of each group that has rows."""
    return {groups.names[code]: answered.tally(codes == code) for code in np.unique(codes).tolist()}


def added(metric: Metric, first: Mapping[str, Tally], second: Mapping[str, Tally]) -> Tallies:
    """Add the tallies of equal groups."""
    both = dict(first)
    for name, tally in second.items():
        both[name] = metric.add(both[name], tally) if name in both else tally
    return both


def shown(metric: Metric, tallies: Mapping[str, Tally], order: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return each group's rows, score and interval, in order; no score below what the metric asks for."""
    found = []
    for name in order:
        if name not in tallies:
            continue
        tally = tallies[name]
        enough = metric.enough(tally)
        interval = metric.interval(tally, CONFIDENCE) if enough else None
        found.append(
            {
                "group": name,
                "rows": rows(tally),
                "score": metric.value(tally) if enough else None,
                "low": interval[0] if interval else None,
                "high": interval[1] if interval else None,
            }
        )
    return found


def rows(tally: Tally) -> int:
    """Return how many rows a tally is of."""
    return int(np.sum(tally["confusion"])) if "confusion" in tally else int(tally["rows"])
