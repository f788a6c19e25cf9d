"""Evidence that a drift lasts, over many batches."""

import math
from itertools import pairwise

import numpy as np
import pytest

from vigil.drift.lasting import ALPHA, Lasting, log_bet


def test_a_bet_is_fair() -> None:
    """The mean of the bet over a uniform p is 1, and it falls as p rises."""
    log = np.linspace(-690, 0, 2_000_001)
    pay = np.exp([log_bet(float(math.exp(x))) + x for x in log[::40]])
    below = 1 / 690  # ∫ of 1/(p·ln² p) from 0 to e^−690
    assert np.trapezoid(pay, log[::40]) + below == pytest.approx(1.0, abs=2e-3)
    bets = [log_bet(p) for p in np.geomspace(1e-12, 1, 300)]
    assert all(a > b for a, b in pairwise(bets))
    assert log_bet(1 - 1.0e-4) == pytest.approx(log_bet(1 - 1.01e-4), abs=1e-6)


def test_nothing_new_leaves_the_evidence_at_rest() -> None:
    """Without any p-value the evidence is 1 after any number of batches."""
    state = Lasting()
    for _ in range(50):
        state = state.met({})
    assert state.evidence("a") == pytest.approx(1 / 51)
    assert Lasting().evidence("a") == 1.0


def test_a_lasting_drift_is_found_and_chance_is_not() -> None:
    """A column of small p-values lasts after a few batches; hardly any life of uniform ones does."""
    state = Lasting()
    for _ in range(8):
        state = state.met({"moved": 1e-3, "still": 0.5})
    assert state.lasts("moved")
    assert not state.lasts("still")
    random = np.random.default_rng(5)
    lives = 0
    for _ in range(300):
        state, ever = Lasting(), False
        for _ in range(60):
            state = state.met({name: float(random.random()) for name in "abcde"})
            ever = ever or any(state.lasts(name) for name in "abcde")
        lives += ever
    assert lives <= 300 * ALPHA + 6


def test_a_late_column_starts_then() -> None:
    """A column that comes later is bet on with what is laid out from then on."""
    state = Lasting().met({"a": 0.2}).met({"a": 0.2, "b": 1e-4})
    assert state.log_wealth["b"] == pytest.approx(math.log(1 / 6) + log_bet(1e-4))
