"""Performance from calibrated probabilities: an answer of 0.8 is right in eight cases of ten.

The expected table of truth against answer follows from the probabilities alone (confidence-based
performance estimation; Białek et al. 2024, arXiv:2407.08649). It holds as long as the probabilities stay
calibrated: the rows may change, but not what they mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def learn(truth: npt.NDArray[Any], probability: Floats, weight: Floats | None = None) -> dict[str, Any]:
    """Return the isotonic correction of probabilities (n,) on rows of known truth (0 or 1), by its knots.

    With ``weight`` (n,) a row counts as much as others stand for.
    """
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(probability, truth, sample_weight=weight)
    return {"said": fitted.X_thresholds_.tolist(), "true": fitted.y_thresholds_.tolist()}


def calibrated(learnt: dict[str, Any], probability: Floats) -> Floats:
    """Return corrected probabilities, shape (n,); constant beyond what was learnt."""
    return np.asarray(np.interp(probability, learnt["said"], learnt["true"]))


def cells(answer: npt.NDArray[Any], probability: Floats, classes: int) -> Floats:
    """Return the expected counts by truth (rows) and answer (columns), shape (K, K).

    ``probability`` is that of class 1, shape (n,), or of every class, shape (n, K).
    """
    each = np.column_stack([1 - probability, probability]) if probability.ndim == 1 else probability
    table = np.zeros((classes, classes))
    for code in range(classes):
        table[:, code] = each[answer == code].sum(axis=0)
    return table


def auc(score: Floats, probability: Floats) -> float | None:
    """Return the expected area under the ROC curve of a score (n,), ties counting half.

    ``probability`` says how probable class 1 is; None when one of the classes is not to be expected.
    """
    _, group = np.unique(-score, return_inverse=True)
    hits = np.concatenate([[0.0], np.cumsum(np.bincount(group, probability))])
    misses = np.concatenate([[0.0], np.cumsum(np.bincount(group, 1 - probability))])
    if not hits[-1] or not misses[-1]:
        return None
    return float(np.trapezoid(hits / hits[-1], misses / misses[-1]))
