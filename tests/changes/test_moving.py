"""Why a score moved, on generators whose shares are known."""

import numpy as np
import pytest

from vigil.changes import disde
from vigil.changes.moving import Rows, explain
from vigil.records import Column
from vigil.stats import metrics

FEATURES = (Column("a", "number"), Column("b", "number"))
NAMES = ("label", "covariate", "concept")


def rows(seed: int, *, shift: float = 0.0, turned: bool = False, positives: float | None = None) -> Rows:
    """Draw rows, their truth and a fixed model's answers.

    ``shift`` moves a towards where labels are noisy, ``turned`` reverses the truth where b is large,
    ``positives`` draws the label first and the features from it.
    """
    draw, count = np.random.default_rng(seed), 1500
    if positives is not None:
        truth = (draw.random(count) < positives).astype(np.int64)
        a, b = (draw.normal(np.where(truth == 1, 1.0, -0.6), 1) for _ in range(2))
    else:
        a, b = draw.normal(shift, 1, count), draw.normal(0, 1, count)
        chance = 1 / (1 + np.exp(-(a + b) * np.where(a > 0.5, 0.6, 3.0)))
        chance = np.where((b > 0.5) & turned, 1 - chance, chance)
        truth = (draw.random(count) < chance).astype(np.int64)
    return Rows({"a": a, "b": b}, truth, (a + b > 0).astype(np.int64))


def parts(reference: Rows, batch: Rows, metric: str = "accuracy") -> dict:
    """Return the explanation's parts."""
    found = explain(metrics.get(metric), reference, batch, features=FEATURES, classes=2, clip=None, seed=0)
    return found["parts"]


@pytest.mark.parametrize(
    ("then", "now", "cause"),
    [
        ({}, {"shift": 0.8}, "covariate"),
        ({}, {"turned": True}, "concept"),
        ({"positives": 0.5}, {"positives": 0.15}, "label"),
    ],
)
def test_the_cause_has_the_whole_change(then, now, cause) -> None:
    """Where one thing changed, its part is the change and the others' intervals hold 0, or nearly."""
    found = parts(rows(1, **then), rows(2, **now))
    change = found["now"]["value"] - found["then"]["value"]
    assert sum(found[name]["value"] for name in NAMES) == pytest.approx(change, abs=1e-12)
    assert found[cause]["high"] < 0
    for name in set(NAMES) - {cause}:
        assert abs(found[name]["value"]) < 0.03
    assert abs(found[cause]["value"]) > 0.03


def test_two_causes_are_told_apart() -> None:
    """Other rows and another truth at once: each has about the share that it has alone."""
    alone = [parts(rows(1), rows(2, **how)) for how in ({"shift": 0.8}, {"turned": True})]
    both = parts(rows(1), rows(2, shift=0.8, turned=True))
    for one, name in zip(alone, ("covariate", "concept"), strict=True):
        assert both[name]["value"] == pytest.approx(one[name]["value"], abs=0.05)


def test_nothing_changed() -> None:
    """Every interval holds 0, or is a hair from it, and F1 is split as accuracy is."""
    for metric in ("accuracy", "f1"):
        found = parts(rows(1), rows(5), metric)
        for name in NAMES:
            assert found[name]["low"] - 0.01 <= 0 <= found[name]["high"] + 0.01


def test_rows_without_overlap_are_not_compared() -> None:
    """Where no row of one side could be of the other, it says so; below a hundred rows it says nothing."""
    told = explain(
        metrics.get("accuracy"), rows(1), rows(2, shift=40.0), features=FEATURES, classes=2, clip=None, seed=0
    )
    assert told["parts"] is None
    assert "too unlike" in told["words"]
    few = Rows({"a": np.zeros(9), "b": np.zeros(9)}, np.zeros(9, int), np.zeros(9, int))
    assert explain(
        metrics.get("accuracy"), few, few, features=FEATURES, classes=2, clip=None, seed=0
    ) is None  # fmt: skip


def test_values_are_split_too() -> None:
    """Regression: errors that grow for like rows are concept shift."""
    draw = np.random.default_rng(3)
    sides = []
    for noise in (1.0, 2.0):
        a, b = draw.normal(size=800), draw.normal(size=800)
        sides.append(Rows({"a": a, "b": b}, a + draw.normal(0, noise, 800), a))
    found = explain(metrics.get("mae"), *sides, features=FEATURES, classes=0, clip=5.0, seed=0)
    assert found["parts"]["concept"]["low"] > 0.6
    assert abs(found["parts"]["covariate"]["value"]) < 0.05
    assert "MAE went from" in found["words"]


def test_the_area_agrees_with_scikit_learn() -> None:
    """With ties and weights the area under the curve is scikit-learn's."""
    from sklearn.metrics import roc_auc_score

    draw = np.random.default_rng(1)
    score, side, weight = draw.integers(0, 9, 300) / 9, draw.random(300) < 0.4, draw.random(300)
    area, error = disde.auc(score, side, weight)
    assert area == pytest.approx(roc_auc_score(side, score, sample_weight=weight))
    assert 0.02 < error < 0.06
