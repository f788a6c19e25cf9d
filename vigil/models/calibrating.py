"""Make out-of-fold probabilities honest, and choose the threshold that suits the metric."""

from __future__ import annotations

from typing import Any

import numpy as np

from vigil.serving.prediction import EDGE, calibrated, expit, logit

#: A class with fewer scored rows gives no calibration.
FEWEST = 5

#: How much more recall weighs than precision; 1 for every score that is not named here.
BETAS = {"f2": 2.0, "f05": 0.5}

#: Expected score that may be given up for fewer wrong answers.
SLACK = 0.001


def calibration(
    probability: np.ndarray, y: np.ndarray, weights: np.ndarray, *, belief: tuple[float, float] = (0.0, 0.0)
) -> dict[str, Any] | None:
    """Fit Platt scaling (two classes) or a temperature (more) on out-of-fold probabilities (n, K).

    ``belief`` is for ``platt``. Returns what ``serving.prediction.calibrated`` applies, or None: too few
    rows of a class that occurs, or probabilities that run against the labels.
    """
    counts = np.bincount(y, minlength=probability.shape[1])
    if counts[counts > 0].min(initial=len(y)) < FEWEST or (counts > 0).sum() < 2:
        return None
    if probability.shape[1] == 2:
        return platt(probability[:, 1], y, weights, belief=belief)
    return {"method": "temperature", "temperature": temperature(probability, y, weights)}


def platt(
    positive: np.ndarray, y: np.ndarray, weights: np.ndarray, *, belief: tuple[float, float] = (0.0, 0.0)
) -> dict[str, Any] | None:
    """Fit ``expit(a·logit(p) + b)`` by Newton's method; None when a would not be positive.

    ``belief`` is how firmly a = 1 and b = 0 are believed beforehand: the precisions of two normal
    distributions around them. The targets are drawn in from 0 and 1 by one pseudo-row a class (Platt
    1999, eq. 2.2).
    """
    ones, zeros = weights[y == 1].sum(), weights[y == 0].sum()
    target = np.where(y == 1, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    design = np.column_stack([logit(positive), np.ones(len(y))])
    usual, firm = np.array([1.0, 0.0]), np.array(belief)
    slope = usual
    for _ in range(50):
        fitted = expit(design @ slope)
        gradient = design.T @ (weights * (fitted - target)) + firm * (slope - usual)
        bend = (design * (weights * fitted * (1 - fitted))[:, None]).T @ design + np.diag(firm + 1e-9)
        # A step of at most 2 keeps Newton from leaping where the curve is flat.
        step = np.linalg.solve(bend, gradient)
        slope = slope - step * min(1.0, 2.0 / max(float(np.abs(step).max()), EDGE))
        if np.abs(step).max() < 1e-10:
            break
    if not np.isfinite(slope).all() or slope[0] <= 0:
        return None
    return {"method": "platt", "a": float(slope[0]), "b": float(slope[1])}


def temperature(probability: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    """Return the temperature of least log-loss (Guo et al. 2017), by golden section on its log."""
    low, high = -2.0, 2.0
    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if _log_loss(probability, y, weights, left) <= _log_loss(probability, y, weights, right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2.0))


def threshold(positive: np.ndarray, y: np.ndarray, weights: np.ndarray, metric: str) -> float:
    """Return the threshold with the best metric on calibrated out-of-fold probabilities (n,).

    Of several equally good stretches the widest is taken, and of it the middle, so that a small
    change of a probability does not flip labels. Accuracy, balanced accuracy, F1, F2 and F0.5 are maximised
    as such; every other metric through F1, because precision or recall alone would be best at one of the
    ends.
    """
    values, place = np.unique(positive, return_inverse=True)
    hits = _from_above(place, weights * (y == 1), len(values))
    called = _from_above(place, weights, len(values))
    score = _goodness(hits, called, metric)
    edges = np.concatenate([[0.0], values, [1.0]])
    best = np.flatnonzero(score >= score.max() - 1e-12)
    runs = np.split(best, np.flatnonzero(np.diff(best) > 1) + 1)
    widest = max(runs, key=lambda run: edges[run[-1] + 1] - edges[run[0]])
    return float((edges[widest[0]] + edges[widest[-1] + 1]) / 2.0)


def threshold_ahead(positive: np.ndarray, metric: str) -> float:
    """Return the threshold for rows to come, from calibrated probabilities (n,) of rows like them alone.

    Labels are not looked at again: the calibration has taken from them what they say, and a threshold
    that follows their noise moves too much. The expected score is flat around its best place; of all
    thresholds within ``SLACK`` of it the one nearest ½ is taken, which costs the fewest wrong answers.
    For ``accuracy`` it is ½ itself. (The best threshold of F1 is half of the best F1: Lipton et al. 2014,
    arXiv 1402.1892.)
    """
    if metric == "accuracy" or not len(positive):
        return 0.5
    falling = np.sort(positive)[::-1]
    called = np.arange(len(falling) + 1)
    hits = np.concatenate([[0.0], np.cumsum(falling)])
    expected = _goodness(hits[::-1], called[::-1], metric)[::-1][1:]
    good = falling[expected >= expected.max() - SLACK]
    return float(good[np.argmin(np.abs(good - 0.5))])


def _from_above(place: np.ndarray, weights: np.ndarray, count: int) -> np.ndarray:
    """Return the weight at or above each distinct value, and above all of them (0)."""
    at = np.bincount(place, weights=weights, minlength=count)
    return np.append(np.cumsum(at[::-1])[::-1], 0.0)


def _goodness(hits: np.ndarray, called: np.ndarray, metric: str) -> np.ndarray:
    """Return the metric of each cut, from true positives and rows called positive, the most first."""
    positives, total = hits[0], called[0]
    false = called - hits
    if metric == "accuracy":
        return np.asarray((hits + total - positives - false) / total)
    if metric == "balanced_accuracy":
        edge = np.finfo(float).tiny
        rates = hits / max(positives, edge) + 1 - false / max(total - positives, edge)
        return np.asarray(rates / 2)
    # F of any beta is (1 + β²)·TP/(rows called positive + β²·positives).
    square = BETAS.get(metric, 1.0) ** 2
    return np.asarray((1 + square) * hits / (called + square * positives))


def _log_loss(probability: np.ndarray, y: np.ndarray, weights: np.ndarray, log_temperature: float) -> float:
    """Return the weighted log-loss at a temperature."""
    scaled = calibrated(probability, {"method": "temperature", "temperature": np.exp(log_temperature)})
    own = scaled[np.arange(len(y)), y]
    return float(-(weights * np.log(np.clip(own, EDGE, None))).sum())
