"""The newest labelled batches, and what releases answer on them: read once, asked often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vigil import models
from vigil.arrow import pc
from vigil.bundles import load_manifest
from vigil.errors import BundleError
from vigil.models.calibrating import calibration
from vigil.records import ORDER_COLUMN, Batch, Contract
from vigil.serving import Compiled
from vigil.serving.prediction import calibrated
from vigil.stats.betting import Floats
from vigil.table import hashing
from vigil.table.store import Table
from vigil.trials import arrays
from vigil.trials.snapshot import GATING

Mask = npt.NDArray[np.bool_]

#: Releases that are kept open, the ones opened last: more than ever vote at a time.
_OPEN = 64


@dataclass(frozen=True, slots=True)
class _Part:
    """One batch: ``rows`` as they were read, what the labelled ones are, and what was asked about them."""

    rows: pa.Table
    truth: npt.NDArray[np.int64]
    open: Mask
    columns: arrays.Arrays
    answers: dict[str, Floats] = field(default_factory=dict)
    losses: dict[str, Floats] = field(default_factory=dict)


class Recent:
    """Labelled rows of some batches, oldest first, with the probabilities that releases give them.

    Rows of the gating side are left out of all that is learnt here: they are what a release that is made
    of these rows is judged on. For a regression task there are no probabilities, and this is of no use.
    What was asked ``earlier`` about the same rows under the same contract is not asked again.
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
        earlier: Recent | None = None,
    ) -> None:
        self.orders = tuple(batch.order for batch in batches)
        self._contract = contract
        self._bundles = bundles
        self._features = {column.name for column in contract.features}
        self._opened: dict[str, tuple[Compiled | None, set[str]]] = opened.setdefault("voters", {})
        classes = models.code_order(contract)
        self.classes = len(classes)
        read = arrays.complete(
            table.rows(since=self.orders[0], through=self.orders[-1]),
            contract.kept,
        )
        known = earlier._parts if earlier and earlier._contract == contract else {}  # noqa: SLF001 — its own kind
        self._parts: dict[int, _Part] = {}
        for order in self.orders:
            rows = read.filter(pc.equal(read.column(ORDER_COLUMN), order))
            same = order in known and known[order].rows.equals(rows)
            self._parts[order] = known[order] if same else _part(rows, contract, classes, holdout)
        before = earlier._at_best if earlier else {}  # noqa: SLF001 — its own kind
        self._at_best: dict[tuple[str, tuple[int, ...]], float] = {
            asked: loss
            for asked, loss in before.items()
            if all(order in known and self._parts.get(order) is known[order] for order in asked[1])
        }

    def truth(self, order: int) -> npt.NDArray[np.int64]:
        """Return the labels of one batch's rows, shape (n,)."""
        return self._parts[order].truth

    def open(self, order: int) -> Mask:
        """Say which of one batch's rows may be learnt from, shape (n,)."""
        return self._parts[order].open

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
        part = self._parts[order]
        if release not in part.answers:
            part.answers[release] = self.form(release).spread(part.columns)
        return part.answers[release]

    def loss(self, release: str, orders: Sequence[int]) -> float:
        """Return the mean log-loss of a release on the open rows of some batches."""
        return float(np.concatenate([self._each_loss(release, order) for order in orders]).mean())

    def loss_at_best(self, release: str, orders: Sequence[int]) -> float:
        """Return the mean log-loss of a release on the open rows of some batches, calibrated on these.

        As it is where they give no calibration.
        """
        asked = (release, tuple(orders))
        if asked not in self._at_best:
            said = np.concatenate([self.probability(release, one)[self.open(one)] for one in orders])
            truth = np.concatenate([self.truth(one)[self.open(one)] for one in orders])
            right = calibrated(said, self.calibration(said, truth))[np.arange(len(truth)), truth]
            self._at_best[asked] = float(log_losses(right).mean())
        return self._at_best[asked]

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
            held += len(self.truth(order))
        return tuple(reversed(chosen))

    def within(self, rows: int, *, before: int) -> tuple[int, ...]:
        """Return the orders of the newest batches before an order that together hold at most ``rows`` rows.

        At least the newest one.
        """
        chosen = self.newest(1, before=before)
        for order in reversed([order for order in self.orders if order < min(chosen, default=0)]):
            if sum(len(self.truth(one)) for one in (*chosen, order)) > rows:
                break
            chosen = (order, *chosen)
        return chosen

    def calibration(
        self, probability: Floats, truth: npt.NDArray[np.int64], *, belief: tuple[float, float] = (0.0, 0.0)
    ) -> dict[str, float] | None:
        """Return a calibration of probabilities (n, K) on their labels, None where they do not give one.

        ``belief`` is how firmly they are believed to be right as they are, see ``calibrating.platt``.
        """
        return calibration(probability, truth, np.ones(len(truth)), belief=belief)

    def _each_loss(self, release: str, order: int) -> Floats:
        """Return the log-loss of a release on each open row of one batch."""
        part = self._parts[order]
        if release not in part.losses:
            said = self.probability(release, order)[part.open, part.truth[part.open]]
            part.losses[release] = log_losses(said)
        return part.losses[release]

    def _answerer(self, release: str) -> Compiled | None:
        """Return a release that was trained on the columns of today and has a compiled form, else None."""
        if release not in self._opened:
            while len(self._opened) >= _OPEN:
                del self._opened[next(iter(self._opened))]
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


def log_losses(said: Floats) -> Floats:
    """Return the log-loss of each row from the probability that was given to what came.

    It is kept from 0, so that one row cannot decide alone.
    """
    losses: Floats = -np.log(np.clip(said, 1e-6, None))
    return losses


def _part(rows: pa.Table, contract: Contract, classes: Sequence[str], holdout: float) -> _Part:
    """Read one batch's rows."""
    truth, labelled = arrays.labels(rows, contract, classes)
    known = rows.filter(pa.array(labelled))
    sides = hashing.side(hashing.of_columns(known, contract.identity), holdout)
    columns = arrays.features(known, contract.features)
    return _Part(rows, truth[labelled], np.asarray(sides != GATING), columns)
