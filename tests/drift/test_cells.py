"""Two profiles on common cells."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.drift import cells
from vigil.drift.cells import Cells

counts = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=80)


@settings(max_examples=100, deadline=None)
@given(counts)
def test_pooling_keeps_rows_and_leaves_no_rare_cell(drawn: list[tuple[int, int]]) -> None:
    """No row is lost, and every cell but a lone one expects five rows in either sample."""
    first, second = (np.array(side, dtype=np.int64) for side in zip(*drawn, strict=True))
    if not first.sum() or not second.sum():
        return
    pooled = cells.pooled(Cells(first, second))
    assert (pooled.n_ref, pooled.n_cur) == (first.sum(), second.sum())
    both = pooled.reference + pooled.current
    expected = both * min(pooled.n_ref, pooled.n_cur) / both.sum()
    assert len(both) == 1 or expected.min() >= cells.EXPECTED - 1e-9


def test_pooling_does_not_look_at_the_sides() -> None:
    """Rows dealt otherwise between samples of the same sizes are pooled the same way."""
    random = np.random.default_rng(0)
    rows = np.repeat(np.arange(40), random.integers(1, 12, 40))
    sizes = set()
    for _ in range(5):
        random.shuffle(rows)
        sides = (np.bincount(part, minlength=40) for part in (rows[:80], rows[80:]))
        pooled = cells.pooled(Cells(*sides))
        sizes.add(tuple(pooled.reference + pooled.current))
    assert len(sizes) == 1


def test_levels_fall_in_buckets_when_too_many(pair) -> None:
    """An exact summary and a sketch are compared on hash buckets; all rows are there."""
    found = cells.of_levels(*pair("category", [f"{n}" for n in range(600)], ["1", "2", "2"]))
    assert found.names == ()
    assert (found.n_ref, found.n_cur) == (600, 3)


def test_groups_are_the_references_tenths(pair) -> None:
    """Many values are cut into ten cells with about a tenth of the reference each."""
    random = np.random.default_rng(0)
    found = cells.of_groups(*pair("number", random.normal(size=5000), random.normal(3, 1, size=100)))
    assert len(found.reference) == cells.GROUPS
    assert np.abs(found.reference / 5000 - 0.1).max() < 0.02
    assert found.current[-1] > 90


def test_exact_values_have_no_width(pair) -> None:
    """Values that are all known lie where they are, negative ones and zero too."""
    found, start, end = cells.positions(*pair("number", [-2.5, 0.0, 7.0], [-2.5, 3.0]))
    assert start.tolist() == end.tolist() == [-2.5, 0.0, 3.0, 7.0]
    assert found.reference.tolist() == [1, 1, 0, 1]


def test_buckets_end_at_the_extremes(pair) -> None:
    """Where values lie in buckets, the first and the last end at the smallest and largest value."""
    random = np.random.default_rng(0)
    first, second = random.normal(size=5000), random.normal(size=5000)
    _, start, end = cells.positions(*pair("number", first, second))
    assert start[0] == min(first.min(), second.min())
    assert end[-1] == max(first.max(), second.max())
