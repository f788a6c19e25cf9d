"""From a model's raw outputs to calibrated probabilities and one answer per row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: Probabilities are kept this far from 0 and 1 before their logarithm is taken.
EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer for n rows.

    ``outcome`` has shape (n,): class codes (int64; for a binary task 1 is the positive class), or
    values (float64) for regression. ``probability`` is None for regression, of shape (n,) for a
    binary task (the positive class), of shape (n, K) for K classes.
    """

    outcome: np.ndarray
    probability: np.ndarray | None = None


def probabilities(raw: np.ndarray, link: str) -> np.ndarray:
    """Turn raw outputs (n, G) into probabilities (n, 2) or (n, G).

    ``link`` is ``logit`` (G = 1, log-odds of the second class), ``softmax`` (log-probabilities up
    to a constant) or ``share`` (already probabilities).
    """
    if link == "share":
        return raw
    if link == "logit":
        second = expit(raw[:, 0])
        return np.column_stack([1.0 - second, second])
    shifted = np.exp(raw - raw.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def spread(probability: np.ndarray, codes: Sequence[int], classes: int) -> np.ndarray:
    """Place the columns of the classes seen in training among all ``classes``; the others get 0."""
    out = np.zeros((len(probability), classes))
    out[:, list(codes)] = probability
    return out


def calibrated(probability: np.ndarray, calibration: Mapping[str, Any] | None) -> np.ndarray:
    """Correct probabilities (n, K); K = 2 by Platt scaling on the log-odds, more by a temperature.

    Platt: ``p' = expit(a·logit(p) + b)``. Temperature: ``p'_k ∝ p_k^(1/T)``.
    """
    if calibration is None:
        return probability
    if calibration["method"] == "platt":
        second = expit(calibration["a"] * logit(probability[:, 1]) + calibration["b"])
        return np.column_stack([1.0 - second, second])
    logs = np.log(np.clip(probability, EDGE, None)) / calibration["temperature"]
    return probabilities(logs, "softmax")


def one_positive(score: float, calibration: Mapping[str, Any] | None) -> float:
    """Return the calibrated probability at one log-odds: the two-class case without arrays."""
    if calibration is not None:
        most = math.log((1.0 - EDGE) / EDGE)
        score = calibration["a"] * min(max(score, -most), most) + calibration["b"]
    small = math.exp(-abs(score))
    return 1.0 / (1.0 + small) if score >= 0 else small / (1.0 + small)


def decide(probability: np.ndarray, threshold: float | None) -> Prediction:
    """Answer by the threshold on the positive class (two classes), else by the likeliest class."""
    if probability.shape[1] == 2 and threshold is not None:
        positive = probability[:, 1]
        return Prediction((positive >= threshold).astype(np.int64), positive)
    return Prediction(probability.argmax(axis=1).astype(np.int64), probability)


def logit(probability: np.ndarray) -> np.ndarray:
    """Return the log-odds, bounded near 0 and 1."""
    bounded = np.clip(probability, EDGE, 1.0 - EDGE)
    return np.asarray(np.log(bounded / (1.0 - bounded)))


def expit(score: np.ndarray) -> np.ndarray:
    """Return the probability that has these log-odds, without overflow."""
    small = np.exp(-np.abs(score))
    return np.asarray(np.where(score >= 0, 1.0 / (1.0 + small), small / (1.0 + small)))
