"""The panel for one project's rows, its rules, and what it writes down about a release that goes live."""

from __future__ import annotations

from collections.abc import Sequence

from vigil.project import Project
from vigil.records import Batch
from vigil.stats import alarm
from vigil.trials.gating import Rules
from vigil.trials.panel import Panel
from vigil.trials.snapshot import snapshot


def seated(project: Project, batch: Batch, since: int) -> Panel:
    """Seat the panel on the held-out rows up to a batch."""
    contract, config = project.contract(), project.config
    rows = snapshot(
        project.table,
        contract,
        through=batch.order,
        holdout=config.holdout,
        test_data=project.test_data,
        since=since,
        without=project.ledger.faults.held(),
    )
    return Panel(rows, contract, project.metric(contract.task), project.models, since=since)


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
    )
    project.ledger.releases.update(release, reference=reference, level=level)
