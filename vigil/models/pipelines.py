"""Run a scikit-learn pipeline: fitted and asked on one thread, its quirks taken off its answers."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from vigil.serving.prediction import Prediction, calibrated, decide, spread

if TYPE_CHECKING:
    import pandas as pd


def fitted(pipeline: Any, table: pd.DataFrame, y: np.ndarray, weights: np.ndarray) -> Any:
    """Fit a pipeline to n rows with their targets and weights (n,)."""
    with _quiet():
        return pipeline.fit(table, y, model__sample_weight=weights)


def raw(pipeline: Any, table: pd.DataFrame, classes: int) -> np.ndarray:
    """Return probabilities by code (n, classes), or values (n, 1)."""
    with _quiet():
        if not hasattr(pipeline, "predict_proba"):
            return np.asarray(pipeline.predict(table), dtype=np.float64)[:, None]
        return spread(pipeline.predict_proba(table), [int(c) for c in pipeline.classes_], classes)


def finish(raw: np.ndarray, calibration: Mapping[str, Any] | None, threshold: float | None) -> Prediction:
    """Turn probabilities (n, K) or values (n, 1) into answers."""
    if raw.shape[1] == 1:
        return Prediction(raw[:, 0])
    return decide(calibrated(raw, calibration), threshold)


@lru_cache(maxsize=1)
def _threads(_modules: int) -> Any:
    """Return what holds libraries to a number of threads; looked for again when a module came in since."""
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return ThreadpoolController()


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold the libraries to one thread, so that sums are added in one order, and keep them silent.

    Rare classes, constant columns, unseen levels and a last unfinished step are expected here, and
    handled; scikit-learn would warn of each, each time.
    """
    from sklearn import config_context

    # The parameters are ours, and were checked as settings.
    own = config_context(skip_parameter_validation=True)
    with _threads(len(sys.modules)).limit(limits=1), warnings.catch_warnings(), own:
        warnings.simplefilter("ignore", category=UserWarning)
        yield
