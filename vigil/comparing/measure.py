"""What is known of several models from one set of held-out rows, as plain values.

The rows helped to choose among these models, so that the best of them looks a little better here than
it is. What is said of a release for good is its reference, in the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vigil import hearing, models
from vigil.bundles import features, load_manifest
from vigil.errors import VigilError
from vigil.project import Project
from vigil.trials import arrays
from vigil.trials.judged import Judged, judge
from vigil.trials.snapshot import CHOOSING, GATING

#: Held-out rows used for importances at the most; each feature is permuted this many times.
ROWS, REPEATS = 4_000, 30
#: Coverage of every interval.
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Importance:
    """How much worse the score is without one column: the mean, and where 95 % of the repeats lie."""

    column: str
    loss: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClassReport:
    """One class: ``precision`` is None when it was never predicted, ``recall`` when it never occurred."""

    label: str
    precision: float | None
    recall: float | None
    f1: float | None
    rows: int


@dataclass(frozen=True, slots=True)
class Compared:
    """One model on the held-out rows; ``details`` is what ``stats.curves`` draws from."""

    release: str
    title: str
    metric: str
    value: float | None
    interval: tuple[float, float] | None
    rows: int
    details: dict[str, Any]
    report: tuple[ClassReport, ...]
    importances: tuple[Importance, ...]


def compare(project: Project, releases: Sequence[str]) -> list[Compared]:
    """Judge bundles on the held-out rows of the table; the best comes first.

    Where one of them was trained on the rows since a change, only rows since then judge: before it,
    another world was asked about. Raises VigilError when there are no labelled held-out rows.
    """
    contract = project.contract()
    metric = project.metric(contract.task)
    through = max(batch.order for batch in project.ledger.batches.all())
    held = hearing.snapped(project, through)
    known = {release: project.ledger.releases.get(release) or {"facts": {}} for release in releases}
    since = max(row["facts"].get("since", 1) for row in known.values())
    first = {"since": since} if since > 1 else {}
    table = held.take(held.part(CHOOSING, GATING, **first))
    found = []
    for release in project.console.progress(releases, "comparing", len(releases)):
        judged = judge(project.models, release, table, contract, metric)
        if not len(judged.truth):
            raise VigilError("no held-out row has a label.", where="comparison", hint="Wait for more rows.")
        labelled = table.filter(judged.labelled)
        manifest = load_manifest(project.models, release)
        columns = arrays.features(labelled, features(manifest))
        answerer = models.open_answerer(project.models, release)
        found.append(
            Compared(
                release=release,
                title=known[release].get("reason") or manifest["model"],
                metric=metric.title,
                value=metric.value(judged.tally()),
                interval=metric.interval(judged.tally(), CONFIDENCE),
                rows=len(judged.truth),
                details=judged.details(),
                report=by_class(judged),
                importances=importances(answerer, columns, judged, seed=project.config.seed),
            )
        )
    sign = 1 if metric.higher_is_better else -1
    return sorted(found, key=lambda one: -np.inf if one.value is None else sign * one.value, reverse=True)


def by_class(judged: Judged) -> tuple[ClassReport, ...]:
    """Return precision, recall and F1 of each class; empty for a regression."""
    found = []
    for code, label in enumerate(judged.classes):
        said, true = judged.answer == code, judged.truth == code
        hits = int((said & true).sum())
        counts = (int(said.sum()), int(true.sum()))
        precision, recall = (hits / count if count else None for count in counts)
        f1 = 2 * hits / sum(counts) if sum(counts) else None
        found.append(ClassReport(label, precision, recall, f1, counts[1]))
    return tuple(found)


def importances(
    answerer: models.Answerer,
    columns: dict[str, npt.NDArray[Any]],
    judged: Judged,
    *,
    seed: int,
) -> tuple[Importance, ...]:
    """Return what each column is worth to a model, the most valuable first.

    Permutation importance (Breiman 2001, Random Forests): the loss of score when a column's cells are
    shuffled among the rows. Each of ``REPEATS`` repeats draws the rows anew, with replacement, and
    shuffles anew, so that the interval holds both kinds of chance. Columns that say the same share
    their worth: each alone may look useless.
    """
    draw = np.random.default_rng(seed)
    rows = len(judged.truth)
    sign = 1 if judged.metric.higher_is_better else -1
    losses: dict[str, list[float]] = {name: [] for name in columns}
    for _ in range(REPEATS):
        chosen = draw.integers(0, rows, min(rows, ROWS))
        drawn = {name: cells[chosen] for name, cells in columns.items()}
        whole = _score(judged, chosen, judged.answer[chosen], _some(judged.probability, chosen))
        for name, cells in drawn.items():
            shuffled = answerer.predict({**drawn, name: draw.permutation(cells)})
            without = _score(judged, chosen, shuffled.outcome, shuffled.probability)
            if whole is not None and without is not None:
                losses[name].append(sign * (whole - without))
    found = [_importance(name, np.array(values)) for name, values in losses.items() if values]
    return tuple(sorted(found, key=lambda one: -one.loss))


def _importance(column: str, losses: npt.NDArray[np.float64]) -> Importance:
    low, high = np.quantile(losses, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Importance(column, float(losses.mean()), float(low), float(high))


def _score(
    judged: Judged,
    rows: npt.NDArray[np.int64],
    answer: npt.NDArray[Any],
    probability: npt.NDArray[np.float64] | None,
) -> float | None:
    """Return the score of other answers to some of the rows."""
    other = replace(judged, truth=judged.truth[rows], answer=answer, probability=probability)
    return judged.metric.value(other.tally())


def _some(values: npt.NDArray[np.float64] | None, rows: npt.NDArray[np.int64]) -> Any:
    return None if values is None else values[rows]
