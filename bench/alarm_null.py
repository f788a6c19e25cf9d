"""The alarms' lifetime false alarms and delays, beside the naive rule and a 3-sigma band.

Run from the project's folder: python -m bench.alarm_null [--quick | --one | --grid [--halved | --clusters]]

Streams of batches with prevalence 0.2 and F1 0.75 (recall and precision 0.75) are fed to the product's
own evidence. "Naive" fires when a batch scores below the reference, "3-sigma" when it lies outside three
standard deviations of it; both are told the true score. "As deployed" is what a tick does: the level from
a holdout, the alarm at the holdout's class mix, and the comparison with the past, each at its part of 0.05.
"By the share" are the same two questions asked of TP among TP + FP + FN alone, at the same parts.
With --one a single setting is run for 10,000 streams of 1,000 batches, and timed. With --grid the centre,
faces and corners of the grid of batch, holdout, prevalence and F1 are run: nothing changed, or with --halved
the class mix after 100 batches. With --clusters its first cells, with ten rows an entity, of which two agree
by one half, in batches and holdouts.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import time
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bench import _resumed as resumed
from bench._streams import F1, NEVER, PREVALENCE, TOLERANCE, Cell, by_share, deployed, e_value, spread_out
from vigil.stats import alarm, betting, intervals, metrics, spread, standardised

#: What clustered rows may weigh, the default first.
RULES: tuple[spread.Rule, ...] = ("design_effect", "largest", "ignore")
CLUSTERS = ", ten rows an entity"


@dataclass(frozen=True)
class Firsts:
    """The first batch (from 1) at which each rule fired, per stream; NEVER when it did not."""

    naive: npt.NDArray[np.int64]
    sigma: npt.NDArray[np.int64]
    alarm: npt.NDArray[np.int64]


def counts(
    random: np.random.Generator, rows: int, f1: float, shape: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Draw TP and FP + FN of batches whose recall and precision both equal ``f1``."""
    share = intervals.share_from_f1(f1)
    counted = random.binomial(rows, PREVALENCE * f1 / float(share), size=shape)
    tp = random.binomial(counted, float(share))
    return tp, counted - tp


def run(
    *,
    rows: int,
    drop: float,
    batches: int,
    streams: int,
    seed: int,
    level: float | npt.NDArray[np.float64] = F1 - TOLERANCE,
    alpha: float = 0.01,
    change: int = 0,
) -> Firsts:
    """Feed streams that lose ``drop`` after ``change`` batches to the three rules."""
    random = np.random.default_rng(seed)
    # Standard deviation of a batch's F1 at rest: that of J by the delta method.
    share = float(intervals.share_from_f1(F1))
    counted = rows * PREVALENCE * F1 / share
    band = 3 * 2 / (1 + share) ** 2 * math.sqrt(share * (1 - share) / counted)
    null = np.broadcast_to(intervals.share_from_f1(level), (streams, 1))
    evidence = betting.Evidence.fresh(1, (streams,))
    firsts = Firsts(*(np.full(streams, NEVER) for _ in range(3)))
    for batch in range(1, batches + 1):
        tp, errors = counts(random, rows, F1 - drop * (batch > change), streams)
        score = 2 * tp / np.maximum(2 * tp + errors, 1)
        evidence = betting.update(evidence, betting.log_growth(tp[:, None], errors[:, None], null))
        fired = betting.log_e_value(evidence) >= -math.log(alpha)
        for first, now in (
            (firsts.naive, score < F1),
            (firsts.sigma, np.abs(score - F1) > band),
            (firsts.alarm, fired),
        ):
            first[now & (first == NEVER)] = batch
    return firsts


def share_of(fired: npt.NDArray[np.bool_]) -> str:
    """Write a share with its exact 95 % limits."""
    hits, misses = int(fired.sum()), int((~fired).sum())
    low = float(intervals.share_lower(hits, misses, 0.025))
    high = float(intervals.share_upper(hits, misses, 0.025))
    return f"{hits / (hits + misses):.3f} [{low:.4f}, {high:.4f}]"


def median(first: npt.NDArray[np.int64], change: int = 0) -> str:
    """Write the median delay, counted from 1, of the streams that did not fire before the change."""
    late = first[first > change]
    middle = np.median(np.where(late == NEVER, np.inf, late - change))
    return f"{middle:.0f}" if np.isfinite(middle) else "never"


