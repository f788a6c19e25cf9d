"""What a drift verdict costs against a stored reference, beside a loop over scipy's tests in the same run.

Run from the project's folder: python -m bench.drift_speed [--quick] [--rows N]
    [--evidently PYTHON] [--nannyml PYTHON]

Tables of 20 columns of numbers and 5 of categories. Vigil profiles the batch and judges it against a stored
profile; "judge" is the second part alone, which does not depend on the number of rows. The loop runs
``ks_2samp`` and ``chi2_contingency`` on the rows of both sides, its reference in memory, unsorted, as it is
usually written. Best of a few runs; without import and load.

"From Parquet" reads, profiles and judges in a process of its own; its peak is what it holds at most beyond
what it held before, with all imported, as a share of the frame in memory (Linux). Peers get the same rows in
an environment of their own, whose interpreter is named; without one, a line says so. They are given both
frames in memory and their defaults, and compared with both ways of ours; NannyML is fitted on the reference
beforehand, as Vigil's is profiled.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

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


def held(what: str) -> int:
    """Return the bytes that this process has now (``VmRSS``) or has had at most (``VmHWM``)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(what))


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


#: Seconds that a program may take.
PATIENCE = 1200

#: What a process does from a file: it prints its seconds and its peak beyond the imports, in bytes.
FROM_FILE = """
import json, sys, time
from pathlib import Path
import numpy, pyarrow.compute, pyarrow.parquet, scipy.special
import pandas  # pyarrow imports it with the first array that it makes
from bench.drift_speed import COLUMNS, held
from vigil import drift
from vigil.profiles import Profile, of_parquet
stored = Profile.from_json(json.loads(Path(sys.argv[2]).read_text()))
Path("/proc/self/clear_refs").write_text("5")
before = held("VmRSS")
for _ in range(2):
    started = time.perf_counter()
    drift.judge(stored, of_parquet(Path(sys.argv[1]), COLUMNS))
    taken = time.perf_counter() - started
print(taken, held("VmHWM") - before)
"""

#: Peers, each with both frames in memory; they print their seconds.
PEERS = {
    "evidently": """
import sys, time, warnings
warnings.filterwarnings("ignore")
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
frames = [pd.read_parquet(path) for path in sys.argv[1:3]]
numbers = [c for c in frames[0] if c.startswith("n")]
kinds = [c for c in frames[0] if c.startswith("c")]
what = DataDefinition(numerical_columns=numbers, categorical_columns=kinds)
started = time.perf_counter()
sides = [Dataset.from_pandas(frame, data_definition=what) for frame in frames]
Report([DataDriftPreset()]).run(sides[1], sides[0])
print(time.perf_counter() - started)
""",
    "nannyml": """
import sys, time, warnings
warnings.filterwarnings("ignore")
import pandas as pd
import nannyml
frames = [pd.read_parquet(path) for path in sys.argv[1:3]]
columns = list(frames[0])
made = nannyml.UnivariateDriftCalculator(column_names=columns, chunk_number=1)
made.fit(frames[0])
started = time.perf_counter()
made.calculate(frames[1])
print(time.perf_counter() - started)
""",
}


def from_file(rows: int, ours: pa.Table, theirs: pa.Table, peers: dict[str, str | None], both: float) -> None:
    """Print what it costs from a Parquet file, and what the peers take on the same rows.

    ``both`` is the time from rows in memory, as the peers have them, in seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("before.parquet", "now.parquet")]
        for path, table in zip(paths, (ours, theirs), strict=True):
            pq.write_table(table, path)
        stored = Path(folder) / "stored.json"
        stored.write_text(json.dumps(profile(ours, COLUMNS).to_json()))
        seconds, peak = run(sys.executable, FROM_FILE, str(paths[1]), str(stored))
        frame = theirs.to_pandas().memory_usage(deep=True).sum()
        print(f"{rows:>9,}  from Parquet {1000 * seconds:.0f} ms, peak {peak / frame:.3f} of the frame")
        for name, python in peers.items():
            if python is None:
                print(f"{'':>9}  {name}: skipped, no interpreter was named with --{name}")
                continue
            try:
                taken = run(python, PEERS[name], *map(str, paths))[0]
            except subprocess.TimeoutExpired:
                print(f"{'':>9}  {name}: not done in {PATIENCE / 60:.0f} minutes")
                continue
            except subprocess.SubprocessError as fault:
                print(f"{'':>9}  {name}: skipped, {fault}")
                continue
            times = f"{taken / both:.0f} times as long, {taken / seconds:.0f} times as from Parquet"
            print(f"{'':>9}  {name}: {taken:.2f} s, {times}")


def run(python: str, code: str, *arguments: str) -> list[float]:
    """Run a program in a process of its own; return the numbers on its last line.

    Raises subprocess.SubprocessError when it fails, or takes too long.
    """
    done = subprocess.run(
        [python, "-c", code, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    if done.returncode:
        raise subprocess.SubprocessError(f"its interpreter failed: {done.stderr.strip().splitlines()[-1]}")
    return [float(word) for word in done.stdout.strip().splitlines()[-1].split()]


def main() -> None:
    """Print the times and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="up to a hundred thousand rows")
    parser.add_argument("--rows", type=int, action="append", help="only so many rows; may be given again")
    for name in PEERS:
        named = os.environ.get(f"{name.upper()}_PYTHON")
        parser.add_argument(
            f"--{name}", metavar="PYTHON", default=named, help=f"an interpreter that has {name}"
        )
    options = parser.parse_args()
    quick, peers = options.quick, {name: getattr(options, name) for name in PEERS}
    print(f"{'rows':>9}  {'profile':>9}  {'judge':>9}  {'both':>9}  {'scipy':>9}  {'scipy/both':>10}")
    for rows in options.rows or ((10_000, 100_000) if quick else (10_000, 100_000, 1_000_000)):
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
        from_file(rows, ours, theirs, peers, both)
    size = len(json.dumps(stored.to_json())) / 1000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"stored reference {size:.0f} kB; peak {peak} MB, rows of both sides included")


if __name__ == "__main__":
    main()
