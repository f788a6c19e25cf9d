"""Fit one model type: out-of-fold first, for an honest score, calibration and threshold; then whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.errors import VigilError
from vigil.models import calibrating, folds, pipelines, registry
from vigil.models.baseline import Baseline, baseline
from vigil.models.spaces import Settings, check, special
from vigil.records import Column, Task
from vigil.serving.prediction import Prediction, calibrated
from vigil.stats import metrics

if TYPE_CHECKING:
    import pandas as pd

    from vigil.models.preparing import Plan

#: Rows kept to check the compiled form against.
SAMPLE = 2000


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted model with everything that was learnt about it inside training.

    ``classes`` are the labels by code, ``present`` the codes that training saw. ``out_of_fold`` is
    the prediction of each training row by a model that did not see its fold, and ``scored`` (n,)
    says which rows have one. ``score`` is their metric, None when the data were too few to divide;
    it flatters a little, because the threshold was chosen on the same rows: judge on a holdout.
    ``clip`` (regression) is the 0.99 quantile of the out-of-fold absolute error.
    """

    kind: str
    task: Task
    classes: tuple[str, ...]
    present: tuple[int, ...]
    features: tuple[Column, ...]
    plan: Plan
    pipeline: Any
    calibration: dict[str, Any] | None
    threshold: float | None
    clip: float | None
    baseline: Baseline
    score: float | None
    out_of_fold: Prediction | None
    scored: np.ndarray
    sample: dict[str, np.ndarray]

    def predict(self, columns: Mapping[str, np.ndarray]) -> Prediction:
        """Answer n rows through the scikit-learn pipeline; see ``serving.Prediction``."""
        from vigil.models.preparing import frame

        raw = pipelines.raw(self.pipeline, frame(columns, self.plan), len(self.classes))
        return pipelines.finish(raw, self.calibration, self.threshold)

    @property
    def params(self) -> dict[str, Any]:
        """The model's settings as JSON values."""
        found = self.pipeline["model"].get_params(deep=False)
        return {k: v for k, v in sorted(found.items()) if isinstance(v, (str, int, float, bool, type(None)))}


def fit(
    kind: str,
    columns: Mapping[str, np.ndarray],
    y: np.ndarray,
    *,
    task: Task,
    classes: Sequence[str],
    features: Sequence[Column],
    metric: str,
    seed: int,
    weights: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    settings: Settings | None = None,
) -> Fitted:
    """Fit the model type ``kind``.

    ``columns`` maps each feature to n cells (see ``serving.Compiled.predict``); ``y`` (n,) holds
    codes into ``classes``, where for a binary task code 1 is the positive class, or float values;
    ``weights`` (n,) are row weights; ``groups`` (n,) or (n, m) keeps the rows of one entity in one
    fold; ``settings`` are the type's, where they differ from the usual ones. The same arguments give the
    same model, to the bit.

    Raises VigilError when there is nothing to learn from: no feature, fewer than two rows, one
    class only, or a task that the type cannot do.
    """
    lesson = Lesson.of(
        kind, columns, y, task=task, classes=classes, features=features, metric=metric, seed=seed,
        weights=weights, groups=groups,
    )  # fmt: skip
    made = lesson.planned(settings or {})
    seen = lesson.out_of_fold(made)
    model = registry.get(kind)
    return Fitted(
        kind=kind,
        task=task,
        classes=tuple(classes),
        present=tuple(int(code) for code in np.unique(y)) if task != "regression" else (),
        features=tuple(features),
        plan=made,
        pipeline=pipelines.fitted(model.build(made), lesson.table, y, lesson.weights),
        calibration=seen.calibration,
        threshold=seen.threshold,
        clip=seen.clip,
        baseline=baseline(task, metric, y, classes=len(classes), clip=seen.clip),
        score=seen.score,
        out_of_fold=seen.answers,
        scored=seen.scored,
        sample=_sample(columns, made.sources),
    )


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """What is learnt from the rows' answers by models that did not see their fold; see ``Fitted``."""

    calibration: dict[str, Any] | None
    threshold: float | None
    clip: float | None
    score: float | None
    answers: Prediction | None
    scored: np.ndarray


