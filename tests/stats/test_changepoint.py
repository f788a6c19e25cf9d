"""The change point: found where it is, with honest limits."""

from __future__ import annotations

import numpy as np
import pytest

from vigil.stats import changepoint


def test_a_clear_change_is_named() -> None:
    """The first batch after a large drop is the mode, and the likely set is small."""
    found = changepoint.locate([40] * 10 + [20] * 5, [10] * 10 + [30] * 5, held_out=(80, 20))
    assert found.index == 10
    assert found.likely == (10,)
    assert sum(found.probabilities) == pytest.approx(1)


def test_a_change_at_the_first_batch_needs_the_holdout() -> None:
    """Against the holdout alone, a drop from the first batch on is placed there."""
    assert changepoint.locate([20] * 6, [30] * 6, held_out=(160, 40)).index == 0


def test_the_likely_set_covers_the_change() -> None:
    """The 90 % set holds the true batch in about 90 % of streams or more."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        true = int(random.integers(0, 20))
        share = np.where(np.arange(20) < true, 0.6, 0.45)
        hits = random.binomial(50, share)
        found = changepoint.locate(hits, 50 - hits, held_out=(120, 80))
        held += true in found.likely
    assert held / 300 >= 0.86


def test_no_batch_is_refused() -> None:
    """Without a batch there is no change to place."""
    with pytest.raises(ValueError, match="at least one batch"):
        changepoint.locate([], [])
