"""What is expected of rows without labels, against what is known of them."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil import estimate
from vigil.estimate import bands, confidence, losses
from vigil.stats import metrics

#: The folder of data sets that NannyML's package brings (``nannyml/datasets/data``).
PEER_DATA = Path(os.environ.get("VIGIL_PEER_DATA", "absent"))


def housing(name: str) -> list[dict[str, str]]:
    """Return a file of the California housing example."""
    with (PEER_DATA / f"california_housing_{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def by_month(rows: list[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    """Group rows by the month of their time."""
    months = defaultdict(list)
    for row in rows:
        months[row["timestamp"][:7]].append(row)
    return months


def numbers(rows: list[dict[str, str]], name: str) -> np.ndarray:
    """Return one column."""
    return np.array([float(row[name]) for row in rows])


@pytest.mark.skipif(not PEER_DATA.is_dir(), reason="VIGIL_PEER_DATA names no folder of a peer's data sets")
def test_published_estimates_are_reproduced() -> None:
    """The monthly AUC of the California housing example, and its lower threshold, to six decimals."""
    reference, later = housing("reference"), by_month(housing("analysis"))
    learnt = confidence.learn(numbers(reference, "clf_target"), numbers(reference, "y_pred_proba"))
    found = {}
    for month, rows in later.items():
        said = numbers(rows, "y_pred_proba")
        found[month] = confidence.auc(said, confidence.calibrated(learnt, said))
    assert round(found["2022-03"] or 0, 6) == 0.829077
    assert round(found["2022-04"] or 0, 6) == 0.910661
    realised = [
        confidence.auc(numbers(rows, "y_pred_proba"), numbers(rows, "clf_target"))
        for rows in by_month(reference).values()
    ]
    assert round(float(np.mean(realised) - 3 * np.std(realised)), 6) == 0.708336


def test_with_certain_probabilities_the_estimate_is_the_score() -> None:
    """Probabilities of 0 and 1 that are right: every metric of classes comes out as it is."""
    random = np.random.default_rng(0)
    truth, answer = random.integers(0, 2, 500), random.integers(0, 2, 500)
    for name in metrics.names("binary"):
        metric = metrics.get(name)
        if metric.of == "answer":
            table = confidence.cells(answer, truth.astype(float), 2)
            real = metric.value(metric.tally(truth, answer, classes=2, clip=None))
            assert metric.value({"confusion": table.tolist()}) == pytest.approx(real)


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_estimates_follow_the_rows_when_only_they_change(shift: float) -> None:
    """Where the meaning of rows stays, the estimate is near the truth also on rows of another kind."""
    random = np.random.default_rng(1)

    def drawn(count: int, mean: float) -> tuple[np.ndarray, np.ndarray]:
        x = random.normal(mean, 1.0, count)
        return x, (random.random(count) < 1 / (1 + np.exp(-2 * x))).astype(int)

    def said(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-4 * x))  # too sure of itself

    x, y = drawn(20_000, 0.0)
    learnt = estimate.learn(y, (said(x) > 0.5).astype(int), said(x))
    assert learnt is not None
    x, y = drawn(20_000, shift)
    answer = (said(x) > 0.5).astype(int)
    for name in ("accuracy", "f1", "balanced_accuracy"):
        metric = metrics.get(name)
        real = metric.value(metric.tally(y, answer, classes=2, clip=None))
        assert estimate.estimate(learnt, answer, said(x), metric, 2)["score"] == pytest.approx(
            real, abs=0.015
        )


def test_a_regressions_error_is_expected_by_its_answer() -> None:
    """Errors that grow with the answer: rows with larger answers are expected to be further off."""
    random = np.random.default_rng(2)
    answer = random.uniform(1, 10, 10_000)
    learnt = losses.learn(answer + random.normal(0, answer), answer)
    later = random.uniform(6, 10, 10_000)
    real = np.abs(random.normal(0, later)).mean()
    assert losses.expected(learnt, later).mean() == pytest.approx(real, rel=0.05)


def test_too_few_rows_teach_nothing() -> None:
    """Nothing is said instead of something unfounded."""
    few = np.zeros(estimate.ENOUGH - 1, dtype=int)
    assert estimate.learn(few, few, few.astype(float)) is None
    one_class = np.zeros(100, dtype=int)
    assert estimate.learn(one_class, one_class, one_class.astype(float)) is None


@given(st.lists(st.floats(-1, 1), min_size=19, max_size=60))
def test_a_band_covers_all_but_one_in_twenty(misses: list[float]) -> None:
    """Of the past misses themselves, no more than that lie outside the band."""
    width = bands.half_width(misses)
    assert width is not None
    assert sum(abs(miss) > width for miss in misses) <= 0.05 * (len(misses) + 1)


def test_no_band_without_nineteen_misses() -> None:
    """Eighteen cannot carry 95 %."""
    assert bands.half_width([0.1] * 18) is None
    assert bands.half_width([0.1] * 18 + [0.3]) == 0.3
