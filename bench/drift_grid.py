"""The drift verdict on a grid of sizes: nothing changed, and one column changed, beside peers' own rules.

Run from the project's folder: python -m bench.drift_grid [--part null|power|peers]
    [--keep FILE --minutes 4] [--trials N] [--evidently PYTHON] [--nannyml PYTHON]

Reference of 1,000 or 50,000 rows, batch of 100 to 50,000, 5 to 100 columns (three quarters numbers, normal
and skewed in turn, one in three with missing cells; the rest categories of 5 to 500 levels, even and 1/rank
in turn). The reference is drawn anew in each trial; its batches share it. "Vigil" is a column that is said to
differ by more than chance, "drift" one that does so by enough to matter. At equal false alarms each rule's
limit is the one that a hundredth of unchanged batches passes in any column: of the peers' statistics, and of
Vigil's p-values. Peers' rules stand beside, on 20 columns:

- Evidently: up to 1,000 reference rows p < 0.05 (KS, χ² against the reference's shares), beyond a normed
  Wasserstein or Jensen-Shannon distance of 0.1; "any" counts a batch with such a column, "half" its verdict
  on the whole table.
- NannyML: Jensen-Shannon above mean + 3 sd of the reference's chunks, as large as the batch, or tenths of the
  reference where it has fewer than ten such.
- "PSI": an index above 0.2 in any column.

With --part peers the rules as written here are compared with the programs themselves on a few tables.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import stats
from scipy.spatial.distance import jensenshannon

from bench import _resumed as resumed
from vigil import drift
from vigil.profiles import ColumnProfile, Profile, levels, pairs, profile
from vigil.records import Column
from vigil.stats import intervals

REFERENCES, BATCHES, WIDTHS, LEVELS = (1000, 50_000), (100, 500, 5000, 50_000), (5, 20, 100), (5, 50, 500)
MISSING, MOST = 0.05, 75
POINTS = (0.01, 0.05, 0.1)
TESTS = {
    "number": ("ks", "shift", "spread", "tails", "missing_share"),
    "category": ("chi_squared", "unseen_levels"),
}
RULES = ("evidently any", "evidently half", "nannyml any", "psi any")
CHANGES = (
    "mean 0.25", "mean 0.4", "scale 1.3", "scale 1.6", "tail 2", "tail 3",
    "missing 0.1", "mix 0.15", "new 0.03", "pair 0.6",
)  # fmt: skip
#: From which statistic the peers' rules call a column.
LIMITS = {"evidently": 0.1, "nannyml": 3.0, "psi": 0.2}
Random = np.random.Generator
Tally = dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of one side: numbers with NaN for missing, and for each category the rows of each level."""

    numbers: list[np.ndarray]
    kinds: list[np.ndarray]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.numbers[0])

    def first(self, width: int) -> Sample:
        """Return the sample's first columns: three quarters numbers."""
        count = round(width * 0.75 + 0.01)
        return Sample(self.numbers[:count], self.kinds[: width - count])


def drawn(random: Random, rows: int, numbers: int, kinds: int, count: int) -> Sample:
    """Draw columns."""
    cells = []
    for place in range(numbers):
        values = random.normal(size=rows)
        values = np.exp(values) if place % 2 else values
        if place % 3 == 0:
            values[random.random(rows) < MISSING] = np.nan
        cells.append(values)
    return Sample(cells, [random.multinomial(rows, shares(count, place)) for place in range(kinds)])


def shares(count: int, place: int) -> np.ndarray:
    """Return even shares of levels, or such that fall as 1/rank."""
    weight = np.arange(1.0, count + 1) ** (-1.0 if place % 2 else 0.0)
    return weight / weight.sum()


def profiled(sample: Sample, cuts: pairs.Cuts | None = None) -> Profile:
    """Profile a sample."""
    cells = {f"n{k:03}": pa.array(values, from_pandas=True) for k, values in enumerate(sample.numbers)}
    made = profile(pa.table(cells), [Column(name, "number") for name in cells], {} if cuts is None else cuts)
    kinds = [category(f"c{k:03}", counts) for k, counts in enumerate(sample.kinds)]
    return Profile(sample.rows, (*made.columns, *kinds), made.pairs)


def category(name: str, counts: np.ndarray) -> ColumnProfile:
    """Profile a category from the rows of each level."""
    named = [(f"level {place}", int(count)) for place, count in enumerate(counts) if count]
    return ColumnProfile(name, "category", int(counts.sum()), 0, None, levels.of_counts(named))


