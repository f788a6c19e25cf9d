import numpy as np
import pytest

from vigil.stats import betting, freshness


def pair(positive):
    """Return probabilities of both classes."""
    return np.column_stack([1 - positive, positive])


def test_right_probabilities_are_no_gain_on_average():
    """Under the old probabilities the bet's pay has mean 1, whatever the new ones say."""
    draw = np.random.default_rng(0)
    old, new = draw.uniform(0.05, 0.95, 200), draw.uniform(0.05, 0.95, 200)
    for p, q in zip(old, new, strict=True):
        pays = [freshness.growth(pair(np.array([p])), pair(np.array([q])), np.array([y])) for y in (0, 1)]
        assert (1 - p) * np.exp(pays[0]) + p * np.exp(pays[1]) == pytest.approx(1.0)


def test_a_small_flaw_is_let_pass():
    """A release calibrated on six times the rows of its rivals is left alone, life after life."""
    draw = np.random.default_rng(2)
    seen = set()
    for life in range(60):
        process, flaw = freshness.fresh(), draw.normal(0, 1 / np.sqrt(1800 * 0.25))
        for _ in range(60):
            right = draw.uniform(0.2, 0.8, 300)
            truth = (draw.random(300) < right).astype(np.int64)
            logit = np.log(right / (1 - right))
            old, new = (1 / (1 + np.exp(-logit - e)) for e in (flaw, draw.normal(0, 1 / np.sqrt(300 * 0.25))))
            process = betting.update(process, freshness.growth(pair(old), pair(new), truth))
            if betting.log_e_value(process) > np.log(200):
                seen.add(life)
    # One parameter: the flaw exceeds the noise in 1.4 % of lives, and the bound itself lets 0.5 % pass.
    assert len(seen) <= 4


def test_wrong_probabilities_lose_to_better_ones():
    """Where the new probabilities are right and the old are not, the evidence grows."""
    draw = np.random.default_rng(1)
    right = draw.uniform(0.2, 0.6, 500)
    truth = (draw.random(500) < right).astype(np.int64)
    process = freshness.fresh()
    process = betting.update(process, freshness.growth(pair(right / 2), pair(right), truth))
    assert betting.log_e_value(process) > np.log(200)
    other = betting.update(freshness.fresh(), freshness.growth(pair(right), pair(right / 2), truth))
    assert betting.log_e_value(other) < 0


def test_one_impossible_row_does_not_decide():
    """A row that was given probability zero counts for much, and not for everything."""
    grown = freshness.growth(pair(np.zeros(1)), pair(np.array([0.5])), np.array([1]))
    assert np.isfinite(grown).all()
    assert grown.max() <= np.log(100)


def test_a_flaw_that_is_known_is_charged():
    """What a model type is known to lack lets no rival win; what goes far beyond it still does."""
    draw = np.random.default_rng(3)
    right = draw.uniform(0.2, 0.8, 20_000)
    truth = (draw.random(20_000) < right).astype(np.int64)
    logit = np.log(right / (1 - right))

    def evidence(slope, charge):
        old = pair(1 / (1 + np.exp(-slope * logit)))
        return betting.log_e_value(
            betting.update(freshness.fresh(), freshness.growth(old, pair(right), truth, charge=charge))
        )

    charge = 0.005
    assert evidence(0.85, 0.0) > np.log(200)
    assert evidence(0.85, charge) < 0
    assert evidence(0.4, charge) > np.log(200)
