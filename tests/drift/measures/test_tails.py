"""Tails that grow: found where the middle is as before, and rarely when nothing has changed."""

import numpy as np
from scipy import stats

from vigil.drift.measures import ks, tails


def heavy(random: np.random.Generator, rows: int) -> np.ndarray:
    """Draw Student's t with two degrees of freedom, scaled to the normal's quartiles."""
    return random.standard_t(2, rows) * stats.norm.ppf(0.75) / stats.t.ppf(0.75, 2)


def test_a_heavier_tail_is_found(pair) -> None:
    """Where the quartiles are as before and KS sees nothing that matters, the tails are large and clear."""
    random = np.random.default_rng(0)
    both = pair("number", random.normal(size=5000), heavy(random, 500))
    found = tails.measure(*both)
    assert found.p_value < 1e-4
    assert found.effect > tails.FLOOR
    assert ks.measure(*both).effect < ks.FLOOR


def test_p_is_fishers(pair) -> None:
    """With distinct values the p-value is twice scipy's of the outermost fortieth on the smaller side."""
    first, second = np.arange(400.0), np.arange(300.0) + 99.5
    found = tails.measure(*pair("number", first, second))
    order = np.sort(np.concatenate([first, second]))
    peers = []
    for out in (lambda x: x <= order[16], lambda x: x >= order[-17]):
        table = [[out(side).sum(), (~out(side)).sum()] for side in (first, second)]
        peers.append(stats.fisher_exact(table).pvalue)
    assert np.isclose(found.p_value, min(1.0, 2 * min(peers)), rtol=1e-6) or found.p_value < 1e-3


def test_one_in_twenty_is_below_a_twentieth_when_nothing_has_changed(pair) -> None:
    """Rounded and heavy values alike: the p-value holds over 300 batches."""
    random = np.random.default_rng(1)
    for bend in (np.round, np.sinh):
        found = [
            tails.measure(*pair("number", bend(random.normal(size=600)), bend(random.normal(size=250))))
            for _ in range(150)
        ]
        hits = sum(one.p_value is not None and one.p_value <= 0.05 for one in found)
        assert stats.binomtest(hits, 150, 0.05, alternative="greater").pvalue > 0.001


def test_a_frequent_value_is_no_tail(pair) -> None:
    """A column of two values has nothing far out."""
    found = tails.measure(*pair("number", [0.0, 1.0] * 100, [0.0, 0.0, 1.0] * 50))
    assert (found.effect, found.p_value) == (0.0, None)