def narrowed(whole: Profile, sample: Sample, cuts: pairs.Cuts) -> dict[int, Profile]:
    """Return the profiles of a sample's first numbers, for each width, from that of all of them."""
    found = {}
    for width in WIDTHS:
        numbers = sample.first(width).numbers
        names = [f"n{k:03}" for k in range(len(numbers))]
        table = pa.table({n: pa.array(v, from_pandas=True) for n, v in zip(names, numbers, strict=True)})
        counted = pairs.count(table, {name: cut for name, cut in cuts.items() if name in names})
        found[width] = Profile(whole.rows, tuple(c for c in whole.columns if c.name in names), counted)
    return found


def widened(numbers: Profile, kinds: list[ColumnProfile], width: int) -> Profile:
    """Add as many categories to a profile of numbers as there are places left."""
    return replace(numbers, columns=(*numbers.columns, *kinds[: width - len(numbers.columns)]))


def null_trial(seed: int, rows: int) -> Tally:
    """Compare one reference with one batch of each size; return hits and tries of each cell."""
    random, found = np.random.default_rng([1, seed, rows]), defaultdict(lambda: [0, 0])
    ours = drawn(random, rows, MOST, 0, 5)
    whole = profiled(ours)
    cuts = dict(whole.pairs.cuts)
    before = narrowed(whole, ours, cuts)
    known = {count: drawn(random, rows, 0, 25, count).kinds for count in LEVELS}
    for size in BATCHES:
        theirs = drawn(random, size, MOST, 0, 5)
        now = narrowed(profiled(theirs, cuts), theirs, cuts)
        for count in LEVELS:
            dealt = [Sample(ours.numbers, known[count])]
            dealt.append(Sample(theirs.numbers, drawn(random, size, 0, 25, count).kinds))
            kinds = [[category(f"c{k:03}", c) for k, c in enumerate(side.kinds)] for side in dealt]
            for width in WIDTHS:
                two = widened(before[width], kinds[0], width), widened(now[width], kinds[1], width)
                judged = drift.judge(*two)
                add(found, ("vigil", rows, size, width, count), any(c.significant for c in judged))
                add(found, ("drift", rows, size, width, count), any(c.verdict == "drift" for c in judged))
                if width == 20:
                    tests(found, (rows, size, count), *two)
                    for rule, hit in peers(*(side.first(width) for side in dealt)).items():
                        add(found, (rule, rows, size, width, count), hit)
    return dict(found)


def add(found: Tally, name: tuple[Any, ...], hit: object) -> None:
    """Count one more try of a cell."""
    tally = found[" ".join(map(str, name))]
    tally[0] += bool(hit)
    tally[1] += 1


def tests(found: Tally, cell: tuple[int, ...], before: Profile, now: Profile) -> None:
    """Count how many p-values of each test lie below each point."""
    sides = drift.Side(before), drift.Side(now)
    together = drift.measures.whole("correlation_change")
    known = [(together.NAME, together.measure(*sides))] if cell[-1] == LEVELS[0] else []
    for ours, theirs in zip(before.columns, now.columns, strict=True):
        # The numbers are the same for each number of levels, and count once.
        if ours.kind == "number" and cell[-1] != LEVELS[0]:
            continue
        known += [(name, drift.measure(name, ours, theirs)) for name in TESTS[ours.kind]]
    for name, result in known:
        if result is not None and result.p_value is not None:
            for point in POINTS:
                add(found, ("p", name, *cell, point), result.p_value <= point)


def peers(ours: Sample, theirs: Sample) -> dict[str, bool]:
    """Return what the peers' default rules say of a table."""
    first, second = evidently(ours, theirs), nannyml(ours, theirs)
    called = [value >= 0.1 if ours.rows > 1000 else value < 0.05 for value in first]
    half = sum(called) >= len(called) / 2
    return {
        "evidently any": any(called),
        "evidently half": half,
        "nannyml any": max(second) > 3,
        "psi any": max(psi(ours, theirs)) > 0.2,
    }


