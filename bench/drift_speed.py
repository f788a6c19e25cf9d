"""What a drift verdict costs against a stored reference, beside a loop over scipy's tests in the same run.

Run from the project's folder: python -m bench.drift_speed [--quick]

Tables of 20 columns of numbers and 5 of categories. Vigil profiles the batch and judges it against a stored
profile; "judge" is the second part alone, which does not depend on the number of rows. The loop runs
``ks_2samp`` and ``chi2_contingency`` on the rows of both sides, its reference in memory, unsorted, as it is
usually written. Best of a few runs; without import and load.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pyarrow as pa

from vigil import drift
from vigil.profiles import Profile, profile
from vigil.records import Column

NUMBERS, LEVELS = 20, (2, 5, 20, 50, 200)
COLUMNS = [Column(f"n{place}", "number") for place in range(NUMBERS)] + [
    Column(f"c{k}", "category") for k in LEVELS
]


def batch(rows: int, seed: int) -> pa.Table:
    """Draw a table; one number in two is skewed, one row in a hundred lacks the first."""
    random = np.random.default_rng(seed)
    cells = {}
    for place in range(NUMBERS):
        values = random.normal(size=rows)
        lost = random.random(rows) < (0.01 if place == 0 else 0.0)
        cells[f"n{place}"] = pa.array(np.exp(values) if place % 2 else values, mask=lost)
    for k in LEVELS:
        names = pa.array([f"level {number}" for number in range(k)])
        cells[f"c{k}"] = names.take(pa.array(random.integers(0, k, rows)))
    return pa.table(cells)


def loop(reference: pa.Table, current: pa.Table) -> list[float]:
    """Return scipy's p-value for each column of rows; levels are counted by pyarrow, the fastest at hand."""
    from scipy import stats

    found = []
    for name in reference.column_names:
        ours, theirs = reference[name].drop_null(), current[name].drop_null()
        if name.startswith("n"):
            found.append(stats.ks_2samp(ours.to_numpy(), theirs.to_numpy()).pvalue)
            continue
        sides = [_counts(side) for side in (ours, theirs)]
        names = sorted(sides[0].keys() | sides[1].keys())
        table = [[side.get(level, 0) for level in names] for side in sides]
        found.append(stats.chi2_contingency(table).pvalue)
    return found


def _counts(cells: pa.ChunkedArray) -> dict[str, int]:
    """Return the rows of each level."""
    return {pair["values"]: pair["counts"] for pair in cells.value_counts().to_pylist()}


def best(work: Callable[[], object], runs: int) -> float:
    """Return the shortest time of a few runs, in seconds."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> None:
    """Print the times and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="up to a hundred thousand rows")
    quick = parser.parse_args().quick
    print(f"{'rows':>9}  {'profile':>9}  {'judge':>9}  {'both':>9}  {'scipy':>9}  {'scipy/both':>10}")
    for rows in (10_000, 100_000) if quick else (10_000, 100_000, 1_000_000):
        ours, theirs = batch(rows, 1), batch(rows, 2)
        stored = Profile.from_json(json.loads(json.dumps(profile(ours, COLUMNS).to_json())))
        current = profile(theirs, COLUMNS)
        drift.judge(stored, current)
        runs = 3 if rows >= 1_000_000 else 5
        profiled = best(partial(profile, theirs, COLUMNS), runs)
        judged = best(partial(drift.judge, stored, current), 5)
        peer = best(partial(loop, ours, theirs), runs)
        both = profiled + judged
        cells = (f"{1000 * seconds:>6.0f} ms" for seconds in (profiled, judged, both, peer))
        print(f"{rows:>9,}  {'  '.join(cells)}  {peer / both:>10.1f}")
    size = len(json.dumps(stored.to_json())) / 1000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"stored reference {size:.0f} kB; peak {peak} MB, rows of both sides included")


if __name__ == "__main__":
    main()
