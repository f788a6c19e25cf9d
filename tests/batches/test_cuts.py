"""Profiles of many batches, made beside each other."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

from vigil.batches import cuts
from vigil.profiles import profile
from vigil.records import Column

COLUMNS = [Column(name, "number") for name in "abc"]


def batch(seed: int, *names: str) -> pa.Table:
    """Draw rows in which only the named columns vary."""
    dice = np.random.default_rng(seed)
    return pa.table({name: dice.normal(size=200) if name in names else np.zeros(200) for name in "abc"})


@pytest.mark.parametrize("threads", [1, 3])
def test_batches_have_the_cuts_of_those_before(threads: int) -> None:
    """Made at once, each profile is what one after another gives, wherever a column begins to vary."""
    varying = ["", "a", "a", "ab", "b", "abc", "c", "abc", "a"]
    tables = [batch(seed, *names) for seed, names in enumerate(varying)]
    found, expected = {}, []
    for table in tables:
        expected.append(profile(table, COLUMNS, found))
        found = dict(expected[-1].pairs.cuts)
    with ThreadPoolExecutor(threads) as pool:
        assert cuts.profiled(tables, COLUMNS, {}, pool) == expected
    assert sorted(found) == ["a", "b", "c"]