def evidently(ours: Sample, theirs: Sample) -> list[float]:
    """Return Evidently 0.7's default statistic of each column: p-values, or distances."""
    found = []
    for a, b in zip(ours.numbers, theirs.numbers, strict=True):
        a, b = a[~np.isnan(a)], b[~np.isnan(b)]
        if ours.rows <= 1000:
            found.append(float(stats.ks_2samp(a, b).pvalue))
        else:
            found.append(float(stats.wasserstein_distance(a, b)) / max(float(np.std(a)), 0.001))
    for a, b in zip(ours.kinds, theirs.kinds, strict=True):
        seen = a + b > 0
        if ours.rows <= 1000:
            with np.errstate(divide="ignore", invalid="ignore"):
                expected = a[seen] * (b.sum() / a.sum())
                square = float(np.sum((b[seen] - expected) ** 2 / expected))
            found.append(float(stats.chi2.sf(square, max(int(seen.sum()) - 1, 1))))
        else:
            found.append(float(jensenshannon(a[seen] / a.sum(), b[seen] / b.sum())))
    return found


def nannyml(ours: Sample, theirs: Sample) -> list[float]:
    """Return each column's distance beyond that of the reference's chunks, in their standard deviations."""
    chunks = ours.rows // theirs.rows if ours.rows >= 10 * theirs.rows else 10
    size = ours.rows // chunks
    found = []
    for a, b in zip(ours.numbers, theirs.numbers, strict=True):
        known = a[~np.isnan(a)]
        edges = np.histogram_bin_edges(known, bins="doane")
        base = np.histogram(known, edges)[0] / len(known)
        parts = [of_bins(base, edges, a[k * size : (k + 1) * size]) for k in range(chunks)]
        found.append(beyond(of_bins(base, edges, b), parts))
    random = np.random.default_rng(0)
    for a, b in zip(ours.kinds, theirs.kinds, strict=True):
        dealt = random.permutation(np.repeat(np.arange(len(a)), a))
        cut = [np.bincount(dealt[k * size : (k + 1) * size], minlength=len(a)) for k in range(chunks)]
        found.append(beyond(of_counts(a, b), [of_counts(a, part) for part in cut]))
    return found


def of_bins(base: np.ndarray, edges: np.ndarray, values: np.ndarray) -> float:
    """Return NannyML's distance of values from the reference's bins; what is outside is a bin of its own."""
    values = values[~np.isnan(values)]
    inside = np.histogram(values, edges)[0] / len(values)
    return float(jensenshannon([*base, 0.0], [*inside, max(0.0, 1 - inside.sum())], base=2))


def of_counts(base: np.ndarray, counts: np.ndarray) -> float:
    """Return NannyML's distance of levels' counts; those that the reference lacks are one."""
    known = base > 0
    inside = counts[known] / counts.sum()
    return float(
        jensenshannon([*base[known] / base.sum(), 0.0], [*inside, max(0.0, 1 - inside.sum())], base=2)
    )


def beyond(value: float, chunks: list[float]) -> float:
    """Return how far a value is above the chunks' mean, in their standard deviations."""
    return (value - float(np.mean(chunks))) / max(float(np.std(chunks)), 1e-12)


def psi(ours: Sample, theirs: Sample) -> list[float]:
    """Return the index of each column, on the reference's tenths or on levels."""
    found = []
    for a, b in zip(ours.numbers, theirs.numbers, strict=True):
        edges = np.nanquantile(a, np.arange(1, 10) / 10)
        sides = [np.bincount(np.searchsorted(edges, s[~np.isnan(s)]), minlength=10) for s in (a, b)]
        found.append(index(*sides))
    return found + [index(a, b) for a, b in zip(ours.kinds, theirs.kinds, strict=True)]


def index(a: np.ndarray, b: np.ndarray) -> float:
    """Return Σ (q − p)·ln(q/p), with shares of 0.0001 at least."""
    p, q = (np.maximum(side / side.sum(), 1e-4) for side in (a, b))
    return float(np.sum((q - p) * np.log(q / p)))


def power_trial(change: str, seed: int, size: int, rows: int = 5000) -> dict[str, Any]:
    """Return each rule's statistic of the changed column and the largest of all, and Vigil's columns."""
    random = np.random.default_rng([2, seed, size, sum(map(ord, change))])
    ours, theirs = drawn(random, rows, 15, 5, 20), drawn(random, size, 15, 5, 20)
    name, place = altered(random, change, ours, theirs)
    before = profiled(ours)
    now = profiled(theirs, dict(before.pairs.cuts))
    judged = drift.judge(before, now)
    evidence = {one.column: -float(np.log(max(one.p_value or 1.0, 1e-300))) for one in judged}
    noticed = {one.column for one in judged if one.significant}
    statistics = {
        "evidently": evidently(ours, theirs),
        "nannyml": nannyml(ours, theirs),
        "psi": psi(ours, theirs),
    }
    told = {
        rule: [max(found), found[place] if place is not None else None] for rule, found in statistics.items()
    }
    told["vigil"] = [max(evidence.values()), evidence.get(name, 0.0)]
    called = {one.column for one in judged if one.verdict == "drift"}
    return {**told, "said": [bool(noticed), name in noticed, name in called, bool(noticed - {name})]}


