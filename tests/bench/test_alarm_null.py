"""The bench's many streams at once are the single ones that a tick moves, row by row."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bench import _entities as entities
from bench import _streams as streams
from bench import alarm_null
from vigil.stats import alarm, betting, metrics, past, spread, standardised, watch

F1 = metrics.get("f1")
BUDGET = alarm.budget(0.05)
CELL = streams.Cell(90, 400, 0.2, 0.75, streams=6, sharing=2, rule="design_effect")
CHANCES = entities.cells_of(0.3, (0.55, 0.2))


def rows_of(drawn: entities.Drawn, stream: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return truth, answer and entity of every row of a stream's batch."""
    kinds = np.repeat(drawn.kinds, drawn.found[stream].astype(int), axis=0).astype(int)
    cells = np.concatenate([np.repeat(np.arange(4), kind) for kind in kinds])
    return cells // 2, cells % 2, np.repeat(np.arange(len(kinds)), entities.ROWS)


def alone(many: watch.Start, stream: int) -> watch.Start:
    """Return what one of the streams starts from, as it is written down at deployment."""
    shares, mix = (many.even[name][stream].tolist() for name in ("shares", "mix"))
    level = None if math.isnan(shares[0]) else {"shares": shares, "mix": mix}
    return watch.Start(F1, 2, level, {"confusion": many.tally["confusion"][stream].tolist()}, level)


def ticked(
    now: watch.Watch, start: watch.Start, rows: tuple[np.ndarray, ...], batch: str, rule: spread.Rule
) -> watch.Watch:
    """Return the watch after a batch of rows, as a tick moves it."""
    truth, said, entity = rows
    tally = F1.tally(truth, said, classes=2)
    moved = F1.moved(truth, said, classes=2, about=watch.known(now, start, tally))
    counts = past.counted(tally, (0, 1))
    wider = spread.after(now.spread, spread.grouped(moved, entity), counts, rule=rule)
    growth = F1.log_l_of(tally, start.level) if start.level else None
    return watch.after(now, start, tally, growth, batch=batch, spread=wider)


@pytest.mark.parametrize("rule", alarm_null.RULES)
def test_streams_at_once_are_streams_one_by_one(rule: spread.Rule) -> None:
    """Streams moved together have the evidence and the factor of each alone, after many clustered batches."""
    random = np.random.default_rng(2)
    start = streams.begun(random, replace(CELL, rule=rule))
    start.even["shares"][0] = math.nan
    now, count = watch.Watch.fresh(start, (CELL.streams,)), CELL.streams
    starts = [alone(start, stream) for stream in range(count)]
    singles = [watch.Watch.resumed(one, None) for one in starts]
    for batch in range(16):
        drawn = entities.Drawn.of(random, 90, CHANCES, count)
        names = [f"{batch}-{stream}" for stream in range(count)]
        places = np.stack([past.places_of(name, 2) for name in names])
        now = streams.moved(now, start, drawn.tables, drawn, places=places, rule=rule)
        for stream, one in enumerate(starts):
            singles[stream] = ticked(singles[stream], one, rows_of(drawn, stream), names[stream], rule)
    told = [watch.read(single, one, BUDGET) for single, one in zip(singles, starts, strict=True)]
    together = np.stack(watch.logs(now, start, BUDGET), axis=-1)
    assert together == pytest.approx(np.array([(one.plain, one.level, one.past) for one in told]), abs=1e-9)
    assert together[0, :2] == pytest.approx(0, abs=1e-9)
    factors = np.broadcast_to(now.spread.factor, count)
    assert factors == pytest.approx([float(one.spread.factor) for one in singles], rel=1e-12)
    assert (factors.max() > 1) == (rule != "ignore")


def test_independent_streams_go_the_same_way() -> None:
    """Without clusters the bench moves the watch by the counts alone."""
    random, cell = np.random.default_rng(5), replace(CELL, rule=None)
    start = streams.begun(random, cell)
    now, single = watch.Watch.fresh(start, (cell.streams,)), watch.Watch.resumed(alone(start, 3), None)
    for batch in range(5):
        tables = streams.draw(random, 90, 0.2, (0.6, 0.1), cell.streams)
        places = np.stack([past.places_of(f"{batch}", 2)] * cell.streams)
        now = streams.moved(now, start, tables, None, places=places, rule=None)
        tally = {"confusion": tables[3].astype(int).tolist()}
        growth = F1.log_l_of(tally, alone(start, 3).level)
        single = watch.after(single, alone(start, 3), tally, growth, batch=f"{batch}")
    told = watch.read(single, alone(start, 3), BUDGET)
    found = [log_e[3] for log_e in watch.logs(now, start, BUDGET)]
    assert found == pytest.approx((told.plain, told.level, told.past), abs=1e-9)


def test_levels_are_those_of_deployment() -> None:
    """A holdout of clustered rows counts as many rows as it is divided by, as the panel does."""
    cell = replace(CELL, held=3000)
    found = streams.begun(np.random.default_rng(3), cell)
    again, drawn = streams.drawn(np.random.default_rng(3), cell, 3000, 0.2, (0.75, 0.0625), 3)
    truth, said, entity = rows_of(drawn, 1)
    rows = spread.grouped(F1.moved(truth, said, classes=2), entity)
    factor = float(spread.after(spread.Spread(), rows, None, rule="design_effect").factor)
    assert factor > 2
    fewer = spread.thinned({"confusion": again[1].astype(int).tolist()}, factor)
    level = standardised.level(F1, fewer, delta=BUDGET.delta_a, tolerance=streams.TOLERANCE)
    assert found.even["shares"][2:4, 0] == pytest.approx(level["shares"] * 2)


def test_entities_are_drawn_as_row_by_row() -> None:
    """Every kind has the chance that drawing rows gives it; pairs of copied rows agree by one half."""
    random, count = np.random.default_rng(4), 40_000
    cells = random.choice(4, (count, entities.ROWS), p=CHANCES)
    again = random.random((count, entities.ROWS)) < entities.AGAIN
    cells = np.where(again, cells[:, :1], cells)
    places = 11 ** np.arange(4)
    seen = (cells[..., None] == np.arange(4)).sum(axis=1) @ places
    kinds, chance = entities.kinds() @ places, entities.chances(CHANCES)
    assert chance.sum() == pytest.approx(1)
    assert chance @ entities.kinds() / entities.ROWS == pytest.approx(CHANCES)
    share = np.array([(seen == kind).mean() for kind in kinds])
    assert np.abs(share - chance).max() < 5 * math.sqrt(0.25 / count)
    drawn = entities.Drawn.of(random, 10 * count, CHANCES, 1)
    order = np.argsort(-chance)[: drawn.found.shape[1]]
    assert np.abs(drawn.found[0] / count - chance[order]).max() < 5 * math.sqrt(0.25 / count)


def test_a_stream_fires_when_its_e_value_says_so() -> None:
    """The short way to an e-value is the product's, up to the ninth decimal, and huge where that is."""
    random = np.random.default_rng(3)
    huge = betting.Evidence(random.normal(0, 400, (200, 3, 8)), 9, 0.6)
    assert np.array_equal(streams.e_value(huge) >= 200, betting.log_e_value(huge) >= math.log(200))
    mild = betting.Evidence(random.normal(0, 3, (200, 3, 8)), 9, 0.6)
    assert np.log(streams.e_value(mild)) == pytest.approx(betting.log_e_value(mild), rel=1e-9)