@dataclass(frozen=True, slots=True)
class Lesson:
    """What all fits to the same rows share: the rows laid out, their weights and their folds' groups."""

    kind: str
    plan: Plan
    table: pd.DataFrame
    y: np.ndarray
    classes: int
    weights: np.ndarray
    groups: np.ndarray | None

    @classmethod
    def of(
        cls,
        kind: str,
        columns: Mapping[str, np.ndarray],
        y: np.ndarray,
        *,
        task: Task,
        classes: Sequence[str],
        features: Sequence[Column],
        metric: str,
        seed: int,
        weights: np.ndarray | None = None,
        groups: np.ndarray | None = None,
    ) -> Lesson:
        """Lay out the rows of a fit; arguments and errors are those of ``fit``."""
        from vigil.models.preparing import frame, plan

        made = plan(columns, features, task=task, metric=metric, seed=seed)
        _check(kind, registry.get(kind).TASKS, task, y, made.names)
        even = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
        return cls(kind, made, frame(columns, made), y, len(classes), even, groups)

    def planned(self, settings: Settings) -> Plan:
        """Return the plan of a fit with other settings. Raises VigilError where they are not the type's."""
        space = registry.get(self.kind).SPACE
        check(space, settings, self.kind)
        return replace(self.plan, settings=special(space, settings))

    def out_of_fold(self, made: Plan) -> OutOfFold:
        """Fit a plan to each fold's other rows; learn calibration, threshold and clip from the answers."""
        task, metric, y = made.task, made.metric, self.y
        raw = self._raw(made)
        scored = np.isfinite(raw).all(axis=1)
        calibration, threshold = _calibrate(raw[scored], y[scored], self.weights[scored], task, metric)
        if not scored.any():
            return OutOfFold(calibration, threshold, None, None, None, scored)
        answers = pipelines.finish(raw, calibration, threshold)
        clip = _clip(y[scored], answers.outcome[scored]) if task == "regression" else None
        score = _score(metric, y[scored], answers, scored, self.classes, clip)
        return OutOfFold(calibration, threshold, clip, score, answers, scored)

    def _raw(self, made: Plan) -> np.ndarray:
        """Return each row's raw answer by a model that did not see its fold; NaN where there is none."""
        model, table, y = registry.get(self.kind), self.table, self.y
        raw = np.full((len(y), self.classes if made.task != "regression" else 1), np.nan)
        fold = folds.assign(y, task=made.task, seed=made.seed, groups=self.groups)
        for number in range(0 if fold is None else int(fold.max()) + 1):
            held = np.asarray(fold == number)
            # One entity may hold every row of a class; then this fold has no model to be judged by.
            if made.task != "regression" and len(np.unique(y[~held])) < 2:
                continue
            fitted = pipelines.fitted(model.build(made), table.loc[~held], y[~held], self.weights[~held])
            raw[held] = pipelines.raw(fitted, table.loc[held], self.classes)
        return raw


def _check(kind: str, tasks: Sequence[Task], task: Task, y: np.ndarray, names: Sequence[str]) -> None:
    """Refuse what cannot be learnt from."""
    if task not in tasks:
        raise VigilError(f"cannot do {task}.", where=f"model {kind}", hint=f"It does {', '.join(tasks)}.")
    if not names:
        raise VigilError(
            "there is no column to learn from.",
            where="training",
            hint="Every column is the target, the key, ignored, or text without common words.",
        )
    if len(y) < 2:
        raise VigilError(
            f"{len(y)} labelled rows are too few.", where="training", hint="At least two are needed."
        )
    if task != "regression" and len(np.unique(y)) < 2:
        raise VigilError("every label is the same.", where="training", hint="Wait for rows of another class.")


def _calibrate(
    raw: np.ndarray, y: np.ndarray, weights: np.ndarray, task: Task, metric: str
) -> tuple[dict[str, Any] | None, float | None]:
    """Return calibration and threshold; one half where nothing could be held out."""
    if task == "regression":
        return None, None
    found = calibrating.calibration(raw, y, weights) if len(y) else None
    if task == "multiclass":
        return found, None
    if not len(y):
        return None, 0.5
    return found, calibrating.threshold(calibrated(raw, found)[:, 1], y, weights, metric)


def _clip(y: np.ndarray, answers: np.ndarray) -> float:
    """Return the 0.99 quantile of the absolute error, kept above zero."""
    floor = 1e-9 * max(1.0, float(np.abs(y).max()))
    return max(float(np.quantile(np.abs(y - answers), 0.99)), floor)


def _score(
    metric: str, y: np.ndarray, judged: Prediction, scored: np.ndarray, classes: int, clip: float | None
) -> float | None:
    """Return the metric's value on some rows."""
    judge = metrics.get(metric)
    heard = judged.probability if judge.of == "probability" else judged.outcome
    answers = (judged.outcome if heard is None else heard)[scored]
    return judge.value(judge.tally(y, answers, classes=classes, clip=clip))


def _sample(columns: Mapping[str, np.ndarray], names: Sequence[str]) -> dict[str, np.ndarray]:
    """Return rows spread evenly over the training rows."""
    rows = len(columns[names[0]])
    step = max(1, -(-rows // SAMPLE))
    return {name: columns[name][::step] for name in names}
