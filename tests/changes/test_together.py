"""Changes that no column shows alone."""

import numpy as np
import pytest
from scipy import stats

from vigil.changes import together
from vigil.records import Column

FEATURES = (Column("a", "number"), Column("b", "number"), Column("c", "category"))


def rows(seed: int, count: int = 1200, *, turned: bool = False) -> dict:
    """Draw two numbers that go together, or against each other; each alone is the same."""
    draw = np.random.default_rng(seed)
    a = draw.normal(size=count)
    b = (-0.8 if turned else 0.8) * a + 0.6 * draw.normal(size=count)
    return {"a": a, "b": b, "c": draw.choice(np.array(["x", "y"], dtype=object), count)}


def test_a_turned_correlation_is_found() -> None:
    """Rows can be told apart, by the two columns of the pair, whose correlation turned."""
    found = together.compare(rows(1), rows(2, turned=True), FEATURES)
    assert found["verdict"] == "drift"
    assert found["area"] > 0.8
    assert {name for name, _ in found["importance"]} == {"a", "b"}
    (first, second, before, now), *others = found["pairs"]
    assert ({first, second}, others) == ({"a", "b"}, [])
    assert before == pytest.approx(0.79, abs=0.05)
    assert now == pytest.approx(-0.79, abs=0.05)
    assert any("correlation +0.7" in line for line in together.told(found))


def test_the_same_rows_do_not_differ() -> None:
    """Rows of one distribution: no drift, no pair; and few rows say nothing."""
    found = together.compare(rows(1), rows(2), FEATURES)
    assert (found["verdict"], found["pairs"]) == ("none", [])
    few = together.compare(rows(1, 50), rows(2), FEATURES)
    assert few["verdict"] == "too little data"


def test_the_null_is_that_of_mann_and_whitney() -> None:
    """The p-value of an area is scipy's, ties included."""
    draw = np.random.default_rng(4)
    score, known = draw.integers(0, 6, 400) / 6, draw.random(400) < 0.3
    peer = stats.mannwhitneyu(
        score[known], score[~known], alternative="greater", use_continuity=False, method="asymptotic"
    )
    area = peer.statistic / (known.sum() * (~known).sum())
    assert together._p_value(score, known, area) == pytest.approx(peer.pvalue, rel=1e-6)