def altered(random: Random, change: str, ours: Sample, theirs: Sample) -> tuple[str, int | None]:
    """Change one column of a batch; return its name and its place among all columns."""
    kind, _, word = change.partition(" ")
    amount, size = float(word or 0), theirs.rows
    if kind in ("mean", "scale"):
        theirs.numbers[2][:] = random.normal(
            amount if kind == "mean" else 0, amount if kind == "scale" else 1, size
        )
        return "n002", 2
    if kind == "tail":
        # Student's t with the normal's quartiles: the middle as before, the tails longer.
        heavy = random.standard_t(amount, size)
        theirs.numbers[2][:] = heavy * stats.norm.ppf(0.75) / stats.t.ppf(0.75, amount)
        return "n002", 2
    if kind == "missing":
        theirs.numbers[0][random.random(size) < amount] = np.nan
        return "n000", 0
    if kind in ("mix", "new"):
        chance = shares(20, 1)
        if kind == "mix":
            chance[:2] += [-amount, amount]
        else:
            chance = np.append(chance * (1 - amount), amount)
            ours.kinds[1] = np.append(ours.kinds[1], 0)
        theirs.kinds[1] = random.multinomial(size, chance)
        return "c001", 16
    if kind == "pair":
        mixed = amount * ours.numbers[2] + np.sqrt(1 - amount**2) * random.normal(size=ours.rows)
        ours.numbers[4][:] = mixed
        return "_vigil_correlation_change", None
    return "", None


def null_tables(kept: resumed.Kept, trials: int) -> bool:
    """Print the grid where nothing has changed; say whether the level is held everywhere."""
    total: Tally = defaultdict(lambda: [0, 0])
    for seed in range(trials):
        for rows in REFERENCES:
            for name, (hits, tries) in (
                kept.get(("null", rows, seed), lambda a=(seed, rows): null_trial(*a)) or {}
            ).items():
                total[name][0] += hits
                total[name][1] += tries
    grid = {name: tally for name, tally in total.items() if name.startswith("vigil")}
    if not grid:
        print("nothing was measured in the time given")
        return False
    print(
        f"Nothing changed: batches where any column differs, level {drift.ALPHA}; peers' rules on 20 columns"
    )
    print(
        f"{'n_ref':>6} {'n_cur':>6} {'levels':>6} {'trials':>6}  {'Vigil: 5':>8} {'20':>5} {'100':>5}  "
        + "  ".join(f"{r:>14}" for r in RULES)
    )
    for rows in REFERENCES:
        for size in BATCHES:
            for count in LEVELS:
                cells = [total[f"vigil {rows} {size} {width} {count}"] for width in WIDTHS]
                beside = [total[f"{rule} {rows} {size} 20 {count}"] for rule in RULES]
                own = " ".join(f"{share(cell):>5.3f}" for cell in cells)
                print(
                    f"{rows:>6} {size:>6} {count:>6} {cells[0][1]:>6}  {own:>20}  "
                    + "  ".join(f"{share(b):>14.3f}" for b in beside)
                )
    bad = [name for name, tally in grid.items() if too_often(*tally, drift.ALPHA, len(grid))]
    hits, tries = (sum(tally[k] for tally in grid.values()) for k in (0, 1))
    large = [tally for name, tally in total.items() if name.startswith("drift ")]
    print(
        f"all {len(grid)} cells: {limits(hits, tries)}; above the level beyond chance: {len(bad)} {bad or ''}"
    )
    print(f"and by enough to matter: {limits(*(sum(tally[k] for tally in large) for k in (0, 1)))}")
    return p_values(total) and not bad


