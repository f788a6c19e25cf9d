"""The number of different values."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigil.profiles import distinct, merge, profile, summary
from vigil.records import Column

NUMBER = [Column("x", "number")]


@pytest.mark.parametrize("count", [300, 5000, 400_000])
def test_estimates_are_within_their_error(count) -> None:
    """Repeated or not, the number of different values is found within three standard errors."""
    values = np.random.default_rng(1).normal(size=count)
    found = summary(profile(pa.table({"x": np.concatenate([values, values[: count // 2]])}), NUMBER))[0]
    assert found["distinct"] == pytest.approx(count, rel=3 * distinct.ERROR)
    assert found["distinct_error"] == distinct.ERROR


def test_few_values_are_counted() -> None:
    """Up to as many as the histogram holds, and for dates as hashes are kept, the number is exact."""
    found = summary(profile(pa.table({"x": [1.0, -1.0, 0.0, -0.0, 1.0]}), NUMBER))[0]
    assert (found["distinct"], found["distinct_error"]) == (3, 0.0)
    days = pa.array([0, 86_400_000_000, 0], pa.timestamp("us", "UTC"))
    found = summary(profile(pa.table({"x": days}), [Column("x", "date")]))[0]
    assert (found["distinct"], found["distinct_error"]) == (2, 0.0)


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=40), st.integers(0, 2**32 - 1))
def test_few_and_many_add_up(few, seed) -> None:
    """A part that has every value and one that does not give the hashes of one pass, in either order."""
    many = np.random.default_rng(seed).normal(size=600)
    parts = [profile(pa.table({"x": pa.array(side, pa.float64())}), NUMBER) for side in (few, many)]
    whole = profile(pa.table({"x": np.concatenate([np.array(few, dtype=float), many])}), NUMBER)
    assert merge(parts).to_bytes() == merge(parts[::-1]).to_bytes() == whole.to_bytes()


def test_texts_have_lengths() -> None:
    """The lengths of texts are summed up beside the counts."""
    found = summary(profile(pa.table({"x": ["ab", "abcd", None]}), [Column("x", "text")]))[0]
    assert found["length"] == {"mean": 3.0, "median": 3.0, "minimum": 2.0, "maximum": 4.0}
