"""Values that other projects' own suites publish, from the same inputs.

Evidently 0.7, tests/stattests/test_stattests.py; Deepchecks, tests/tabular/conftest.py and its feature drift
tests. Where a peer computes another quantity, the test says how the two are related.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from vigil import drift
from vigil.drift import cells
from vigil.profiles import ColumnProfile, levels, profile
from vigil.records import Column


def category(counts: Sequence[int]) -> ColumnProfile:
    """Profile a category from the rows of each level."""
    named = [(f"level {place}", count) for place, count in enumerate(counts) if count]
    return ColumnProfile("x", "category", sum(counts), 0, None, levels.of_counts(named))


def numbers(values: Sequence[float] | np.ndarray) -> ColumnProfile:
    """Profile numbers."""
    table = pa.table({"x": np.asarray(values, dtype=np.float64)})
    return profile(table, [Column("x", "number")]).columns[0]


def cramers_v(ours: Sequence[int], theirs: Sequence[int]) -> float:
    """Return Cramér's V of two samples: √(χ²/N)."""
    found = drift.measure("chi_squared", category(ours), category(theirs))
    return math.sqrt(found.statistic / (found.n_ref + found.n_cur))


def halves() -> tuple[np.ndarray, np.ndarray, list[int], list[int]]:
    """Draw Deepchecks' drifted data: a number and a category of a thousand rows, before and after."""
    state = np.random.RandomState(42)
    three, size = ["apple", "orange", "banana"], 1000
    ours = state.randn(size, 2)[:, 1]
    before = state.choice(a=three, p=[0.5, 0.3, 0.2], size=(size, 2))[:, 1]
    theirs = state.randn(size, 2)[:, 1]
    state.choice(a=three, p=[0.5, 0.3, 0.2], size=(size, 2))
    theirs = theirs + np.abs(state.randn(size)) + np.arange(0, 1, 1 / size) * 4
    four = [*three, "lemon"]
    after = state.choice(a=four, p=[0.5, 0.25, 0.15, 0.1], size=(size, 1))[:, 0]
    counted = [[int((side == name).sum()) for name in four] for side in (before, after)]
    return ours, theirs, counted[0], counted[1]


OURS, THEIRS = (16, 18, 16, 14, 12, 12), (16, 16, 16, 16, 16, 8)


def test_hellinger() -> None:
    """Evidently: 0.06812."""
    found = drift.measure("hellinger", category(OURS), category(THEIRS))
    assert found.statistic == pytest.approx(0.06812, abs=1e-5)


def test_chi_squared() -> None:
    """Evidently: p 0.67309, where the reference is taken for the truth; ours tends to it as that grows."""
    known = category([10**6 * count for count in OURS])
    assert drift.measure("chi_squared", known, category(THEIRS)).p_value == pytest.approx(0.67309, abs=1e-5)
    both = np.array([OURS, THEIRS])
    ours = drift.measure("chi_squared", category(OURS), category(THEIRS))
    assert ours.p_value == pytest.approx(stats.chi2_contingency(both).pvalue, abs=1e-12)


def test_cramer_von_mises() -> None:
    """Evidently: p 0.8076839."""
    sides = [numbers(stats.norm.rvs(size=100, random_state=seed)) for seed in (0, 1)]
    assert drift.measure("cramer_von_mises", *sides).p_value == pytest.approx(0.8076839, abs=1e-6)


def test_wasserstein() -> None:
    """Deepchecks: 0.34 without the outer 2.5 % of either side, in units of the range that is left."""
    ours, theirs = halves()[:2]
    kept = []
    for side in (ours, theirs):
        low, high = np.quantile(side, [0.025, 0.975])
        kept.append(side[(side >= low) & (side <= high)])
    reference, current = map(numbers, kept)
    span = np.ptp(np.concatenate(kept))
    distance = drift.measure("wasserstein", reference, current).effect * cells.spread(reference)
    assert distance / span == pytest.approx(0.343, abs=1e-3)


def test_psi_and_cramers_v() -> None:
    """Deepchecks: index 0.22 and V 0.23 with a new level; V 0.23 with two levels gone."""
    before, after = halves()[2:]
    assert drift.measure("psi", category(before), category(after)).effect == pytest.approx(0.22, abs=5e-3)
    assert cramers_v(before, after) == pytest.approx(0.23, abs=5e-3)
    assert cramers_v([200, 800, 10, 10], [400, 620, 0, 0]) == pytest.approx(0.228, abs=5e-3)
    assert cramers_v([200, 800], [400, 600]) == pytest.approx(0.21, abs=1e-2)
