"""What is drawn of a batch: confusion matrix, ROC, precision–recall, calibration, residuals.

Curves are thinned to at most `POINTS` points, so that their size does not follow the data's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
POINTS = 101
BINS = 10


def confusion(truth: Codes, predicted: Codes, classes: int) -> list[list[int]]:
    """Return counts, shape (classes, classes): rows are the truth, columns what was predicted."""
    cells = np.bincount(truth * classes + predicted, minlength=classes * classes)
    counts: list[list[int]] = cells.reshape(classes, classes).tolist()
    return counts


def ranking(truth: Codes, probability: Floats) -> dict[str, Any]:
    """Return ROC points, AUC and precision–recall points of a binary score; empty with one class.

    ``roc`` holds (false positive rate, true positive rate), ``pr`` (recall, precision). Ties in the
    score share a point.
    """
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if positives == 0 or negatives == 0:
        return {}
    order = np.argsort(-probability, kind="stable")
    last = np.flatnonzero(np.append(np.diff(probability[order]) != 0, True))
    hits = np.cumsum(truth[order])[last]
    alarms = last + 1 - hits
    tpr = np.concatenate([[0.0], hits / positives])
    fpr = np.concatenate([[0.0], alarms / negatives])
    precision = hits / (last + 1)
    return {
        "roc": _thin(fpr, tpr),
        "auc": round(float(np.trapezoid(tpr, fpr)), 6),
        "pr": _thin(hits / positives, precision),
    }


def calibration(truth: Codes, probability: Floats) -> list[dict[str, float]]:
    """Return mean prediction and observed share in ten equally wide bins; empty bins are left out."""
    place = np.minimum((probability * BINS).astype(int), BINS - 1)
    rows = np.bincount(place, minlength=BINS)
    predicted = np.bincount(place, weights=probability, minlength=BINS)
    observed = np.bincount(place, weights=truth, minlength=BINS)
    return [
        {
            "predicted": round(float(predicted[b] / rows[b]), 6),
            "observed": round(float(observed[b] / rows[b]), 6),
            "rows": int(rows[b]),
        }
        for b in np.flatnonzero(rows)
    ]


def errors(truth: Floats, predicted: Floats) -> dict[str, Any]:
    """Return a regression's error figures, a histogram of residuals, and at most 200 pairs to draw."""
    residual = predicted - truth
    counts, edges = np.histogram(residual, bins=min(40, max(5, len(residual) // 5)))
    spaced = np.linspace(0, len(truth) - 1, min(200, len(truth))).astype(int)
    chosen = np.argsort(truth, kind="stable")[spaced]
    spread = float(((truth - truth.mean()) ** 2).sum())
    return {
        "residuals": {"edges": edges.tolist(), "counts": counts.tolist()},
        "predicted": np.stack([predicted[chosen], truth[chosen]], axis=1).tolist(),
        "errors": {
            "mae": float(np.abs(residual).mean()),
            "rmse": float(np.sqrt((residual**2).mean())),
            "bias": float(residual.mean()),
            "r2": 1 - float((residual**2).sum()) / spread if spread > 0 else None,
        },
    }


def _thin(x: Floats, y: Floats) -> list[list[float]]:
    """Return at most `POINTS` (x, y) pairs, first and last included."""
    chosen = np.unique(np.linspace(0, len(x) - 1, min(POINTS, len(x))).round().astype(int))
    pairs: list[list[float]] = np.stack([x[chosen], y[chosen]], axis=1).round(6).tolist()
    return pairs
