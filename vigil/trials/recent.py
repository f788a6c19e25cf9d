"""The newest labelled batches, and what releases answer on them: read once, asked often."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vigil import models
from vigil.bundles import load_manifest
from vigil.errors import BundleError
from vigil.models.calibrating import calibration
from vigil.records import ORDER_COLUMN, Batch, Contract
from vigil.serving import Compiled
from vigil.stats.betting import Floats
from vigil.table import hashing
from vigil.table.store import Table
from vigil.trials import arrays
from vigil.trials.arrays import pc
from vigil.trials.snapshot import GATING

Mask = npt.NDArray[np.bool_]


class Recent:
    """Labelled rows of some batches, oldest first, with the probabilities that releases give them.

    Rows of the gating side are left out of all that is learnt here: they are what a release that is made
    of these rows is judged on. For a regression task there are no probabilities, and this is of no use.
    """

    def __init__(
        self,
        table: Table,
        contract: Contract,
        bundles: Path,
        batches: Sequence[Batch],
        *,
        holdout: float,
        opened: dict[str, Any],
    ) -> None:
        self.orders = tuple(batch.order for batch in batches)
        self.truth: dict[int, npt.NDArray[np.int64]] = {}
        self.open: dict[int, Mask] = {}
        self._columns: dict[int, arrays.Arrays] = {}
        self._bundles = bundles
        self._features = {column.name for column in contract.features}
        self._opened = opened
        self._known: dict[tuple[str, int], Floats] = {}
        classes = models.code_order(contract)
        self.classes = len(classes)
        read = arrays.complete(
            table.rows(since=self.orders[0], through=self.orders[-1]),
            [column for column in contract.columns if column.role != "ignored"],
        )
        for order in self.orders:
            rows = read.filter(pc.equal(read.column(ORDER_COLUMN), order))
            truth, labelled = arrays.labels(rows, contract, classes)
            rows, self.truth[order] = rows.filter(pa.array(labelled)), truth[labelled]
            sides = hashing.side(hashing.row_hashes(rows, [c.name for c in contract.identity]), holdout)
            self.open[order] = np.asarray(sides != GATING)
            self._columns[order] = arrays.features(rows, contract.features)

    def can_vote(self, release: str) -> bool:
        """Say whether a release has a compiled form, and was trained on the columns of today."""
        return self._answerer(release) is not None

    def form(self, release: str) -> Compiled:
        """Return the compiled form of a release that can vote."""
        answerer = self._answerer(release)
        assert answerer is not None  # noqa: S101 — asked of releases that can vote
        return answerer

    def probability(self, release: str, order: int) -> Floats:
        """Return the calibrated probabilities (n, K) that a release gives the rows of one batch."""
        if (release, order) not in self._known:
            self._known[release, order] = self.form(release).spread(self._columns[order])
        return self._known[release, order]

    def loss(self, release: str, orders: Sequence[int]) -> float:
        """Return the mean log-loss of a release on the open rows of some batches."""
        each = [
            self.probability(release, order)[self.open[order], self.truth[order][self.open[order]]]
            for order in orders
        ]
        return float(-np.log(np.clip(np.concatenate(each), 1e-6, None)).mean())

    def newest(self, rows: int, *, before: int) -> tuple[int, ...]:
        """Return the orders of the newest batches before an order that together hold ``rows`` labelled rows.

        All there are, when they hold fewer.
        """
        chosen: list[int] = []
        held = 0
        for order in reversed([order for order in self.orders if order < before]):
            if held >= rows:
                break
            chosen.append(order)
            held += len(self.truth[order])
        return tuple(reversed(chosen))

    def within(self, rows: int, *, before: int) -> tuple[int, ...]:
        """Return the orders of the newest batches before an order that together hold at most ``rows`` rows.

        At least the newest one.
        """
        chosen = self.newest(1, before=before)
        for order in reversed([order for order in self.orders if order < min(chosen, default=0)]):
            if sum(len(self.truth[one]) for one in (*chosen, order)) > rows:
                break
            chosen = (order, *chosen)
        return chosen

    def calibration(self, probability: Floats, truth: npt.NDArray[np.int64]) -> dict[str, float] | None:
        """Return a calibration of probabilities (n, K) on their labels, None where they do not give one."""
        return calibration(probability, truth, np.ones(len(truth)))

    def _answerer(self, release: str) -> Compiled | None:
        """Return a release that was trained on the columns of today and has a compiled form, else None."""
        if release not in self._opened:
            self._opened[release] = self._open(release)
        found, known = self._opened[release]
        return found if known == self._features else None

    def _open(self, release: str) -> tuple[Compiled | None, set[str]]:
        """Open a release; there is none where its bundle is lost: the others vote without it."""
        try:
            found = models.open_answerer(self._bundles, release)
            known = {feature["name"] for feature in load_manifest(self._bundles, release)["features"]}
        except BundleError:
            return None, set()
        return (found, known) if isinstance(found, Compiled) else (None, known)
