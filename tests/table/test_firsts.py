"""The index of a column's values: which batch has each of them."""

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vigil.table import firsts, seen
from vigil.table.firsts import WAITING, Firsts

VALUES = st.lists(st.none() | st.sampled_from([f"v{number}" for number in range(30)]), max_size=20)


def column(values):
    """Return values as a column of texts."""
    return pa.chunked_array([pa.array(values, pa.string())])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(VALUES, st.booleans()), max_size=8), VALUES)
def test_a_value_is_found_with_a_batch_that_has_it(tmp_path_factory, parts, asked):
    """Whatever was held, taken and merged; no value is in none, and what was discarded neither."""
    root = tmp_path_factory.mktemp("index")
    index, known = Firsts(root, "a"), {}
    for order, (values, kept) in enumerate(parts, start=1):
        index.hold(column(values), np.full(len(values), order))
        if kept:
            index.take(order)
            for value in values:
                known.setdefault(value, set()).add(order)
        else:
            assert all(index.orders(column([value for value in values if value])))
            index.discard()
    known.pop(None, None)
    for opened in (index, Firsts(root, "a")):
        for value, order in zip(asked, opened.orders(column(asked)).tolist(), strict=True):
            assert order in known.get(value, {0})


def test_a_run_longer_than_a_span_is_looked_through(tmp_path, monkeypatch):
    """Of very many values, and beside many rows without one, each is found."""
    monkeypatch.setattr(seen, "SPAN", 64)
    index = Firsts(tmp_path, "a")
    for order in (1, 2):
        values = [None if number % 3 else f"{order}-{number}" for number in range(3000)]
        index.hold(column(values), np.full(3000, order))
    index.take(0)
    asked = [f"{order}-{number}" for order in (1, 2, 3) for number in range(0, 3000, 300)]
    assert index.orders(column([*asked, None])).tolist() == [1] * 10 + [2] * 10 + [0] * 11


def test_rows_may_wait_for_their_place(tmp_path):
    """They are known by an order that no batch has."""
    index = Firsts(tmp_path, "a")
    index.hold(column(["x"]), np.array([WAITING]))
    assert index.orders(column(["x", "y"])).tolist() == [WAITING, 0]
    assert firsts.WAITING > 10_000_000
