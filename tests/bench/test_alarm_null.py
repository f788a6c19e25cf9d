"""The bench's many streams at once are the product's single ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench import alarm_null
from vigil.stats import betting, metrics, past, standardised

F1 = metrics.get("f1")


def test_streams_at_once_are_streams_one_by_one() -> None:
    """Evidence of five streams, moved together, is what each alone has after the same batches."""
    random, streams = np.random.default_rng(2), 5
    held = alarm_null.draw(random, 300, 0.2, (0.75, 0.0625), streams)
    mixes = held.sum(-1) / held.sum((-2, -1))[:, None]
    shares = np.full((streams, 1, 1), 0.6)
    evidence = [betting.Evidence.fresh(processes, (streams,)) for processes in (1, past.directions(2))]
    alone = [[betting.Evidence.fresh(part.log_wealth.shape[1]) for part in evidence] for _ in range(streams)]
    right, sizes = np.einsum("skk->sk", held), held.sum(-1)
    for _ in range(6):
        tables = alarm_null.draw(random, 90, 0.2, (0.6, 0.1), streams)
        now, size, places = np.einsum("skk->sk", tables), tables.sum(-1), random.random((streams, 2))
        even = standardised.log_growth(F1, tables, {"share": shares, "mix": mixes})[:, None]
        moved = past.log_growth((now, size), (right, sizes), places, held=held.sum(-1))
        evidence = [betting.update(*pair) for pair in zip(evidence, (even, moved), strict=True)]
        for one, parts in enumerate(alone):
            level = {"share": 0.6, "mix": mixes[one].tolist()}
            even = standardised.log_growth(F1, tables[one].tolist(), level)[None]
            counts, before = (now[one], size[one]), (right[one], sizes[one])
            moved = past.log_growth(counts, before, places[one], held=held[one].sum(-1))
            alone[one] = [betting.update(*pair) for pair in zip(parts, (even, moved), strict=True)]
        right, sizes = right + now, sizes + size
    for together, singles in zip(evidence, zip(*alone, strict=True), strict=True):
        for one, single in enumerate(singles):
            assert together.log_wealth[one] == pytest.approx(single.log_wealth, abs=1e-9)


def test_a_stream_fires_when_its_e_value_says_so() -> None:
    """The short way to an alarm is the product's e-value, up to the ninth decimal, however large."""
    random = np.random.default_rng(3)
    huge = betting.Evidence(random.normal(0, 400, (200, 3, 8)), 9, 0.6)
    assert np.array_equal(alarm_null.fires(huge, 0.005), betting.log_e_value(huge) >= math.log(200))
    mild = betting.Evidence(random.normal(0, 3, (200, 3, 8)), 9, 0.6)
    for place in (0.2, 0.5, 0.9):
        mark = math.exp(-float(np.sort(betting.log_e_value(mild))[int(200 * place)]))
        assert alarm_null.fires(mild, mark * (1 + 1e-9)).sum() == 200 - int(200 * place)
        assert alarm_null.fires(mild, mark * (1 - 1e-9)).sum() == 199 - int(200 * place)