def null_table(streams: int, batches: int) -> None:
    """Print how often each rule ever fires when nothing has changed."""
    print(f"\nNothing changed, {batches} batches, level known, alpha 0.01: ever fires [95 % limits]")
    print(f"{'n':>6}  {'naive':>22}  {'3-sigma':>22}  {'alarm':>22}")
    for rows in (200, 1000):
        firsts = run(rows=rows, drop=0.0, batches=batches, streams=streams, seed=rows)
        shares = [share_of(first < NEVER) for first in (firsts.naive, firsts.sigma, firsts.alarm)]
        print(f"{rows:>6}  " + "  ".join(f"{share:>22}" for share in shares))


def delay_table(streams: int) -> None:
    """Print median delays for a change at the first batch."""
    print("\nChange at batch 1: median delay in batches")
    print(f"{'n':>6}  {'drop':>5}  {'3-sigma':>8}  {'alarm':>6}")
    for rows in (200, 1000):
        for drop in (0.05, 0.10):
            firsts = run(rows=rows, drop=drop, batches=150, streams=streams, seed=7)
            print(f"{rows:>6}  {drop:>5.2f}  {median(firsts.sigma):>8}  {median(firsts.alarm):>6}")


def age_table(streams: int, ages: tuple[int, ...]) -> None:
    """Print median delays of a change late in a release's life."""
    print("\nDrop 0.05, n = 200, by the release's age: median delay in batches; alarms before the change")
    for change in ages:
        firsts = run(rows=200, drop=0.05, batches=change + 300, streams=streams, seed=11, change=change)
        early = share_of(firsts.alarm <= change)
        print(f"{change:>6}  {median(firsts.alarm, change):>5}  {early}")


def deployed_table(streams: int) -> None:
    """Print both alarms together, as a tick has them, for drops and a changed class mix."""
    print("\nAs deployed, false_alarm 0.05, each stream with a holdout of its own: level / past / either")
    print(f"Shares of {streams:,} streams: 95 % limits within ±{1.96 * math.sqrt(0.25 / streams):.3f}")
    heads = ("no change, 400", "0.05 after 50, in 100", "0.10 at 1, in 60")
    print(f"{'n':>6} {'holdout':>8}  " + "  ".join(f"{head:>22}" for head in heads))
    for rows, held in itertools.product((200, 1000), (200, 500, 2000)):
        shared = {"rows": rows, "held": held, "streams": streams, "plain": False}
        cells = (
            Cell(**shared),
            Cell(**shared, batches=150, drop=0.05, change=50, seed=1),
            Cell(**shared, batches=60, drop=0.10, seed=2),
        )
        for place, rule in ((f"{rows:>6} {held:>8}", deployed), (f"{'by the share':>15}", by_share)):
            told = []
            for cell in cells:
                *_, level, compared = spread_out(cell, rule=rule)
                firsts = (level, compared, np.minimum(level, compared))
                told.append(
                    " / ".join(f"{np.mean((cell.change < one) & (one < NEVER)):.3f}" for one in firsts)
                )
            print(f"{place}  " + "  ".join(f"{one:>22}" for one in told), flush=True)


def one_cell(streams: int, jobs: int | None) -> None:
    """Run the centre of the grid for 1,000 batches, and say how long that takes."""
    started, before = time.perf_counter(), processor_seconds()
    cell = Cell(*CENTRE, batches=1000, plain=False, streams=streams)
    fired = np.arange(streams) < ever(cell, jobs)
    print(f"{streams:,} streams of {cell.batches:,} batches, each with a holdout of its own, nothing changed")
    print(f"the level or the past ever fires: {share_of(fired)}")
    seconds, spent = time.perf_counter() - started, processor_seconds() - before
    print(f"{seconds:.1f} s with {jobs or os.cpu_count()} processes, {spent:.1f} s of one processor")


def processor_seconds() -> float:
    """Return what this program and the processes that it waited for have had of a processor."""
    took = os.times()
    return took.user + took.system + took.children_user + took.children_system


