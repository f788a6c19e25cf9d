"""Rank statistics: their p-values beside those of dealing the rows to the sides again and again."""

import numpy as np
import pytest

from vigil.drift import ranks
from vigil.drift.cells import Cells


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize(("n", "m"), [(1000, 60), (60, 60), (60, 400)])
def test_p_values_are_those_of_dealing_the_rows_anew(n: int, m: int, power: int) -> None:
    """Normal scores and their squares, in both tails, whichever side is larger."""
    random = np.random.default_rng([3, n, m])
    deals = np.array([random.permutation(n + m)[:m] for _ in range(6000)])
    score = ranks.normal_scores(_cells(n + m, deals[0])) ** power
    order = np.argsort(score[deals].sum(axis=1))
    for share in (0.01, 0.05, 0.95, 0.99):
        found = ranks.tested(_cells(n + m, deals[order[int(share * 6000)]]), score)
        assert found is not None
        assert found.p_value == pytest.approx(2 * min(share, 1 - share), rel=0.3)


def test_scores_that_are_all_alike_test_nothing() -> None:
    """One bucket for all rows has no order to look at."""
    one = Cells(np.array([80]), np.array([60]))
    assert ranks.tested(one, ranks.normal_scores(one)) is None


def _cells(rows: int, drawn: np.ndarray) -> Cells:
    """Return a bucket for each row, with those drawn on the current side."""
    current = np.zeros(rows, dtype=np.int64)
    current[drawn] = 1
    return Cells(1 - current, current)
