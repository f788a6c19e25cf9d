"""The rows behind a score that moved: which of them are like those it was set up on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vigil import models
from vigil.changes import disde, wording
from vigil.errors import VigilError
from vigil.records import Column
from vigil.stats.metrics import Metric

#: Rows of either side that are compared; more are thinned evenly.
MOST = 10_000
#: Labelled rows of either side below which nothing is said.
LEAST = 100

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Labelled rows of one side: feature columns (see ``models.fit``), truth and answer, shape (n,)."""

    columns: Mapping[str, npt.NDArray[Any]]
    truth: npt.NDArray[Any]
    answer: npt.NDArray[Any]

    def thinned(self) -> Rows:
        """Return at most `MOST` rows, spread evenly."""
        step = -(-len(self.truth) // MOST) or 1
        columns = {name: cells[::step] for name, cells in self.columns.items()}
        return Rows(columns, self.truth[::step], self.answer[::step])


def explain(
    metric: Metric,
    reference: Rows,
    batch: Rows,
    *,
    features: Sequence[Column],
    classes: int,
    clip: float | None,
    seed: int,
) -> dict[str, Any] | None:
    """Return why the score differs between held-out rows and a batch, or None on too few rows.

    In ``parts``, ``label``, ``covariate`` and ``concept`` add up to ``now`` less ``then``, each with its
    interval; None when the rows are too unlike. ``words`` says it in sentences. ``unlike`` is the area
    under the curve of telling the two sides apart: ½ when they are alike.
    """  # fmt: skip
    if min(len(reference.truth), len(batch.truth)) < LEAST:
        return None
    ours, theirs = reference.thinned(), batch.thinned()
    even = np.ones(len(ours.truth))
    try:
        of_batch, unlike, error = _told_apart(ours, theirs, even, features, seed)
        mix = _mix(ours, theirs, classes) if unlike > 0.5 + 2 * error else None
        if mix is not None:
            alike = _told_apart(ours, theirs, mix, features, seed)
            # At equal class mix the rows cannot be told apart: the mix explains all there is.
            if alike[1] <= 0.5 + 2 * alike[2]:
                of_batch = alike[0]
            else:
                mix = None
    except VigilError:
        # Nothing to tell rows apart by, as when every feature is free text.
        return None
    before, now = len(ours.truth), len(theirs.truth)
    share = now / ((even if mix is None else mix).sum() + now)
    weights = disde.shared(of_batch, float(share))
    sides = (
        disde.Side(ours.truth, ours.answer, weights[0][:before]),
        disde.Side(theirs.truth, theirs.answer, weights[1][before:]),
    )
    found = disde.split(metric, *sides, classes=classes, clip=clip, seed=seed, mix=mix)
    return {
        "metric": metric.name,
        "rows": [before, now],
        "unlike": unlike,
        "parts": found,
        "words": wording.moved(metric.title, found),
    }


def _told_apart(
    ours: Rows, theirs: Rows, mix: Floats, features: Sequence[Column], seed: int
) -> tuple[Floats, float, float]:
    """Return each row's out-of-fold probability of being of the batch, the area and its error."""
    columns = {name: np.concatenate([cells, theirs.columns[name]]) for name, cells in ours.columns.items()}
    side = np.repeat(np.array([0, 1]), [len(ours.truth), len(theirs.truth)])
    weights = np.concatenate([mix, np.ones(len(theirs.truth))])
    fitted = models.fit(
        "logistic", columns, side, task="binary", classes=("then", "now"), features=features,
        metric="accuracy", seed=seed, weights=weights,
    )  # fmt: skip
    share = weights[side == 1].sum() / weights.sum()
    probability = np.full(len(side), share)
    if fitted.out_of_fold is not None and fitted.out_of_fold.probability is not None:
        probability[fitted.scored] = fitted.out_of_fold.probability[fitted.scored]
    return probability, *disde.auc(probability, side == 1, weights)


def _mix(ours: Rows, theirs: Rows, classes: int) -> Floats | None:
    """Return the weights that give our rows their mix of classes; None where it is the same by chance."""
    if not classes:
        return None
    from scipy.stats import chi2_contingency

    counts = np.array(
        [np.bincount(side.truth.astype(np.int64), minlength=classes) for side in (ours, theirs)]
    )
    seen = counts.sum(axis=0) > 0
    if seen.sum() < 2 or (counts[0][seen] == 0).any() or chi2_contingency(counts[:, seen]).pvalue > 0.01:
        return None
    shares = counts / counts.sum(axis=1, keepdims=True)
    ratio = np.divide(shares[1], shares[0], out=np.ones(classes), where=shares[0] > 0)
    weights: Floats = ratio[ours.truth.astype(np.int64)]
    return weights
