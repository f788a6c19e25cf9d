"""Rows told apart by a classifier: the permutation null, and what is found."""

import numpy as np
import pytest
from scipy import stats

from vigil.drift.measures import Side, domain_classifier
from vigil.profiles import Profile
from vigil.stats import ordering


def side(seed: int, rows: int = 400, *, turned: bool = False) -> Side:
    """Draw two numbers that go together, or against each other, and levels."""
    random = np.random.default_rng(seed)
    a = random.normal(size=rows)
    b = (-0.8 if turned else 0.8) * a + 0.6 * random.normal(size=rows)
    levels = random.choice(np.array(["x", "y", None], dtype=object), rows)
    return Side(Profile(rows, ()), {"a": a, "b": b, "c": levels})


def test_the_null_is_that_of_mann_and_whitney() -> None:
    """Area and p-value of scores are scipy's, ties included."""
    random = np.random.default_rng(4)
    scores, is_now = random.integers(0, 6, 400) / 6, random.random(400) < 0.3
    peer = stats.mannwhitneyu(
        scores[is_now], scores[~is_now], alternative="greater", use_continuity=False, method="asymptotic"
    )
    area = ordering.area(ordering.ranks(scores), is_now)
    assert area == pytest.approx(peer.statistic / (is_now.sum() * (~is_now).sum()))
    assert domain_classifier.p_value(scores, is_now, area) == pytest.approx(peer.pvalue, rel=1e-6)


def test_the_null_is_that_of_dealing_the_sides_at_random() -> None:
    """The share of random deals of the same scores with an area as large is the p-value."""
    random = np.random.default_rng(5)
    scores, is_now = np.round(random.normal(size=120), 1), random.random(120) < 0.4
    scores = scores + 0.25 * is_now.round()
    area = ordering.area(ordering.ranks(scores), is_now)
    ranks = ordering.ranks(scores)
    dealt = [ordering.area(ranks, random.permutation(is_now)) for _ in range(4000)]
    p = domain_classifier.p_value(scores, is_now, area)
    assert np.mean(np.array(dealt) >= area) == pytest.approx(p, abs=4 * np.sqrt(p / 4000) + 0.005)


def test_nothing_changed_is_rarely_called() -> None:
    """Ten batches of unchanged rows: p-values are spread, none is tiny."""
    found = [domain_classifier.measure(side(2 * k), side(2 * k + 1)).p_value for k in range(10)]
    assert min(found) > 0.0005
    assert 0.2 < np.mean(found) < 0.8


def test_a_turned_pair_is_found_and_named() -> None:
    """The area is large, its p-value tiny, and the columns of the pair are named first."""
    found = domain_classifier.measure(side(1), side(2, turned=True))
    assert found.statistic > 0.75
    assert found.p_value < 1e-6
    words = domain_classifier.words(side(1), side(2, turned=True))
    assert sorted(words.split("(")[1].replace(" adds", ",").split(", ")[:4:2]) == ["a", "b"]


def test_without_rows_there_is_nothing_to_say() -> None:
    """Profiles alone, or few rows: no result."""
    bare = Side(Profile(400, ()))
    assert domain_classifier.measure(bare, bare) is None
    assert domain_classifier.measure(side(1, 50), side(2)) is None
    assert domain_classifier.words(bare, bare).endswith("too little data to compare rows")
