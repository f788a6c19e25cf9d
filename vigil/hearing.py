"""The panel for one project's rows, its rules, and what it writes down about a release that goes live."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa

from vigil import estimate
from vigil.estimate import bands, halving, ratio
from vigil.estimate.halving import Held
from vigil.ledger.shelf import Row
from vigil.project import Project
from vigil.records import Batch
from vigil.stats import alarm
from vigil.trials import arrays
from vigil.trials.gating import Rules
from vigil.trials.judged import Judged
from vigil.trials.panel import Panel
from vigil.trials.snapshot import BEFORE_ALL, CHOOSING, GATING, Snapshot, snapshot

#: The newest batches of a release's time whose held-out rows stand for rows without labels.
STANDING_IN = 20


def snapped(
    project: Project, through: int, *, since: int = BEFORE_ALL, without: Collection[int] = ()
) -> Snapshot:
    """Return a project's rows up to the batch of an order, with their sides; see ``snapshot``."""
    return snapshot(
        project.table,
        project.contract(),
        through=through,
        holdout=project.config.holdout,
        test_data=project.test_data,
        since=since,
        without=without,
    )


def seated(project: Project, batch: Batch, since: int) -> Panel:
    """Seat the panel on the held-out rows up to a batch."""
    contract = project.contract()
    rows = snapped(project, batch.order, since=since, without=project.ledger.faults.held())
    return Panel(
        rows, contract, project.metric(contract.task), project.models, since=since, opened=project.opened
    )


def rules(project: Project, *, attempt: int, refresh: bool = False, anchors: Sequence[str] = ()) -> Rules:
    """Return what a project asks of every challenger, wherever it comes from."""
    config = project.config
    return Rules(
        attempt=attempt,
        margin=config.margin,
        refresh=refresh,
        seed=config.seed,
        anchors=anchors,
        slices=config.slices,
        calibration=config.budgets.calibration,
        latency_ms=config.budgets.latency_ms,
    )


def write_down(project: Project, panel: Panel, release: str, sides: tuple[int, ...], *, choices: int) -> None:
    """Write down what the release is measured against for the rest of its life."""
    judged, config = panel.judged(release, *sides), project.config
    reference, level = panel.reference(
        judged,
        delta=alarm.budget(config.false_alarm).delta_a,
        tolerance=config.tolerance,
        choices=choices,
        slices=panel.slices(judged, config.slices, *sides),
        factor=panel.spread(judged, config.recurring, *sides),
    )
    project.ledger.releases.update(release, reference=reference, level=level)


def weighted(project: Project, batch: Batch, release: Row, asked: Judged, rows: pa.Table) -> dict[str, Any]:
    """Return how a release probably does on ``rows``, by held-out ones weighted until they look like them.

    ``asked`` are its answers to the rows. ``score`` is None where too few held-out rows look like them, or
    where there are too few; ``effective`` says how many there are, in equally weighted ones. ``low`` and
    ``high`` are its band, by held-out rows that play the new ones.
    """
    panel = seated(project, batch, max(BEFORE_ALL, release["through"] - STANDING_IN + 1))
    held = panel.judged(release["id"], CHOOSING, GATING)
    if len(held.truth) < estimate.ENOUGH:
        return {"score": None, "effective": float(len(held.truth))}
    columns = panel.columns(held, CHOOSING, GATING)
    found = ratio.weights(columns, arrays.features(rows, project.contract().features))
    said: dict[str, Any] = {"score": None, "effective": found.effective}
    if found.effective < max(estimate.ENOUGH, ratio.OVERLAP * len(held.truth)):
        return said
    learnt = estimate.learn(held.truth, held.answer, held.probability, found.weight)
    if learnt is None:
        return said
    said |= asked.estimated(learnt)
    if said["score"] is None:
        return said
    own = Held(held.truth, held.answer, held.probability, found.weight)
    width = bands.half_width(halving.misses(own, len(asked.answer), asked.metric, len(asked.classes)))
    return said if width is None else said | {"low": said["score"] - width, "high": said["score"] + width}