def p_values(total: Tally) -> bool:
    """Print how many p-values lie below a few points, over the grid and in the worst cell."""
    print("\nNothing changed: share of p-values at or below a point; cells beyond chance (0.001 over all)")
    print(
        f"{'test':<20} {'p-values':>9}  "
        + "  ".join(f"{f'≤ {point}':>7}" for point in POINTS)
        + "  too many  fewer"
    )
    held = True
    names = dict.fromkeys(name.split()[1] for name in total if name.startswith("p "))
    for test in names:
        cells = {name: tally for name, tally in total.items() if name.startswith(f"p {test} ")}
        whole = {
            point: [sum(t[k] for n, t in cells.items() if n.endswith(f" {point}")) for k in (0, 1)]
            for point in POINTS
        }
        high = [n for n, t in cells.items() if too_often(*t, float(n.split()[-1]), len(cells))]
        low = [
            n for n, t in cells.items() if too_often(t[1] - t[0], t[1], 1 - float(n.split()[-1]), len(cells))
        ]
        told = "  ".join(f"{share(whole[point]):>7.4f}" for point in POINTS)
        print(f"{test:<20} {whole[POINTS[0]][1]:>9,}  {told}  {len(high):>8}  {len(low):>5}")
        held = held and not high
    return held


def too_often(hits: int, tries: int, level: float, cells: int) -> bool:
    """Say whether a rate is above a level beyond chance, allowing for all cells."""
    return float(intervals.share_lower(hits, tries - hits, 0.001 / cells)) > level


def share(tally: list[int]) -> float:
    """Return hits over tries."""
    return tally[0] / tally[1] if tally[1] else float("nan")


def limits(hits: int, tries: int) -> str:
    """Write a share with its exact 95 % limits."""
    low, high = (
        intervals.share_lower(hits, tries - hits, 0.025),
        intervals.share_upper(hits, tries - hits, 0.025),
    )
    return f"{hits / tries:.4f} [{float(low):.4f}, {float(high):.4f}]"


def power_tables(kept: resumed.Kept, trials: int) -> None:
    """Print how often the changed column is found: by default rules, and at equal false alarms."""
    print(
        "\nOne of 20 columns changed, reference 5,000 rows: found by the default rule / at 0.01 false alarms"
    )
    heads = "  ".join(f"{name:>11}" for name in ("Evidently", "NannyML", "PSI", "Vigil"))
    print(f"{'change':<10} {'n_cur':>5} {'trials':>6}  {heads}  {'drift':>5} {'others':>6}")
    for size in (500, 5000):
        quiet = list(power_trials(kept, "none", size, 8 * trials))
        if not quiet:
            break
        even = {
            rule: float(np.quantile([one[rule][0] for one in quiet], 0.99)) for rule in (*LIMITS, "vigil")
        }
        print(power_row("none", size, quiet, even, 0))
        for change in CHANGES:
            found = list(power_trials(kept, change, size, trials))
            if found:
                print(power_row(change, size, found, even, 1))


def power_row(change: str, size: int, found: list[dict[str, Any]], even: dict[str, float], at: int) -> str:
    """Return one line: of any column (``at`` 0) or of the changed one (1)."""
    # A rule by columns has no statistic for what no column shows.
    known = {rule: [-np.inf if one[rule][at] is None else one[rule][at] for one in found] for rule in even}
    hits = {rule: np.array(known[rule]) >= limit for rule, limit in LIMITS.items()}
    hits["vigil"] = np.array([one["said"][at] for one in found])
    told = [
        f"{np.mean(hits[rule]):.2f} / {np.mean(np.array(known[rule]) > limit):.2f}"
        for rule, limit in even.items()
    ]
    called, others = (np.mean([one["said"][place] for one in found]) for place in (2, 3))
    last = f"{called:>5.2f} {others:>6.2f}" if at else f"{'':>5} {'':>6}"
    return (
        f"{change:<10} {size:>5} {len(found):>6}  {'  '.join(f'{one:>11}' for one in told)}  {last}".rstrip()
    )


def power_trials(kept: resumed.Kept, change: str, size: int, trials: int) -> Iterator[dict[str, Any]]:
    """Yield the trials that there are."""
    for seed in range(trials):
        found = kept.get(
            ("power", change.replace(" ", "_"), size, seed), lambda seed=seed: power_trial(change, seed, size)
        )
        if found is not None:
            yield found


