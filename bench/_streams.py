"""Many streams of batches at once through the product's own alarms: drawn, moved, and shared out."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bench import _entities as entities
from vigil.stats import alarm, betting, intervals, metrics, past, spread, standardised, watch

PREVALENCE, F1, TOLERANCE = 0.2, 0.75, 0.02
#: Streams that are reckoned at once: few calls, and still all of it in a processor's cache.
PART = 1250
#: Streams of clustered rows that are reckoned at once: each has a row of 286 counts.
CLUSTERED_PART = 250
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Cell:
    """One setting of streams as deployed. ``drop`` of F1 and the ``mix`` after it begin after ``change``."""

    rows: int = 200
    held: int = 500
    prevalence: float = PREVALENCE
    f1: float = F1
    batches: int = 400
    drop: float = 0.0
    change: int = 0
    mix: float | None = None
    streams: int = 10_000
    #: Streams that have the same holdout: a level takes a millisecond, a thousand batches two.
    sharing: int = 1
    seed: int = 0
    #: Whether the plain alarm is followed too: it informs, and calls for nothing.
    plain: bool = True
    #: What rows in clusters of ten weigh; None where rows are independent.
    rule: spread.Rule | None = None


def e_value(evidence: betting.Evidence, parts: npt.ArrayLike | None = None) -> npt.NDArray[np.float64]:
    """Return the streams' e-values: mean wealth plus capital in hand.

    As ``betting.log_e_value`` says, without its logs; wealth is cut off far beyond any alarm.
    """
    wealth = np.exp(np.minimum(evidence.log_wealth, 300.0))
    held = np.full(wealth.shape[-2], 1 / wealth.shape[-2]) if parts is None else np.asarray(parts)
    mean = np.einsum("spb,p->s", wealth, held) / wealth.shape[-1]
    total: npt.NDArray[np.float64] = mean + max(1.0 - evidence.spent, 0.0)
    return total


def draw(
    random: np.random.Generator, rows: int, prevalence: float, rates: tuple[float, float], shape: int
) -> npt.NDArray[np.float64]:
    """Draw tables (shape, 2, 2), truth down, from rates of true and of false positives."""
    positive = random.binomial(rows, prevalence, shape)
    tp, fp = random.binomial(positive, rates[0]), random.binomial(rows - positive, rates[1])
    return np.stack([np.stack([rows - positive - fp, fp], -1), np.stack([positive - tp, tp], -1)], -2).astype(
        np.float64
    )


def rates_of(f1: float, prevalence: float) -> tuple[float, float]:
    """Return the rates of true and of false positives at which recall and precision both are ``f1``."""
    return f1, min(1.0, prevalence * (1 - f1) / (1 - prevalence))


def drawn(
    random: np.random.Generator, cell: Cell, rows: int, mix: float, rates: tuple[float, float], shape: int
) -> tuple[npt.NDArray[np.float64], entities.Drawn | None]:
    """Draw tables (shape, 2, 2) of so many rows, and the entities of clustered ones."""
    if cell.rule is None:
        return draw(random, rows, mix, rates, shape), None
    found = entities.Drawn.of(random, rows, entities.cells_of(mix, rates), shape)
    return found.tables, found


def begun(random: np.random.Generator, cell: Cell) -> watch.Start:
    """Draw holdouts (streams, 2, 2) and set their levels; ``cell.sharing`` streams have the same one.

    A holdout that gives no level leaves its alarm mute.
    """
    metric, count = metrics.get("f1"), -(-cell.streams // cell.sharing)
    rates = rates_of(cell.f1, cell.prevalence)
    held, found = drawn(random, cell, cell.held, cell.prevalence, rates, count)
    factor = np.ones(count)
    if found is not None and cell.rule is not None:
        factor = spread.after(spread.Spread(), found.grouped(metric, held), None, rule=cell.rule).factor
    of = np.repeat(np.arange(count), cell.sharing)[: cell.streams]
    start = [_level(one, by) for one, by in zip(held, np.broadcast_to(factor, count), strict=True)]
    even = {name: np.array([one[name] for one in start])[of] for name in ("shares", "mix")}
    return watch.Start(metric, 2, None, {"confusion": held[of]}, even)


def _level(held: npt.NDArray[np.float64], factor: float) -> dict:
    """Return a holdout's level, as at deployment; NaN stands for a share that is mute."""
    fewer = spread.thinned({"confusion": held.tolist()}, factor)
    options = {"delta": alarm.budget(0.05).delta_a, "tolerance": TOLERANCE}
    return standardised.level(metrics.get("f1"), fewer, **options) or {
        "shares": [math.nan],
        "mix": [0.5, 0.5],
    }


