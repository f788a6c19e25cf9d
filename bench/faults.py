"""How many injected faults are found and named right, and how often a sound batch is called faulty.

Run from the project's folder: python -m bench.faults [--leave-out] [--set NAME] [--only FAULT] [--show]

Data: the attrition example's generator (with a plan, a region and a moment added, so that each fault has a
column to fall on), and, from the folder in VIGIL_DATA, telco_churn (which has no order of time: for sound
batches its rows are dealt anew twelve times), electricity (with the half hours that its rows stand for) and
weather. Each is cut into batches; a batch is judged by the eight before it. Each fault is injected at three
strengths, mostly shares of rows, into batches and columns drawn at random.

"found": some fault at or above its threshold, so that the batch is held. "named": the surest finding has
the right name and the right column. "false": untouched batches on which anything is named.

With --leave-out no threshold of the files is used. All data sets are judged at one flat level first; each
fault's threshold is then chosen on two of them, by one rule (bench/broken/rules.py): by estimate it names its
part of 1 % of the sound batches, and it comes first in no more than 1 % of those broken otherwise. A third
data set is judged anew under these thresholds, every pair and every third in turn. With --rule lowest it is
the lowest level that is clean on the two data sets.

What was judged is kept (--store), by the state of the code: after --minutes the bench stops with 3, and the
same command goes on.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from scipy.stats import beta

from bench.broken import rules
from bench.broken.data import NAMES
from bench.broken.injections import INJECTIONS
from bench.broken.trials import Judge, OutOfTime, Trial
from vigil import faults

GOALS = {"found": 0.95, "named": 0.90, "false": 0.01}
HEAD = "| data | thresholds chosen on | found | named right | false namings on sound batches |"

Thresholds = Mapping[str, float]


def share(part: int, whole: int) -> str:
    """Write a share and its counts."""
    return f"{100 * part / whole:.1f} % ({part}/{whole})" if whole else "–"


def limited(part: int, whole: int) -> str:
    """Write a share with its one-sided exact 95 % limit (Clopper and Pearson)."""
    if not whole:
        return "–"
    limit = float(beta.ppf(0.95, part + 1, whole - part)) if part < whole else 1.0
    return f"{share(part, whole)}, at most {100 * limit:.2f} %"


def row(name: str, on: str, some: Sequence[Trial], thresholds: Thresholds) -> str:
    """Return one line of a table."""
    broken, found, named, sound, false = rules.counts(some, thresholds)
    return f"| {name} | {on} | {share(found, broken)} | {share(named, broken)} | {limited(false, sound)} |"


def leave_out(judge: Judge, sets: Sequence[str], rule: str) -> bool:
    """Choose thresholds on each pair of data sets, and judge each third; say whether the goals are met."""
    flat = {name: judge.trials(name, rules.flat()) for name in sets}
    print(f"\n{HEAD}\n|---|---|---|---|---|")
    total = [0, 0, 0, 0, 0]
    used: list[dict[str, float]] = []
    for out in sets:
        for pair in itertools.combinations([name for name in sets if name != out], 2):
            thresholds = rules.RULES[rule]([trial for name in pair for trial in flat[name]])
            some = judge.trials(out, thresholds)
            print(row(out, " and ".join(pair), some, thresholds), flush=True)
            used.append(thresholds)
            total = [a + b for a, b in zip(total, rules.counts(some, thresholds), strict=True)]
    broken, found, named, sound, false = total
    print(f"| all | | {share(found, broken)} | {share(named, broken)} | {share(false, sound)} |")
    print("\nThresholds, the lowest and the highest chosen, and the file's:\n")
    for name in faults.names():
        levels = [thresholds[name] for thresholds in used]
        print(f"- {name}: {min(levels):g} … {max(levels):g}; {faults.get(name).THRESHOLD:g}")
    return goals(found / max(broken, 1), named / max(broken, 1), false / max(sound, 1))


def by_files(judge: Judge, sets: Sequence[str], *, show: bool) -> bool:
    """Judge all data sets with the thresholds of the files; print tables, and say whether goals are met."""
    own = rules.of_files()
    every = [trial for name in sets for trial in judge.trials(name, own)]
    if show:
        show_misses(every, own)
    print(f"\n{HEAD}\n|---|---|---|---|---|")
    for name in sets:
        print(row(name, "the files'", [trial for trial in every if trial.data == name], own))
    print(row("all", "the files'", every, own))
    by_strength(every, own)
    false = Counter(one[0] for trial in every if not trial.fault for one in trial.held(own))
    print(f"\nFalse namings by fault: {dict(false) or 'none'}")
    broken, found, named, sound, wrong = rules.counts(every, own)
    return goals(found / max(broken, 1), named / max(broken, 1), wrong / max(sound, 1))


def by_strength(every: Sequence[Trial], own: Thresholds) -> None:
    """Print how many of each fault are named right at each strength, and what the rest was taken for."""
    print("\nNamed right, by fault and strength:\n")
    print(
        "| fault | strengths | weak | middle | strong | the rest was taken for |\n|---|---|---|---|---|---|"
    )
    for fault, (_, strengths, unit) in INJECTIONS.items():
        mine = [trial for trial in every if trial.fault == fault]
        if not mine:
            continue
        cells = []
        for strength in strengths:
            part = [trial for trial in mine if trial.strength == strength]
            cells.append(f"{sum(trial.is_right(own) for trial in part)}/{len(part)}")
        missed = Counter(
            f"{held[0][0] if (held := trial.held(own)) else 'nothing'} ({trial.data})"
            for trial in mine
            if not trial.is_right(own)
        )
        rest = ", ".join(f"{name} {count}" for name, count in missed.most_common(5)) or "–"
        said = " / ".join(f"{strength:g}" for strength in strengths)
        print(f"| {fault} | {said} {unit} | {' | '.join(cells)} | {rest} |")


def show_misses(every: Sequence[Trial], own: Thresholds) -> None:
    """Print every batch that was missed, misnamed or named falsely."""
    for trial in every:
        if (trial.fault and not trial.is_right(own)) or (not trial.fault and trial.held(own)):
            said = "; ".join(
                f"{name} {','.join(columns)} {sure:.2f}" for name, columns, sure in trial.found[:4]
            )
            print(f"{trial.data} | {trial.key} | {','.join(trial.columns)} | {said or 'nothing'}")


def goals(found: float, named: float, false: float) -> bool:
    """Print what was reached beside the goals, and say whether all are met."""
    met = found >= GOALS["found"] and named >= GOALS["named"] and false <= GOALS["false"]
    print(
        f"\nfound {found:.3f} (goal ≥ 0.95), named {named:.3f} (≥ 0.90), false {false:.4f} (≤ 0.01): "
        f"{'met' if met else 'NOT met'}"
    )
    return met


def main() -> int:
    """Run the bench; return 1 when a goal is missed, 3 when time is up."""
    cli = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cli.add_argument("--leave-out", action="store_true", help="choose thresholds on two sets, judge a third")
    cli.add_argument("--rule", choices=tuple(rules.RULES), default="tail", help="how they are chosen")
    cli.add_argument("--times", type=int, default=12, help="injections of each fault, strength and data set")
    cli.add_argument("--only", choices=tuple(INJECTIONS), help="this fault only, besides sound batches")
    cli.add_argument(
        "--set", choices=NAMES, action="append", help="this data set only; more than one may be given"
    )
    cli.add_argument("--show", action="store_true", help="print every miss and false naming")
    cli.add_argument(
        "--minutes", type=float, default=5.0, help="stop after this time; the same command goes on"
    )
    cli.add_argument("--store", type=Path, default=Path("bench/.faults"), help="where answers are kept")
    options = cli.parse_args()
    deadline = time.monotonic() + 60 * options.minutes
    judge = Judge(options.store, options.times, deadline, options.only)
    sets = [name for name in NAMES if name in (options.set or NAMES) and judge.data(name)]
    try:
        if options.leave_out:
            met = leave_out(judge, sets, options.rule)
        else:
            met = by_files(judge, sets, show=options.show)
    except OutOfTime:
        print(f"{options.minutes:g} minutes are up; the same command goes on from here.")
        return 3
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
