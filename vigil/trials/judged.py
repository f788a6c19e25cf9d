"""A model's answers on labelled rows: what a score, a gate and a level are computed from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vigil import estimate
from vigil.bundles import features, load_manifest
from vigil.models import Answerer, code_order, open_answerer
from vigil.profiles import Profile, of_answers
from vigil.records import Column, Contract
from vigil.serving import Prediction
from vigil.stats import curves
from vigil.stats.metrics import Level, Metric, Tally
from vigil.trials import arrays

#: Rows that a model is asked about at a time.
ASKED = 250_000


@dataclass(frozen=True, slots=True)
class Judged:
    """Truth and answers of n labelled rows, arrays of shape (n,), seen through one metric.

    ``labelled`` has the length of the rows that were asked about and says which of them had a label.
    """

    metric: Metric
    classes: tuple[str, ...]
    clip: float | None
    truth: npt.NDArray[Any]
    answer: npt.NDArray[Any]
    probability: npt.NDArray[np.float64] | None
    labelled: npt.NDArray[np.bool_]

    @property
    def heard(self) -> npt.NDArray[Any]:
        """What the metric listens to: the answers, or the probabilities."""
        if self.metric.of == "probability" and self.probability is not None:
            return self.probability
        return self.answer

    def tally(self, rows: npt.NDArray[np.bool_] | None = None) -> Tally:
        """Summarise all rows, or some of them."""
        chosen = slice(None) if rows is None else rows
        return self.metric.tally(
            self.truth[chosen], self.heard[chosen], classes=len(self.classes), clip=self.clip
        )

    def log_l(self, level: Level) -> npt.NDArray[np.float64]:
        """Return the growth of the alarm's bets on these rows."""
        return self.metric.log_l(self.truth, self.heard, level, classes=len(self.classes))

    def answers(self) -> Profile:
        """Return the distribution of the answers, against which those to come are compared."""
        return of_answers(self.answer, self.probability, self.classes)

    def estimator(self) -> dict[str, Any] | None:
        """Return what these rows say of rows without labels, None when they are too few."""
        return estimate.learn(self.truth, self.answer, self.probability)

    def estimated(self, learnt: dict[str, Any]) -> dict[str, float | None]:
        """Return how these rows would have been expected to do, had they no labels."""
        return estimate.estimate(learnt, self.answer, self.probability, self.metric, len(self.classes))

    def moved(self, about: Tally | None = None) -> npt.NDArray[np.float64]:
        """Return by how much each row moves the score, shape (rows,), with mean 0 (to a factor).

        With ``about``, the tally of these rows and many more, the mean is 0 over all of those.
        """
        return self.metric.moved(self.truth, self.heard, classes=len(self.classes), about=about)

    def details(self) -> dict[str, Any]:
        """Return what is drawn of these rows; its size does not follow theirs."""
        if not len(self.truth):
            return {}
        if not self.classes:
            return curves.errors(self.truth, self.answer)
        count = len(self.classes)
        found = {"labels": list(self.classes), "confusion": curves.confusion(self.truth, self.answer, count)}
        if self.probability is None or self.probability.ndim != 1:
            return found
        found["calibration"] = curves.calibration(self.truth, self.probability)
        return found | curves.ranking(self.truth, self.probability)


def judge(
    bundles: Path,
    release: str,
    table: pa.Table,
    contract: Contract,
    metric: Metric,
    opened: dict[str, Any] | None = None,
) -> Judged:
    """Ask a release of the folder ``bundles`` about every labelled row of a table.

    It is asked by the features that it was trained on, which a later contract may have dropped: these
    are missing in later rows. ``opened`` keeps the release that was asked last, for the next time.
    """
    kept = {} if opened is None else opened
    if kept.get("asked", ("",))[0] != release:
        keep(kept, bundles, release, open_answerer(bundles, release))
    _, answerer, manifest = kept["asked"]
    order = code_order(contract)
    truth, labelled = arrays.labels(table, contract, order)
    rows = table if labelled.all() else table.filter(pa.array(labelled))
    prediction = answers(answerer.predict, rows, features(manifest))
    return Judged(
        metric=metric,
        classes=order,
        clip=manifest["clip"],
        truth=truth[labelled],
        answer=prediction.outcome,
        probability=prediction.probability,
        labelled=labelled,
    )


def keep(opened: dict[str, Any], bundles: Path, release: str, answerer: Answerer) -> None:
    """Keep a release that is open, for ``judge`` to ask."""
    opened["asked"] = release, answerer, load_manifest(bundles, release)


def answers(
    predict: Callable[[arrays.Arrays], Prediction], table: pa.Table, columns: Sequence[Column]
) -> Prediction:
    """Ask about the rows of a table, so many at a time: as arrays they take several times their memory."""
    parts = [
        predict(arrays.features(table.slice(start, ASKED), columns))
        for start in range(0, max(table.num_rows, 1), ASKED)
    ]
    if len(parts) == 1:
        return parts[0]
    said = [part.probability for part in parts if part.probability is not None]
    outcome = np.concatenate([part.outcome for part in parts])
    return Prediction(outcome, np.concatenate(said) if said else None)


def blind(bundles: Path, release: str, table: pa.Table, contract: Contract, metric: Metric) -> Judged:
    """Ask a release about every row of a table, labelled or not; ``truth`` then means nothing."""
    target, order = contract.target.name, code_order(contract)
    same = pa.repeat(pa.scalar(order[0]) if order else pa.scalar(0.0), table.num_rows)
    hidden = table.set_column(table.column_names.index(target), target, same)
    return judge(bundles, release, hidden, contract, metric)
