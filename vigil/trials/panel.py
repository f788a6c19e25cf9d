"""Candidates before the held-out rows: which is best, how good, and the level its alarm starts from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vigil import models
from vigil.records import Contract
from vigil.stats import standardised
from vigil.stats.metrics import Level, Metric, Tally
from vigil.stats.metrics._cells import CellMetric
from vigil.trials.judged import Judged, judge
from vigil.trials.snapshot import BEFORE_ALL, CHOOSING, Snapshot

#: Coverage of a reference's interval.
CONFIDENCE = 0.95


class Panel:
    """Judges bundles of the folder ``bundles`` on the held-out rows of one snapshot.

    ``since`` is the order of the first batch whose rows count.
    """

    def __init__(
        self, rows: Snapshot, contract: Contract, metric: Metric, bundles: Path, *, since: int = BEFORE_ALL
    ) -> None:
        self.metric = metric
        self._rows = rows
        self._contract = contract
        self._bundles = bundles
        self._since = since
        self._known: dict[tuple[str, tuple[int, ...]], Judged] = {}

    def judged(self, release: str, *sides: int) -> Judged:
        """Return a release's answers on the labelled rows of some sides of the holdout."""
        if (release, sides) not in self._known:
            table = self._rows.take(self._rows.part(*sides, since=self._since))
            self._known[release, sides] = judge(self._bundles, release, table, self._contract, self.metric)
        return self._known[release, sides]

    def best(self, candidates: Sequence[str]) -> str:
        """Return the candidate with the best score on the choosing half; the first of equals."""
        return max(candidates, key=lambda release: self._merit(self.judged(release, CHOOSING)))

    def baseline(self, judged: Judged) -> float | None:
        """Return what the best constant answer scores on the same rows."""
        count = len(judged.classes)
        if not len(judged.truth):
            return None
        found = models.baseline(
            self._contract.task, self.metric.name, judged.truth, classes=count, clip=judged.clip
        )
        return found.score

    def beats(self, value: float | None, other: float | None) -> bool:
        """Say whether a score is better than another; an undefined one is not, and is beaten by none."""
        if value is None or other is None:
            return False
        return value > other if self.metric.higher_is_better else value < other

    def reference(
        self, judged: Judged, *, delta: float, tolerance: float, choices: int
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return what a release starts from: its score on held-out rows, and its alarm's level.

        ``choices`` is among how many candidates these rows have helped to choose.
        """
        tally = judged.tally()
        interval = self.metric.interval(tally, CONFIDENCE)
        found = {
            "metric": self.metric.name,
            "score": self.metric.value(tally),
            "interval": list(interval) if interval else None,
            "rows": len(judged.truth),
            "baseline": self.baseline(judged),
            "tally": tally,
            "details": judged.details(),
            "answers": judged.answers().to_json(),
            "choices": choices,
            "even": self._even(tally, delta=delta, tolerance=tolerance, choices=choices),
        }
        return found, self.metric.level(tally, delta=delta, tolerance=tolerance, choices=choices)

    def _even(self, tally: Tally, *, delta: float, tolerance: float, choices: int) -> Level | None:
        """Return the level at these rows' own class mix, for a metric that moves with the mix."""
        metric = self.metric
        if not isinstance(metric, CellMetric) or not standardised.fits(metric, tally):
            return None
        return standardised.level(metric, tally, delta=delta, tolerance=tolerance, choices=choices)

    def _merit(self, judged: Judged) -> float:
        value = self.metric.value(judged.tally()) if len(judged.truth) else None
        if value is None:
            return float("-inf")
        return value if self.metric.higher_is_better else -value