def moved(
    now: watch.Watch,
    start: watch.Start,
    tables: npt.NDArray[np.float64],
    found: entities.Drawn | None,
    *,
    places: npt.NDArray[np.float64],
    rule: spread.Rule | None,
    plain: bool = True,
) -> watch.Watch:
    """Return the watch after a batch of every stream, its tables (streams, 2, 2) and its entities."""
    tally, growth, wider = {"confusion": tables}, None, None
    if plain:
        wrong = tables[:, 1:, 0] + tables[:, :1, 1]
        share = start.even["shares"]
        growth = betting.log_growth(tables[:, 1:, 1], wrong, np.nan_to_num(share, nan=0.5))
        growth *= ~np.isnan(share)[..., None]
    if found is not None and rule is not None:
        rows = found.grouped(start.metric, watch.known(now, start, tally)["confusion"])
        wider = spread.after(now.spread, rows, past.counted(tally, (0, 1)), rule=rule)
    return watch.moved(now, start, tally, growth, places=places, spread=wider)


def deployed(cell: Cell) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the first batch (from 1) at which each stream's three alarms fire: plain, even, past.

    The streams go together through the watch that a tick keeps. The past fires here without asking whether
    the score is also worse by the tolerance, which a tick does.
    """
    random = np.random.default_rng([cell.seed, cell.rows, cell.held, int(1000 * cell.prevalence)])
    start, split, streams = begun(random, cell), alarm.budget(0.05), cell.streams
    now, first = watch.Watch.fresh(start, (streams,)), np.full((3, streams), NEVER)
    for batch in range(1, cell.batches + 1):
        late = batch > cell.change
        rates = rates_of(cell.f1 - cell.drop * late, cell.prevalence)
        mix = (cell.mix or cell.prevalence) if late else cell.prevalence
        table, found = drawn(random, cell, cell.rows, mix, rates, streams)
        places = random.random((streams, 2))
        now = moved(now, start, table, found, places=places, rule=cell.rule, plain=cell.plain)
        for row, log_e in enumerate(watch.logs(now, start, split)):
            first[row, (log_e >= -math.log(split.alpha_a)) & (first[row] == NEVER)] = batch
    return first[0], first[1], first[2]


def by_share(cell: Cell) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the first batch at which two plainer rules fire, to compare with: level and past.

    Both look at TP among TP + FP + FN alone: the level is its own exact bound, and the past one
    hypergeometric quantile a batch, bet on for eight log-odds from 0.05 to 1.5.
    """
    random = np.random.default_rng([cell.seed, cell.rows, cell.held, 77])
    split, steps = alarm.budget(0.05), np.geomspace(0.05, 1.5, 8)
    tables = draw(random, cell.held, cell.prevalence, rates_of(cell.f1, cell.prevalence), cell.streams)
    hits, errors = tables[:, 1, 1], tables[:, 0, 1] + tables[:, 1, 0]
    value = intervals.f1_from_share(intervals.share_lower(hits, errors, split.delta_a)) - TOLERANCE
    heard = ((value > 0) & (hits + errors >= 20))[:, None, None]
    share = intervals.share_from_f1(np.where(value > 0, value, 0.5))[:, None]
    level, compared = (betting.Evidence.fresh(1, (cell.streams,)) for _ in range(2))
    first = np.full((2, cell.streams), NEVER)
    for batch in range(1, cell.batches + 1):
        rates = rates_of(cell.f1 - cell.drop * (batch > cell.change), cell.prevalence)
        tables = draw(random, cell.rows, cell.prevalence, rates, cell.streams)
        tp, wrong = tables[:, 1, 1], tables[:, 0, 1] + tables[:, 1, 0]
        level = betting.update(level, betting.log_growth(tp[:, None], wrong[:, None], share) * heard)
        old, size = hits + errors, tp + wrong
        z = past.quantile(tp, size, hits + tp, old + size, random.random(cell.streams))
        stake = steps * np.sqrt(0.19 * size * old / np.maximum(old + size, 1))[:, None]
        compared = betting.update(compared, (-stake * z[:, None] - stake**2 / 2)[:, None])
        hits, errors = hits + tp, errors + wrong
        for row, found, alpha in ((0, level, split.alpha_a), (1, compared, split.alpha_b)):
            first[row, (e_value(found) >= 1 / alpha) & (first[row] == NEVER)] = batch
    return first[0], first[1]


def spread_out(
    cell: Cell, jobs: int | None = None, rule: Callable[[Cell], tuple[npt.NDArray[np.int64], ...]] = deployed
) -> tuple[npt.NDArray[np.int64], ...]:
    """Run a cell's streams in parts, on all processors unless ``jobs`` says otherwise."""
    size = PART if cell.rule is None else CLUSTERED_PART
    parts = [
        replace(cell, streams=min(size, cell.streams - start), seed=cell.seed + start)
        for start in range(0, cell.streams, size)
    ]
    with ProcessPoolExecutor(jobs or os.cpu_count()) as pool:
        found = list(pool.map(rule, parts))
    return tuple(np.concatenate(rows) for rows in zip(*found, strict=True))
