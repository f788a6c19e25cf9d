"""Histograms on edges that do not depend on the data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.profiles import histogram
from vigil.profiles.histogram import Histogram

finite = st.floats(allow_nan=False, allow_infinity=False)


def of(values: object) -> Histogram:
    """Count values."""
    return histogram.of_keys(histogram.fine_keys(np.array(values, dtype=np.float64)))


@settings(max_examples=100, deadline=None)
@given(st.lists(finite, min_size=1, max_size=60))
def test_every_value_lies_in_its_bucket(values: list[float]) -> None:
    """The edges hold the values between them, in ascending order, and no row is lost."""
    counted = of(values)
    lower, upper = histogram.edges(counted)
    assert sum(counted.counts) == len(values)
    assert (np.diff(lower) > 0).all() or len(lower) == 1
    for value in values:
        assert any(low <= value <= high for low, high in zip(lower, upper, strict=True))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.sampled_from(["normal", "wide", "narrow", "integer"]))
def test_any_split_adds_up_to_the_whole(seed: int, parts: int, shape: str) -> None:
    """Split anywhere and merged in any order, the histogram is that of all rows at once."""
    values = sample(np.random.default_rng(seed), shape, 3000)
    cuts = np.sort(np.random.default_rng(seed + 1).integers(0, 3000, parts))
    split = [of(part) for part in np.split(values, cuts)]
    assert histogram.merged(split) == histogram.merged(split[::-1]) == of(values)
    paired = histogram.merged([histogram.merged(split[:2]), *split[2:]])
    assert paired == of(values)


def sample(rng: np.random.Generator, shape: str, size: int) -> np.ndarray:
    """Draw values of a named shape."""
    if shape == "wide":
        return rng.normal(size=size) * 2.0 ** rng.integers(-1000, 1000, size)
    if shape == "narrow":
        return rng.normal(1e9, 1, size)
    if shape == "integer":
        return rng.integers(-400, 400, size).astype(float)
    return rng.normal(size=size)


@pytest.mark.parametrize("shape", ["normal", "wide", "narrow", "integer"])
def test_a_histogram_stays_small(shape: str) -> None:
    """However spread the values, the buckets stay within the limit."""
    assert len(of(sample(np.random.default_rng(0), shape, 50_000)).keys) <= histogram.MOST


def test_few_distinct_values_give_exact_quantiles() -> None:
    """Up to 256 distinct values, decimals included, quantiles equal numpy's."""
    values = np.random.default_rng(0).integers(-1200, 1200, 5000).round(-1) / 8 + 0.05
    counted = of(values)
    assert counted.is_exact
    for share in (0.0, 0.05, 0.25, 0.5, 0.95, 1.0):
        assert histogram.quantile(counted, share) == pytest.approx(np.quantile(values, share), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_quantiles_are_within_the_stated_error(scale: float) -> None:
    """On normal data of any size each quantile is within a bucket, 1/16 of the value."""
    values = np.random.default_rng(0).normal(size=200_000) * scale
    counted = of(values)
    for share in (0.01, 0.05, 0.25, 0.75, 0.95, 0.99):
        true = np.quantile(values, share)
        assert abs(histogram.quantile(counted, share) - true) <= abs(true) / 16


def test_a_large_mean_keeps_the_shape() -> None:
    """Values around 1e9 that vary by 1 are still told apart."""
    values = np.random.default_rng(0).normal(1e9, 1, 100_000)
    assert histogram.quantile(of(values), 0.95) == pytest.approx(np.quantile(values, 0.95), abs=0.05)


def test_zero_has_one_bucket() -> None:
    """Minus zero and zero are one value."""
    assert of([0.0, -0.0]).counts == (2,)


def test_dates_are_counted_by_the_second() -> None:
    """Moments within the same second share a bucket; before 1970 as well."""
    counted = histogram.of_dates(np.array([-1, -1_000_000, 0, 999_999, 10**6], dtype=np.int64))
    assert (counted.keys, counted.counts) == ((-1, 0, 1), (2, 2, 1))


def test_two_histograms_meet_on_common_edges() -> None:
    """Histograms of different levels are compared on the coarser edges, without losing a row."""
    rng = np.random.default_rng(0)
    fine, coarse = of(rng.integers(0, 50, 500)), of(rng.normal(size=20_000))
    lower, upper, ours, theirs = histogram.on_common_edges(fine, coarse)
    assert fine.level != coarse.level
    assert (ours.sum(), theirs.sum()) == (500, 20_000)
    assert (lower < upper).all()
    assert (upper[:-1] <= lower[1:]).all()


def test_the_limit_is_reached_and_not_passed() -> None:
    """256 distinct values are all told apart; with one more, neighbours are joined."""
    values = 1.0 + np.arange(histogram.MOST_EXACT + 1) / 3
    assert of(values[:-1]).level == 0
    assert of(values).level > 0


def test_joining_goes_no_further_than_it_must() -> None:
    """One level lower, there would be too many buckets."""
    for seed, size in enumerate((300, 3_000, 30_000)):
        values = np.random.default_rng(seed).lognormal(3, 1, size)
        counted = of(values)
        finer = {int(key) >> (counted.level - 1) for key in values.view(np.int64)}
        assert len(finer) > histogram._limit("value", counted.level - 1)
