"""Candidates before the held-out rows: which is best, how good, and the level its alarm starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vigil import models
from vigil.records import Contract
from vigil.stats import buckets, spread, standardised, watch
from vigil.stats.metrics import Level, Metric, Tally
from vigil.stats.metrics._cells import CellMetric
from vigil.trials import arrays, slicing
from vigil.trials.judged import Judged, judge
from vigil.trials.snapshot import BEFORE_ALL, CHOOSING, Snapshot

#: Coverage of a reference's interval.
CONFIDENCE = 0.95


class Panel:
    """Judges bundles of the folder ``bundles`` on the held-out rows of one snapshot.

    ``since`` is the order of the first batch whose rows count; for ``opened`` see ``judge``.
    """

    def __init__(
        self,
        rows: Snapshot,
        contract: Contract,
        metric: Metric,
        bundles: Path,
        *,
        since: int = BEFORE_ALL,
        opened: dict[str, Any] | None = None,
    ) -> None:
        self.metric = metric
        self._rows = rows
        self._contract = contract
        self._bundles = bundles
        self._since = since
        self._opened = opened
        self._known: dict[tuple[str, tuple[int, ...]], Judged] = {}

    def judged(self, release: str, *sides: int) -> Judged:
        """Return a release's answers on the labelled rows of some sides of the holdout."""
        if (release, sides) not in self._known:
            self._known[release, sides] = judge(
                self._bundles, release, self._table(*sides), self._contract, self.metric, self._opened
            )
        return self._known[release, sides]

    def bucket(self, judged: Judged, *sides: int) -> npt.NDArray[np.int64] | None:
        """Return the bucket of each judged row's entity; None without a key, or where none recurs."""
        if not self._contract.by_role("key"):
            return None
        hashes = self._hashes(judged, *sides)
        return buckets.bucket_of(hashes) if buckets.recurs(hashes) else None

    def spread(self, judged: Judged, rule: spread.Rule, *sides: int) -> float:
        """Return by what factor the judged rows weigh less than independent ones; 1 without a key."""
        if not self._contract.by_role("key"):
            return 1.0
        rows = spread.grouped(judged.moved(), spread.entities(self._hashes(judged, *sides)))
        return float(spread.after(spread.Spread(), rows, None, rule=rule).factor)

    def columns(self, judged: Judged, *sides: int) -> arrays.Arrays:
        """Return the features of the judged rows, one array for each column."""
        return arrays.features(self._labelled(judged, *sides), self._contract.features)

    def slices(self, judged: Judged, columns: Sequence[str], *sides: int) -> dict[str, npt.NDArray[np.bool_]]:
        """Return which judged rows are in each slice of some columns that has enough rows."""
        return slicing.masks(self._labelled(judged, *sides), columns) if columns else {}

    def by_level(self, release: str, columns: Sequence[str], *sides: int) -> list[dict[str, Any]]:
        """Return rows, score and its interval for every level of some columns, on some sides of the holdout.

        A level with fewer rows than the metric asks for has no interval.
        """
        judged = self.judged(release, *sides)
        table, found = self._labelled(judged, *sides), []
        for column in columns:
            for name, rows in slicing.masks(table, [column], least=1, most=None).items():
                tally = judged.tally(rows)
                low, high = self.metric.interval(tally, CONFIDENCE) or (None, None)
                value = self.metric.value(tally)
                level = name.removeprefix(f"{column} = ")
                counts = {"column": column, "level": level, "rows": int(rows.sum())}
                found.append({**counts, "score": value, "low": low, "high": high})
        return found

    def one_row(self, release: str, *sides: int) -> Callable[[], object]:
        """Return a call that answers one row by a release."""
        answerer = models.open_answerer(self._bundles, release)
        row = arrays.features(self._table(*sides).slice(0, 1), self._contract.features)
        return lambda: answerer.predict(row)

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
        self,
        judged: Judged,
        *,
        delta: float,
        tolerance: float,
        choices: int,
        slices: Mapping[str, npt.NDArray[np.bool_]] | None = None,
        factor: float = 1.0,
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return what a release starts from: its score on held-out rows, and its alarm's level.

        ``choices`` is among how many candidates these rows have helped to choose. With ``slices``, which
        judged rows are in each, half of ``delta`` is for their levels. Levels are those of so many rows
        divided by ``factor``, from ``spread``.
        """
        tally, chosen = judged.tally(), slices or {}
        parts = {name: spread.thinned(judged.tally(rows), factor) for name, rows in chosen.items()}
        fewer = spread.thinned(tally, factor)
        delta = delta / 2 if parts else delta
        how: dict[str, Any] = {"delta": delta, "tolerance": tolerance, "choices": choices}
        # The interval holds also for the best of several (a union bound).
        interval = self.metric.interval(tally, 1 - (1 - CONFIDENCE) / choices)
        found = {
            "metric": self.metric.name,
            "score": self.metric.value(tally),
            "interval": list(interval) if interval else None,
            "rows": len(judged.truth),
            "baseline": self.baseline(judged),
            "tally": tally,
            "details": judged.details(),
            "answers": judged.answers().to_json(),
            "estimator": judged.estimator(),
            "choices": choices,
            "spread": factor,
            "slices": watch.levels_of_slices(self.metric, parts, **how),
            "even": self._even(fewer, **how),
        }
        return found, self.metric.level(fewer, **how)

    def _table(self, *sides: int) -> pa.Table:
        """Return the rows of some sides that count."""
        return self._rows.take(self._rows.part(*sides, since=self._since))

    def _labelled(self, judged: Judged, *sides: int) -> pa.Table:
        """Return the rows that were judged."""
        return self._table(*sides).filter(pa.array(judged.labelled))

    def _hashes(self, judged: Judged, *sides: int) -> npt.NDArray[np.uint64]:
        """Return the hash of each judged row's entity."""
        found: npt.NDArray[np.uint64] = self._rows.hashes[self._rows.part(*sides, since=self._since)]
        return found[judged.labelled]

    def _even(self, tally: Tally, **how: Any) -> Level | None:
        """Return the level at these rows' own class mix, for a metric that moves with the mix."""
        metric = self.metric
        if not isinstance(metric, CellMetric) or not standardised.fits(metric, tally):
            return None
        return standardised.level(metric, tally, **how)

    def _merit(self, judged: Judged) -> float:
        value = self.metric.value(judged.tally()) if len(judged.truth) else None
        if value is None:
            return float("-inf")
        return value if self.metric.higher_is_better else -value
