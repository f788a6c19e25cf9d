"""Profiles of many batches, made beside each other."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

from vigil.batches import cuts
from vigil.batches.early import profiled
from vigil.profiles import profile
from vigil.records import Column

COLUMNS = [Column(name, "number") for name in "abc"]


def batch(seed: int, *names: str) -> pa.Table:
    """Draw rows in which only the named columns vary."""
    dice = np.random.default_rng(seed)
    return pa.table({name: dice.normal(size=200) if name in names else np.zeros(200) for name in "abc"})


@pytest.mark.parametrize("threads", [1, 3])
def test_batches_have_the_cuts_of_those_before(threads: int) -> None:
    """Made at once, or early by cuts that may be others, each profile is what one after another gives."""
    varying = ["", "a", "a", "ab", "b", "abc", "c", "abc", "a"]
    tables = [batch(seed, *names) for seed, names in enumerate(varying)]
    found, expected = {}, []
    for table in tables:
        expected.append(profile(table, COLUMNS, found))
        found = dict(expected[-1].pairs.cuts)
    with ThreadPoolExecutor(threads) as pool:
        for early in (lambda _: None, lambda rows: profiled(rows, COLUMNS, dict(expected[2].pairs.cuts))):
            made = cuts.in_turn([(rows, early(rows)) for rows in tables], COLUMNS, {}, pool)
            assert [one.profile for one in made] == [one.to_json() for one in expected]
            assert made[-1].cuts == found
    assert sorted(found) == ["a", "b", "c"]
