"""The alarm's lifetime false alarms and delays, beside the naive rule and a 3-sigma band.

Run from the project's folder: python -m bench.alarm_null [--quick]

Streams of batches with prevalence 0.2 and F1 0.75 (recall and precision 0.75) are fed to the product's
own evidence. "Naive" fires when a batch scores below the reference, "3-sigma" when it lies outside three
standard deviations of it; both are told the true score.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vigil.stats import alarm, betting, intervals

PREVALENCE, F1, TOLERANCE = 0.2, 0.75, 0.02
NEVER = np.iinfo(np.int64).max


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


def holdout_table(streams: int) -> None:
    """Print the alarm as deployed: the level comes from a holdout, the budget is 0.05."""
    split = alarm.budget(0.05)
    print(f"\nLevel from a holdout (alpha {split.alpha_a:.3f}, delta {split.delta_a:.3f}), n = 200")
    print(f"{'holdout':>8}  {'no change, 400 batches':>24}  {'drop 0.10 found in 60':>24}")
    for held in (200, 500, 2000):
        random = np.random.default_rng(held)
        tp, errors = counts(random, held, F1, streams)
        level = intervals.f1_lower(tp, errors, split.delta_a) - TOLERANCE
        level = np.maximum(level, 1e-6)[:, None]
        same = run(rows=200, drop=0, batches=400, streams=streams, seed=1, level=level, alpha=split.alpha_a)
        worse = run(rows=200, drop=0.1, batches=60, streams=streams, seed=2, level=level, alpha=split.alpha_a)
        print(f"{held:>8}  {share_of(same.alarm < NEVER):>24}  {share_of(worse.alarm < NEVER):>24}")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, about ten seconds")
    quick = parser.parse_args().quick
    started = time.perf_counter()
    null_table(streams=400 if quick else 4000, batches=300 if quick else 1000)
    delay_table(streams=400 if quick else 2000)
    age_table(streams=200 if quick else 1000, ages=(0, 100) if quick else (0, 100, 900, 3000))
    holdout_table(streams=300 if quick else 2000)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
