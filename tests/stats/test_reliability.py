"""Probabilities that are right look right at every number of rows; wrong ones are off by what they are."""

import numpy as np
import pytest

from vigil.stats.reliability import reliability


def drawn(rows: int, seed: int, off: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return outcomes, and probabilities that are too low by ``off``."""
    random = np.random.default_rng(seed)
    chance = random.uniform(0.05, 0.85, rows)
    return (random.random(rows) < chance + off).astype(int), chance


@pytest.mark.parametrize("rows", [60, 400])
def test_right_probabilities_show_nothing_but_chance(rows: int) -> None:
    """Over many draws the mean square is 0, and varies as much as it says."""
    found = [reliability(*drawn(rows, seed)) for seed in range(600)]
    squares = np.array([one.square for one in found])
    error = np.mean([one.by_chance for one in found])
    assert abs(squares.mean()) < 4 * error / np.sqrt(len(squares))
    assert squares.std() == pytest.approx(error, rel=0.2)


def test_what_is_off_is_measured_and_its_interval_holds_it() -> None:
    """Probabilities that are too low by a tenth are off by a tenth, in about 19 draws of 20."""
    found = [reliability(*drawn(500, seed, off=0.1)) for seed in range(300)]
    assert np.mean([one.square for one in found]) == pytest.approx(0.01, rel=0.1)
    held = [one.interval(0.95)[0] <= 0.1 <= one.interval(0.95)[1] for one in found]
    assert 0.91 <= np.mean(held) <= 0.99


def test_no_rows_say_nothing() -> None:
    """Without rows there is nothing to measure."""
    assert reliability(np.zeros(0, dtype=int), np.zeros(0)) is None
