"""The bench's many streams at once are the product's single ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench import alarm_null
from vigil.stats import betting, metrics, outset, past, standardised

F1 = metrics.get("f1")


def test_streams_at_once_are_streams_one_by_one() -> None:
    """Evidence of five streams, moved together, is what each alone has after the same batches."""
    random, streams = np.random.default_rng(2), 5
    held = alarm_null.draw(random, 300, 0.2, (0.75, 0.0625), streams)
    mixes = held.sum(-1) / held.sum((-2, -1))[:, None]
    shares = np.full((streams, 1), 0.6)
    evidence = [betting.Evidence.fresh(processes, (streams,)) for processes in (1, len(past.parts(2)))]
    alone = [[betting.Evidence.fresh(part.log_wealth.shape[1]) for part in evidence] for _ in range(streams)]
    all_from_start, each = outset.Outset.fresh((streams,)), [outset.Outset.fresh() for _ in range(streams)]
    right, sizes = np.einsum("skk->sk", held), held.sum(-1)
    for _ in range(6):
        tables = alarm_null.draw(random, 90, 0.2, (0.6, 0.1), streams)
        now, size, places = np.einsum("skk->sk", tables), tables.sum(-1), random.random((streams, 2))
        even = standardised.log_growth(F1, tables, {"shares": shares, "mix": mixes})
        z = past.ranked((now, size), (right, sizes), places)
        moved = past.log_growth(z, size, sizes)
        all_from_start = outset.update(all_from_start, z, size, sizes, held=held.sum(-1))
        evidence = [betting.update(*pair) for pair in zip(evidence, (even, moved), strict=True)]
        for one, parts in enumerate(alone):
            level = {"shares": [0.6], "mix": mixes[one].tolist()}
            even = standardised.log_growth(F1, tables[one].tolist(), level)
            z = past.ranked((now[one], size[one]), (right[one], sizes[one]), places[one])
            moved = past.log_growth(z, size[one], sizes[one])
            each[one] = outset.update(each[one], z, size[one], sizes[one], held=held[one].sum(-1))
            alone[one] = [betting.update(*pair) for pair in zip(parts, (even, moved), strict=True)]
        right, sizes = right + now, sizes + size
    for together, singles in zip(evidence, zip(*alone, strict=True), strict=True):
        for one, single in enumerate(singles):
            assert together.log_wealth[one] == pytest.approx(single.log_wealth, abs=1e-9)
    assert all_from_start.worse == pytest.approx([float(one.worse) for one in each], abs=1e-9)
    assert all_from_start.passed == pytest.approx([float(one.passed) for one in each], abs=1e-12)


def test_a_stream_fires_when_its_e_value_says_so() -> None:
    """The short way to an e-value is the product's, up to the ninth decimal, and huge where that is."""
    random, parts = np.random.default_rng(3), past.parts(2)
    huge = betting.Evidence(random.normal(0, 400, (200, 3, 8)), 9, 0.6)
    assert np.array_equal(alarm_null.e_value(huge) >= 200, betting.log_e_value(huge) >= math.log(200))
    mild = betting.Evidence(random.normal(0, 3, (200, 3, 8)), 9, 0.6)
    assert np.log(alarm_null.e_value(mild)) == pytest.approx(betting.log_e_value(mild), rel=1e-9)
    begun = outset.Outset(random.normal(0, 1, 200), np.full(200, 0.7))
    theirs = outset.together(betting.log_e_value(mild, parts), begun, 0.025)
    assert np.log(alarm_null.past_e_value(mild, begun, 0.025)) == pytest.approx(theirs, rel=1e-9)
