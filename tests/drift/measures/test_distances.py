"""Distances without a test: against scipy and published values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from tests.drift.conftest import category
from vigil import drift

FIRST, SECOND = [16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8]


def test_hellinger_reproduces_evidentlys_published_value() -> None:
    """Its data gives 0.06812, whatever the size of the reference."""
    for times in (1, 2):
        reference = category(np.array(FIRST) * times)
        assert drift.measure("hellinger", reference, category(SECOND)).effect == pytest.approx(
            0.06812, abs=1e-5
        )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=3, max_size=12), st.integers(0, 1000))
def test_jensen_shannon_agrees_with_scipy(counts: list[int], seed: int) -> None:
    """The distance is scipy's, in bits."""
    first = np.array(counts) + 1
    second = np.random.default_rng(seed).permutation(counts)
    second[0] += 1
    found = drift.measure("jensen_shannon", category(first), category(second))
    assert found.effect == pytest.approx(distance.jensenshannon(first, second, base=2), abs=1e-7)


def test_psi_is_its_sum() -> None:
    """Levels that all have a hundredth or more give the textbook sum."""
    first, second = np.array(FIRST) / 88, np.array(SECOND) / 88
    expected = np.sum((second - first) * np.log(second / first))
    assert drift.measure("psi", category(FIRST), category(SECOND)).effect == pytest.approx(
        expected, rel=1e-12
    )


def test_psi_of_a_new_level_does_not_grow_with_the_rows() -> None:
    """A level that one side lacks counts a hundredth there, however many rows there are."""
    small = drift.measure("psi", category([100, 0]), category([80, 20])).effect
    large = drift.measure("psi", category([10_000, 0]), category([8000, 2000])).effect
    assert small == pytest.approx(large, rel=1e-12)


def test_psi_cuts_numbers_into_the_references_tenths(pair) -> None:
    """Against numpy with the same ten cells, the index differs by the width of a bucket only."""
    random = np.random.default_rng(0)
    first, second = random.normal(size=20_000), random.normal(0.5, 1, size=20_000)
    edges = np.quantile(first, np.arange(0.1, 1, 0.1))
    shares = [np.bincount(np.searchsorted(edges, side), minlength=10) / 20_000 for side in (first, second)]
    expected = np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0]))
    assert drift.measure("psi", *pair("number", first, second)).effect == pytest.approx(expected, rel=0.1)


def test_wasserstein_reproduces_deepchecks_published_value(pair) -> None:
    """0 … 99 against 50 … 149: a third of the joint range, as that tool scales it."""
    found = drift.measure("wasserstein", *pair("number", range(100), range(50, 150)))
    assert found.effect * np.std(range(100), ddof=1) / 149 == pytest.approx(0.33, abs=0.01)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=60),
    st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=60),
)
def test_wasserstein_agrees_with_scipy(first: list[float], second: list[float]) -> None:
    """Where every value is known, the distance is scipy's, over the reference's deviation."""
    import pyarrow as pa

    from vigil.profiles import profile
    from vigil.records import Column

    sides = [
        profile(pa.table({"x": pa.array(side, pa.float64())}), [Column("x", "number")]).columns[0]
        for side in (first, second)
    ]
    unit = np.std(first, ddof=1)
    if unit < 1e-6:
        return
    expected = stats.wasserstein_distance(first, second) / unit
    assert drift.measure("wasserstein", *sides).effect == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_wasserstein_of_buckets_is_close(pair) -> None:
    """Where values lie in buckets, the distance is within a hundredth of a deviation."""
    random = np.random.default_rng(1)
    first, second = random.normal(size=20_000), random.normal(0.3, 1.2, size=5000)
    found = drift.measure("wasserstein", *pair("number", first, second)).effect
    assert found == pytest.approx(stats.wasserstein_distance(first, second) / np.std(first), abs=0.01)
