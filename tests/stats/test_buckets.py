"""The gate where entities recur: equals are rarely promoted, better ones are, few entities decide nothing."""

from __future__ import annotations

import numpy as np
import pytest

from vigil.stats import buckets, gate, metrics

F1, MAE = metrics.get("f1"), metrics.get("mae")


def cells(count: int, seed: int, gain: float = 0.0, entities: int = 100) -> np.ndarray:
    """Draw counts (count, buckets, 2, 2, 2): ten rows of an entity share the truth and both answers."""
    random, shape = np.random.default_rng(seed), (count, entities)
    truth = random.random(shape) < 0.4
    answers = [np.where(random.random(shape) < 0.75 + more, truth, ~truth) for more in (0.0, gain)]
    code = (truth * 2 + answers[0]) * 2 + answers[1]
    return 10.0 * np.eye(8)[code].reshape(count, entities, 2, 2, 2)


def promoted(drawn: np.ndarray) -> float:
    """Return the share that the gate promotes."""
    return float(np.mean([gate.compare_cells(F1, one, attempt=0).promote for one in drawn]))


def test_equals_are_promoted_no_more_often_than_said() -> None:
    """Ten rows an entity: by rows the gate lets equals through far too often, by buckets at 0.05."""
    drawn = cells(150, seed=1)
    assert promoted(drawn.sum(axis=1)) > 0.15
    assert promoted(drawn) <= 0.1


def test_a_better_one_is_promoted() -> None:
    """Where entities differ enough the gate still sees it."""
    assert promoted(cells(60, seed=2, gain=0.2)) > 0.6


def test_few_entities_decide_nothing() -> None:
    """Ten entities with many rows are ten votes: too few."""
    found = gate.compare_cells(F1, cells(1, 3, gain=0.2, entities=10)[0])
    assert found.outcome == "abstain"
    assert "too few entities" in found.reason


def test_losses_are_summed_by_bucket() -> None:
    """A gain that rests on one entity of many rows is no gain; one in all of them is."""
    random = np.random.default_rng(4)
    truth, bucket = random.normal(size=1000), np.repeat(np.arange(100), 10)
    old = truth + random.normal(size=1000)
    one = np.where(bucket == 7, truth, old)
    everywhere = truth + 0.5 * (old - truth)
    options = {"classes": 0, "bucket": bucket}
    assert gate.compare(MAE, truth, old, one, **options).outcome == "keep"
    found = gate.compare(MAE, truth, old, everywhere, **options)
    assert (found.outcome, found.buckets) == ("promote", 100)


def test_rows_alone_in_their_buckets_have_the_usual_error() -> None:
    """One row a bucket: the jackknife of a mean is its ordinary standard error."""
    values = np.random.default_rng(5).normal(size=60)
    usual = values.std(ddof=1) / np.sqrt(60)
    assert buckets.error_of_mean(values, np.ones(60)) == pytest.approx(usual)


def test_arrays_and_counts_agree() -> None:
    """Rows with their buckets give what counts by bucket give."""
    random = np.random.default_rng(6)
    truth, old, new = (random.integers(0, 2, 400) for _ in range(3))
    bucket = random.integers(0, 40, 400)
    counts = np.zeros((40, 2, 2, 2))
    np.add.at(counts, (bucket, truth, old, new), 1)
    assert gate.compare(F1, truth, old, new, bucket=bucket) == gate.compare_cells(F1, counts)


def test_buckets_follow_the_entity() -> None:
    """The same hash is in the same bucket, buckets are evenly filled, and repetition is noticed."""
    hashes = np.random.default_rng(7).integers(0, 2**64, (20_000, 2), dtype=np.uint64)
    found = buckets.bucket_of(hashes)
    assert np.array_equal(found, buckets.bucket_of(hashes))
    assert np.bincount(found, minlength=100).min() > 120
    assert not buckets.recurs(hashes)
    assert buckets.recurs(np.concatenate([hashes, hashes[:1]]))
