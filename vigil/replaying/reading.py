"""What came of a policy, read from the ledger of the scratch project that lived under it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from statistics import fmean

from vigil.ledger.shelf import Row
from vigil.models.voting import KIND
from vigil.project import Project
from vigil.replaying.outcome import Outcome
from vigil.stats import metrics


def read(config: Path, policy: str, seconds: float) -> Outcome:
    """Read from a scratch project's ledger what came of its policy."""
    project = Project(config)
    try:
        return _read(project, policy, seconds)
    finally:
        project.close()


def _read(project: Project, policy: str, seconds: float) -> Outcome:
    ledger, task = project.ledger, project.contract().task
    metric = project.metric(task)
    rows = [row for row in ledger.scores.find() if row["value"] is not None]
    rows.sort(key=lambda row: row["order"])
    fitted = [row for row in ledger.releases.all() if row["model"] != KIND]
    fits = [row["facts"].get("fits", 1) for row in fitted]
    gates = [row for row in ledger.decisions.find() if row["kind"] == "gate" and row["outcome"] == "promote"]
    promoted = sorted(row["order"] for row in gates)
    return Outcome(
        policy=policy,
        metric=metric.name,
        title=metric.title,
        higher_is_better=metric.higher_is_better,
        pooled=_pooled(metric, rows, by_rows=task == "regression"),
        accuracy=None if task == "regression" else _pooled(metrics.get("accuracy"), rows, by_rows=False),
        mean=fmean(row["value"] for row in rows) if rows else None,
        batches=len(rows),
        fits=sum(fits),
        rows_fitted=sum(row["facts"]["trained_rows"] * each for row, each in zip(fitted, fits, strict=True)),
        promotions=max(len(promoted) - 1, 0),
        alarms=len(ledger.incidents.find()),
        seconds=seconds,
        scores=tuple((row["order"], row["value"]) for row in rows),
        promoted=tuple(promoted),
        fitted=tuple(sorted({row["through"] for row in fitted})),
    )


def _pooled(metric: metrics.Metric, rows: Sequence[Row], *, by_rows: bool) -> float | None:
    """Return the score of all rows together.

    A mean loss is pooled by the rows of each batch: tallies of two releases need not add up, because
    each release clips its losses elsewhere.
    """
    if not rows:
        return None
    if by_rows:
        total: float = sum(row["value"] * row["labelled"] for row in rows)
        labelled: int = sum(row["labelled"] for row in rows)
        return total / labelled
    whole: metrics.Tally = reduce(metric.add, (row["tally"] for row in rows))
    return metric.value(whole)