def mix_table(streams: int) -> None:
    """Print what a changed class mix does, alone and with a real drop."""
    print("\nPrevalence 0.20 to 0.15 after 50 batches, n = 1,000, holdout 10,000, 400 batches: ever fires")
    print(f"{'drop':>5}  {'plain F1':>22}  {'at the own mix':>22}  {'past':>22}  median delay")
    for drop in (0.0, 0.10):
        found = spread_out(Cell(1000, 10_000, mix=0.15, drop=drop, change=50, streams=streams, seed=3))
        told = "  ".join(f"{share_of(one < NEVER):>22}" for one in found)
        print(f"{drop:>5.2f}  {told}  {median(np.minimum(found[1], found[2]), 50)}", flush=True)


#: Shares of three classes in the holdout, and how the rows of each are answered, before and after a drop.
THREE = (0.5, 0.3, 0.2)
ANSWERS = ((0.90, 0.06, 0.04), (0.10, 0.82, 0.08), (0.15, 0.15, 0.70))
WORSE = (*ANSWERS[:2], (0.25, 0.20, 0.55))


def draw_three(
    random: np.random.Generator, rows: int, mix: tuple[float, ...], answers: tuple, shape: int
) -> npt.NDArray[np.float64]:
    """Draw tables (shape, 3, 3) of three classes, truth down."""
    sizes = random.multinomial(rows, mix, shape)
    tables = [random.multinomial(sizes[:, one], answers[one]) for one in range(3)]
    return np.stack(tables, 1).astype(np.float64)


def classes_table(streams: int, batches: int) -> None:
    """Print what moves macro F1 of three classes: nothing, the mix alone, one class answered worse."""
    print(
        f"\nMacro F1 of three classes, n = 500, holdout 2,000 for each stream, {batches} batches: ever fires"
    )
    print(f"{'changed after 50':>16}  {'plain macro F1':>22}  {'at the own mix':>22}")
    random, metric, split = np.random.default_rng(21), metrics.get("macro_f1"), alarm.budget(0.05)
    options = {"delta": split.delta_a, "tolerance": TOLERANCE}
    tallies = [{"confusion": one.tolist()} for one in draw_three(random, 2000, THREE, ANSWERS, streams)]
    plain = np.array([metric.level(one, **options)["shares"] for one in tallies], dtype=np.float64)
    own = [standardised.level(metric, one, **options) for one in tallies]
    even = {name: np.array([one[name] for one in own], dtype=np.float64) for name in ("shares", "mix")}
    hit, miss = metric.masks(3)
    for name, mix, answers in (
        ("nothing", THREE, ANSWERS),
        ("the mix", THREE[::-1], ANSWERS),
        ("one class", THREE, WORSE),
        ("mix and class", THREE[::-1], WORSE),
    ):
        evidence, ever = (
            [betting.Evidence.fresh(4, (streams,)) for _ in range(2)],
            np.zeros((2, streams), bool),
        )
        for batch in range(batches):
            now = (mix, answers) if batch >= 50 else (THREE, ANSWERS)
            tables = draw_three(random, 500, *now, streams)
            hits, misses = (np.einsum("skl,pkl->sp", tables, mask) for mask in (hit, miss))
            grown = betting.log_growth(hits, misses, plain), standardised.log_growth(metric, tables, even)
            for row, moved in enumerate(grown):
                evidence[row] = betting.update(evidence[row], moved)
                ever[row] |= e_value(evidence[row]) >= 1 / split.alpha_a
        print(f"{name:>16}  " + "  ".join(f"{share_of(one):>22}" for one in ever), flush=True)


def grid_table(cells: list[Cell], name: str, kept: resumed.Kept, jobs: int | None = None) -> None:
    """Print, a line a cell, how often the alarms that call for retraining fire though nothing changed."""
    name = f"{name}, {cells[0].sharing} streams a holdout" if cells[0].sharing > 1 else name
    print(f"\nNothing changed{name}: ever fires within {cells[0].batches:,} batches")
    print(f"{'n':>6} {'holdout':>8} {'prevalence':>10} {'F1':>5} {'streams':>8}  {'level or past':>24}")
    worst = 0.0
    for cell in cells:
        size = (cell.rows, cell.held, cell.prevalence, cell.f1, cell.mix, cell.batches, cell.streams)
        kind = ("grid",) if cell.rule is None else ("clusters", cell.rule)
        fires = kept.get((*kind, *size), lambda cell=cell: ever(cell, jobs))
        if fires is None:
            print("  the rest was not begun in the time given")
            break
        fired = np.arange(cell.streams) < fires
        worst = max(worst, float(intervals.share_upper(fires, cell.streams - fires, 0.025)))
        place = f"{cell.rows:>6} {cell.held:>8} {cell.prevalence:>10} {cell.f1:>5} {cell.streams:>8}"
        print(f"{place}  {share_of(fired):>24}", flush=True)
    if worst:
        print(f"the largest upper limit is {worst:.4f}")