#: What the peers' programs say of two Parquet files: the column names that they call drifted, as JSON.
PROGRAMS = {
    "evidently": """
import json, sys, warnings
warnings.filterwarnings("ignore")
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
frames = [pd.read_parquet(path) for path in sys.argv[1:3]]
numbers = [c for c in frames[0] if c.startswith("n")]
kinds = [c for c in frames[0] if c.startswith("c")]
what = DataDefinition(numerical_columns=numbers, categorical_columns=kinds)
sides = [Dataset.from_pandas(frame, data_definition=what) for frame in frames]
done = json.loads(Report([DataDriftPreset()]).run(sides[1], sides[0]).json())
found = {}
for one in done["metrics"]:
    told = one.get("config", one)
    if "column" in told:
        found[told["column"]] = float(one["value"])
print(json.dumps(found))
""",
    "nannyml": """
import json, sys, warnings
warnings.filterwarnings("ignore")
import pandas as pd
import nannyml
frames = [pd.read_parquet(path) for path in sys.argv[1:3]]
columns = list(frames[0])
made = nannyml.UnivariateDriftCalculator(column_names=columns, chunk_size=len(frames[1]))
found = made.fit(frames[0]).calculate(frames[1]).filter(period="analysis").to_df()
print(json.dumps({c: float(found[(c, "jensen_shannon", "value")].iloc[-1]) for c in columns}))
""",
}


def programs(interpreters: dict[str, str | None]) -> bool:
    """Compare the peers' statistics as written here with those of their programs; say whether they agree."""
    held = True
    restated: dict[str, Callable[[Sample, Sample], list[float]]] = {
        "evidently": evidently,
        "nannyml": distances,
    }
    for name, python in interpreters.items():
        if python is None or not Path(python).exists():
            print(f"{name}: skipped, no interpreter is named with --{name}")
            continue
        worst = 0.0
        for seed, (rows, size, count) in enumerate(
            ((1000, 100, 5), (1000, 500, 50), (50_000, 5000, 5), (50_000, 500, 50))
        ):
            random = np.random.default_rng([3, seed])
            ours, theirs = drawn(random, rows, 15, 5, count), drawn(random, size, 15, 5, count)
            told = asked(python, PROGRAMS[name], ours, theirs)
            mine = dict(
                zip(
                    [*(f"n{k:03}" for k in range(15)), *(f"c{k:03}" for k in range(5))],
                    restated[name](ours, theirs),
                    strict=True,
                )
            )
            gaps = [abs(told[column] - value) for column, value in mine.items() if np.isfinite(value)]
            worst = max(worst, *gaps)
        print(
            f"{name}: 4 tables of 20 columns, largest difference from the program's own statistic {worst:.2g}"
        )
        held = held and worst < 1e-6
    return held


def distances(ours: Sample, theirs: Sample) -> list[float]:
    """Return NannyML's distance of each column."""
    found = []
    for a, b in zip(ours.numbers, theirs.numbers, strict=True):
        known = a[~np.isnan(a)]
        edges = np.histogram_bin_edges(known, bins="doane")
        found.append(of_bins(np.histogram(known, edges)[0] / len(known), edges, b))
    return found + [of_counts(a, b) for a, b in zip(ours.kinds, theirs.kinds, strict=True)]


def asked(python: str, code: str, ours: Sample, theirs: Sample) -> dict[str, float]:
    """Run a peer's program on two tables."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("before.parquet", "now.parquet")]
        for path, side in zip(paths, (ours, theirs), strict=True):
            cells = {f"n{k:03}": pa.array(values, from_pandas=True) for k, values in enumerate(side.numbers)}
            random = np.random.default_rng(0)
            for k, counts in enumerate(side.kinds):
                names = np.array([f"level {place}" for place in range(len(counts))])
                cells[f"c{k:03}"] = pa.array(random.permutation(np.repeat(names, counts)))
            pq.write_table(pa.table(cells), path)
        done = subprocess.run(
            [python, "-c", code, *map(str, paths)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"its interpreter failed: {done.stderr.strip().splitlines()[-1]}")
        found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
        return found


def main() -> None:
    """Print the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=("null", "power", "peers"), help="one part alone; else all")
    parser.add_argument(
        "--trials",
        type=int,
        default=30,
        help="repetitions; where power is measured, of each change, and eight times as many of none",
    )
    for name in PROGRAMS:
        named = os.environ.get(f"{name.upper()}_PYTHON")
        parser.add_argument(
            f"--{name}", metavar="PYTHON", default=named, help=f"an interpreter that has {name}"
        )
    resumed.add_options(parser)
    options = parser.parse_args()
    kept, held = resumed.Kept(options.keep, options.minutes), True
    if options.part in (None, "null"):
        held = null_tables(kept, options.trials)
    if options.part in (None, "power"):
        power_tables(kept, options.trials)
    if options.part in (None, "peers"):
        held = programs({name: getattr(options, name) for name in PROGRAMS}) and held
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
