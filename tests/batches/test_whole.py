"""Rules about whole files."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.batches import whole
from vigil.bundles import pointer
from vigil.records import Column, Contract, FileRule

counts = st.lists(st.integers(0, 10_000), min_size=2, max_size=6)


def test_divergence_is_that_of_the_textbook():
    """Two coins, many tosses: p ln(p/q) summed."""
    ours, theirs = np.array([900_000, 100_000]), np.array([500_000, 500_000])
    expected = 0.9 * np.log(0.9 / 0.5) + 0.1 * np.log(0.1 / 0.5)
    assert whole.divergence(theirs, ours) == pytest.approx(expected, rel=1e-4)


@given(counts)
def test_divergence_is_never_negative_nor_infinite(cells):
    """Equal counts diverge by nothing; a level that the reference never had costs a finite amount."""
    ours = np.array(cells)
    assert whole.divergence(ours, ours) == pytest.approx(0, abs=1e-12)
    assert 0 <= whole.divergence(ours[::-1], ours) + 1e-12 < np.inf


@pytest.mark.parametrize(
    ("rule", "hits", "words"),
    [
        (
            FileRule("rows", minimum=10_000_000),
            0,
            "it has 40,000 valid rows; the contract asks for at least 10,000,000",
        ),
        (
            FileRule("share", "c", "x", maximum=0.0002),
            16,
            "c is x in 0.04% of the rows; the contract asks for at most 0.02%",
        ),
    ],
)
def test_limits_are_said_in_figures_for_people(rule, hits, words):
    """A large limit is no power of ten, and a small share is not zero."""
    contract = Contract(1, "regression", (Column("c", "category"),), files=(rule,))
    tally = whole.Tally(contract, valid=40_000, hits=Counter({rule: hits}))
    assert whole.broken(tally, lambda: None) == [words]


def test_the_reference_is_the_first_batch_then_what_the_live_release_was_trained_on(site):
    """Before a release there is the first batch; before that there is nothing."""
    project = site.project()
    assert whole.reference(project.models, project.production, project.ledger) is None
    site.leavers("w-1.csv", 300)
    site.tick()
    live = whole.reference(project.models, project.production, project.ledger)
    assert live.rows < 300
    (site.root / "production" / pointer.NAME).unlink()
    assert whole.reference(project.models, project.production, project.ledger).rows == 300
