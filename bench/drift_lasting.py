"""How often drift is called when nothing has changed, and when something has, beside two usual rules.

Run from the project's folder: python -m bench.drift_null [--quick]

Tables of 5 or 20 columns: three quarters numbers, a quarter categories, one column in five with missing
rows. The reference is drawn anew each time. "KS" is the rule "p < 0.05 in any column" (KS for numbers, χ²
of all levels for categories), "PSI" the rule "index > 0.1 in any column". The run fails when a cell calls
drift more often than chance allows at the stated level (exact binomial limit at 0.001 over all cells), or
when a drift is called lasting in more lives of a release than its level allows.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from vigil import drift
from vigil.changes import drifting
from vigil.drift import cells, lasting
from vigil.profiles import ColumnProfile, Profile, levels, profile
from vigil.records import Column
from vigil.stats import intervals

SHAPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {"normal": lambda x: x, "skewed": np.exp}
BATCHES, LEVELS = (100, 500, 5000, 50_000), (5, 50, 500)
NUMBERS, CATEGORIES, MISSING = 15, 5, 0.05
Random = np.random.Generator


def number(name: str, values: np.ndarray, missing: int = 0) -> ColumnProfile:
    """Profile values, and rows without any."""
    found = profile(pa.table({name: values}), [Column(name, "number")]).columns[0]
    return replace(found, rows=len(values) + missing, missing=missing)


def category(name: str, counts: np.ndarray) -> ColumnProfile:
    """Profile a category from the rows of each level."""
    named = [(f"level {place}", int(count)) for place, count in enumerate(counts) if count]
    return ColumnProfile(name, "category", int(counts.sum()), 0, None, levels.of_counts(named))


def shares(number_of_levels: int, shape: str) -> np.ndarray:
    """Return even shares of levels, or some that fall as 1/rank."""
    weight = np.arange(1.0, number_of_levels + 1) ** (-1.0 if shape == "skewed" else 0.0)
    return weight / weight.sum()


def numbers(random: Random, rows: int, shape: str) -> list[ColumnProfile]:
    """Draw columns of numbers; every third has missing rows."""
    drawn = []
    for place in range(NUMBERS):
        lost = int(random.binomial(rows, MISSING)) if place % 3 == 0 else 0
        drawn.append(number(f"n{place}", SHAPES[shape](random.normal(size=rows - lost)), lost))
    return drawn


def categories(random: Random, rows: int, shape: str, number_of_levels: int) -> list[ColumnProfile]:
    """Draw columns of categories."""
    chance = shares(number_of_levels, shape)
    return [category(f"c{place}", random.multinomial(rows, chance)) for place in range(CATEGORIES)]


def table(columns: Sequence[ColumnProfile], rows: int) -> Profile:
    """Put columns together."""
    return Profile(rows, tuple(columns))


def called(reference: Profile, current: Profile, floors: dict[str, float] | None = None) -> list[str]:
    """Return the columns that are called drifted."""
    found = drift.judge(reference, current, floors=floors)
    return [column.column for column in found if column.verdict == "drift"]


def usual(reference: Profile, current: Profile) -> tuple[list[str], list[str]]:
    """Return the columns that the two usual rules call drifted."""
    from scipy.special import chdtrc

    by_p, by_index = [], []
    for ours, theirs in zip(reference.columns, current.columns, strict=True):
        if ours.kind == "number":
            found = drift.measure("ks", ours, theirs)
            p_value = found.p_value if found and found.p_value is not None else 1.0
        else:
            both = cells.of_levels(ours, theirs)
            first, second = both.shares()
            middle = (both.reference + both.current) / (both.n_ref + both.n_cur)
            seen = middle > 0
            scale = both.n_ref * both.n_cur / (both.n_ref + both.n_cur)
            squares = scale * np.sum((first - second)[seen] ** 2 / middle[seen])
            p_value = float(chdtrc(seen.sum() - 1, squares))
        index = drift.measure("psi", ours, theirs)
        by_p += [ours.name] * (p_value < 0.05)
        by_index += [ours.name] * (index is not None and index.effect > 0.1)
    return by_p, by_index


def null_trial(random: Random, rows: int, shape: str, tally: Counter[tuple[object, ...]]) -> None:
    """Compare one reference with one batch of each size, for each number of levels."""
    none = dict.fromkeys(drift.names(), 0.0)
    references = {k: categories(random, rows, shape, k) for k in LEVELS}
    ours = numbers(random, rows, shape)
    for size in BATCHES:
        theirs = numbers(random, size, shape)
        for k in LEVELS:
            mix = categories(random, size, shape, k)
            wide = table([*ours, *references[k]], rows), table([*theirs, *mix], size)
            tally["significant", rows, size, 20, k, shape] += bool(called(*wide, none))
            tally["drift", rows, size, 20, k, shape] += bool(called(*wide))
            by_p, by_index = usual(*wide)
            tally["ks", rows, size, 20, k, shape] += bool(by_p)
            tally["psi", rows, size, 20, k, shape] += bool(by_index)
            narrow = [
                table([*columns[:4], kinds[0]], n)
                for columns, kinds, n in ((ours, references[k], rows), (theirs, mix, size))
            ]
            tally["drift", rows, size, 5, k, shape] += bool(called(*narrow))


def too_often(hits: int, tries: int, cells_looked_at: int) -> bool:
    """Say whether a rate is above the level beyond chance."""
    return float(intervals.share_lower(hits, tries - hits, 0.001 / cells_looked_at)) > drift.ALPHA


def share_of(hits: int, tries: int) -> str:
    """Write a share with its exact 95 % limits."""
    low = float(intervals.share_lower(hits, tries - hits, 0.025))
    high = float(intervals.share_upper(hits, tries - hits, 0.025))
    return f"{hits / tries:.4f} [{low:.4f}, {high:.4f}]"


def null_table(trials: int) -> bool:
    """Print how often any column is called drifted when nothing has changed; say whether it is held."""
    random, tally = np.random.default_rng(1), Counter[tuple[object, ...]]()
    for _ in range(trials):
        for rows in (1000, 50_000):
            for shape in SHAPES:
                null_trial(random, rows, shape, tally)
    print(
        f"Nothing changed: batches with any column called drifted; level {drift.ALPHA}, {trials} trials each"
    )
    print(
        f"{'n_ref':>6} {'n_cur':>6} {'levels':>6}  {'KS':>6} {'PSI':>6}  "
        f"{'p only':>6}  {'20 cols':>7}  {'5 cols':>6}"
    )
    for rows in (1000, 50_000):
        for size in BATCHES:
            for k in LEVELS:
                row = [
                    sum(tally[rule, rows, size, d, k, shape] for shape in SHAPES) / (2 * trials)
                    for rule, d in (("ks", 20), ("psi", 20), ("significant", 20), ("drift", 20), ("drift", 5))
                ]
                print(
                    f"{rows:>6} {size:>6} {k:>6}  {row[0]:>6.3f} {row[1]:>6.3f}  {row[2]:>6.3f}"
                    f"  {row[3]:>7.3f}  {row[4]:>6.3f}"
                )
    print()
    for rule, d in (("ks", 20), ("psi", 20), ("significant", 20), ("drift", 20), ("drift", 5)):
        hits = [
            tally[rule, n, m, d, k, s]
            for n in (1000, 50_000)
            for m in BATCHES
            for k in LEVELS
            for s in SHAPES
        ]
        print(f"all cells, {d:>2} columns, {rule:<11} {share_of(sum(hits), trials * len(hits))}")
    judged = [(key, hits) for key, hits in tally.items() if key[0] in ("significant", "drift")]
    bad = [key for key, hits in judged if too_often(hits, trials, 144)]
    print(f"cells above the level beyond chance: {len(bad)} of 144 {bad or ''}")
    return not bad


def moved(random: Random, what: str, size: int, rows: int) -> tuple[Profile, Profile, str]:
    """Draw a reference and a batch in which one column has changed; return its name too."""
    ours = [*numbers(random, rows, "normal"), *categories(random, rows, "skewed", 20)]
    theirs = [*numbers(random, size, "normal"), *categories(random, size, "skewed", 20)]
    kind, _, amount = what.partition(" ")
    if kind in ("mean", "scale"):
        by = float(amount)
        draw = random.normal(by, 1, size) if kind == "mean" else random.normal(0, by, size)
        theirs[1] = number("n1", draw)
        return table(ours, rows), table(theirs, size), "n1"
    if kind == "missing":
        lost = int(random.binomial(size, float(amount)))
        theirs[0] = number("n0", random.normal(size=size - lost), lost)
        return table(ours, rows), table(theirs, size), "n0"
    chance = shares(20, "skewed")
    if kind == "mix":
        chance[0] -= float(amount)
        chance[1] += float(amount)
    else:
        chance = np.append(chance * (1 - float(amount)), float(amount))
    theirs[NUMBERS] = category("c0", random.multinomial(size, chance))
    return table(ours, rows), table(theirs, size), "c0"


def power_table(trials: int, rows: int = 5000) -> None:
    """Print how often the changed column is called drifted, and any other one, by each rule."""
    random = np.random.default_rng(2)
    print(f"\nOne of 20 columns changed, reference {rows:,} rows, {trials} trials: found / any other called")
    print(f"{'change':<16} {'n_cur':>6}  {'KS':>11}  {'PSI':>11}  {'Vigil':>11}")
    changes = (
        "mean 0.1",
        "mean 0.25",
        "mean 0.4",
        "scale 1.3",
        "scale 1.6",
        "missing 0.1",
        "mix 0.15",
        "new 0.03",
    )
    for what in changes:
        for size in (500, 5000):
            counts = Counter[tuple[str, str]]()
            for _ in range(trials):
                reference, current, name = moved(random, what, size, rows)
                by_p, by_index = usual(reference, current)
                for rule, columns in (("ks", by_p), ("psi", by_index), ("own", called(reference, current))):
                    counts[rule, "found"] += name in columns
                    counts[rule, "other"] += bool(set(columns) - {name})
            texts = [
                f"{counts[rule, 'found'] / trials:.2f} / {counts[rule, 'other'] / trials:.2f}"
                for rule in ("ks", "psi", "own")
            ]
            print(f"{what:<16} {size:>6}  " + "  ".join(f"{text:>11}" for text in texts))


def lives(number_of_lives: int, batches: int, shift: float, starts: int = 0) -> tuple[int, float]:
    """Return in how many lives any drift is called lasting, and the median batch at which it first was.

    Five columns, a reference of 1,000 rows drawn anew for each life, batches of 100; one column's mean moves
    by ``shift`` from batch ``starts`` on.
    """
    random, firsts = np.random.default_rng(3), []
    for _ in range(number_of_lives):
        reference = table([number(f"n{k}", random.normal(size=1000)) for k in range(5)], 1000)
        known = drifting.Known()
        for batch in range(batches):
            moves = shift if batch >= starts else 0.0
            columns = [number(f"n{k}", random.normal(moves * (k == 0), 1, 100)) for k in range(5)]
            found, known = drifting.compare(reference, table(columns, 100), known, str(batch))
            if any(column["lasting"] for column in found["columns"]):
                firsts.append(batch + 1)
                break
    return len(firsts), float(np.median(firsts)) if firsts else float("nan")


def life_table(number_of_lives: int, batches: int) -> bool:
    """Print how often a drift is ever called lasting; say whether the level for a life is held."""
    print(f"\nEver called lasting over {batches} batches of 100 rows, 5 columns, reference 1,000 rows")
    hits, _ = lives(number_of_lives, batches, 0.0)
    print(f"nothing changed: {share_of(hits, number_of_lives)}; level {lasting.ALPHA}")
    for shift in (0.3, 0.5):
        found, first = lives(max(number_of_lives // 4, 4), batches, shift)
        of = max(number_of_lives // 4, 4)
        print(
            f"mean of one by {shift} sd from the first batch on: {found} of {of}, first in batch {first:.0f}"
        )
    low = float(intervals.share_lower(hits, number_of_lives - hits, 0.001))
    return low <= lasting.ALPHA


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few trials, about twenty seconds")
    quick = parser.parse_args().quick
    started = time.perf_counter()
    held = null_table(5 if quick else 100)
    power_table(5 if quick else 100)
    held = life_table(*((4, 10) if quick else (100, 40))) and held
    print(f"\n{time.perf_counter() - started:.0f} s")
    raise SystemExit(0 if held else 1)


if __name__ == "__main__":
    main()