def ever(cell: Cell, jobs: int | None) -> int:
    """Return in how many of a cell's streams one of the two alarms ever fires."""
    _, even, compared = spread_out(cell, jobs)
    return int((np.minimum(even, compared) < NEVER).sum())


def cluster_tables(streams: int, count: int, kept: resumed.Kept, jobs: int | None) -> None:
    """Print what rows in clusters do: in the grid's first cells by the default rule.

    In two of them a tenth of the streams shows what the other rules do.
    """
    default, *others = RULES
    cells = grid(streams)[:count]
    grid_table([replace(cell, rule=default) for cell in cells], f"{CLUSTERS}, {default}", kept, jobs)
    for rule in others:
        told = [replace(cell, rule=rule, streams=max(streams // 10, 10)) for cell in cells[:2]]
        grid_table(told, f"{CLUSTERS}, {rule}", kept, jobs)


CENTRE = (200, 1000, 0.2, 0.75)
#: The least and the largest of each: rows of a batch, rows held out, prevalence, F1.
ENDS = ((50, 5000), (200, 10_000), (0.02, 0.5), (0.5, 0.95))


def grid(streams: int, *, halved: bool = False) -> list[Cell]:
    """Return the grid's centre, the places from which one step leads to a face, and all corners.

    ``halved`` has the share of positives fall to one half of what it was after 100 batches.
    """
    faces = [(*CENTRE[:axis], end, *CENTRE[axis + 1 :]) for axis, ends in enumerate(ENDS) for end in ends]
    places = [CENTRE, *faces, *itertools.product(*ENDS)]
    moved = {"mix": 0.5, "change": 100} if halved else {}
    shared = {"batches": 1000, "streams": streams, "sharing": 4, "plain": False}
    cells = [Cell(*place, **shared, **moved) for place in places]
    return [replace(cell, mix=cell.mix and cell.mix * cell.prevalence) for cell in cells]


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, about ten seconds")
    parser.add_argument(
        "--one", action="store_true", help="one cell of 10,000 streams by 1,000 batches, timed"
    )
    parser.add_argument(
        "--grid",
        action="store_true",
        help="25 cells of the grid, a quarter of an hour",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--halved", action="store_true", help="the grid with the class mix halved")
    how.add_argument(
        "--clusters",
        nargs="?",
        type=int,
        const=25,
        metavar="N",
        help="its first N (25), with ten rows an entity",
    )
    parser.add_argument("--streams", type=int, default=10_000, help="streams of a cell of the grid")
    parser.add_argument("--jobs", type=int, help="processes at once; without it one a processor")
    resumed.add_options(parser)
    options = parser.parse_args()
    quick, kept = options.quick, resumed.Kept(options.keep, options.minutes)
    started = time.perf_counter()
    if options.one:
        one_cell(options.streams, options.jobs)
        return
    if options.grid and options.clusters:
        cluster_tables(options.streams, options.clusters, kept, options.jobs)
        return
    if options.grid:
        name = ", class mix halved" if options.halved else ""
        grid_table(grid(options.streams, halved=options.halved), name, kept, options.jobs)
        return
    null_table(streams=400 if quick else 4000, batches=300 if quick else 1000)
    delay_table(streams=400 if quick else 2000)
    age_table(streams=200 if quick else 1000, ages=(0, 100) if quick else (0, 100, 900, 3000))
    deployed_table(streams=200 if quick else 2000)
    mix_table(streams=200 if quick else 2000)
    classes_table(50 if quick else 1000, 150 if quick else 400)
    if quick:
        grid_table([replace(cell, batches=100) for cell in grid(200)[:4]], "", kept)
    else:
        grid_table([Cell(*CENTRE, batches=1000, plain=False)], "", kept)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
