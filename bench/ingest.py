"""What it costs to take files in: many files at once, one more file after many rows, one large file.

    python -m bench.ingest [--files 50] [--rows 10000] [--history 100000,10000000 [--unique]]
                           [--large [100,2000] [--parquet]] [--tick [100,500] [--retrain]]

Three claims, each in processes of their own, timed inside after the imports; peak memory from outside, of
the process and those that it starts together (pages that they share are counted for each). Many files: read,
checked against the contract, deduplicated, profiled and stored; beside it DuckDB's ``read_csv`` +
``DISTINCT`` to Parquet of the same files, on the cores that there are. One more: a new file of the same form
after a history of so many rows, deduplicated against all of them; that history is put into the table, the
index and the ledger by the classes that a tick uses; with ``--unique`` a column's values are unique in the
table, whose index is made by the first of three files, and the quickest counts. Large: a file of so many
megabytes, each in a project of its own; without a number 2,000. The rows of the text as Parquet are a single
row group.

Tick: all that ``fullprocess.py`` does when a file of so many megabytes arrives where a model is live, and
with ``--retrain`` again when challengers are asked for: by step, in seconds, with the peak memory of all.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
REGIONS = np.array(["north", "south", "east", "west", "centre"])
PLANS = np.array(["basic", "plus", "pro", "team", "school", "trial", "legacy", "none yet"])
#: Rows of a large file that are drawn at a time.
LARGE_STEP = 100_000
HEADER = "customer,age,income,spend,visits,score,region,plan,joined,left\n"

#: Run in the child: take everything in, and say how long it took without the imports.
DRIVE = """
import json, sys, time
sys.path.insert(0, {root!r})
import ingestion, duckdb, deltalake, sqlalchemy
import pandas  # pyarrow imports it with the first array that it makes
import pyarrow.csv, pyarrow.parquet, pyarrow.dataset, pyarrow.compute
from pathlib import Path
from typing import Any
from vigil.console import Console
from vigil.project import Project
from vigil.run import begun
project = Project(Path("config.json"), console=Console(quiet=True))
project.ledger
begun_at = time.perf_counter()
with project.locked(), begun(project, "bench") as run:
    arrivals = ingestion.run(project, run=run.number)
print(json.dumps([time.perf_counter() - begun_at, sum(a.accepted for a in arrivals)]))
"""

#: Run in the child: one whole tick; say how long each of its steps took.
TICK = """
import json, sys, time
sys.path.insert(0, {root!r})
import fullprocess
from pathlib import Path
from vigil.console import Console
from vigil.project import Project
project = Project(Path("config.json"), console=Console(quiet=True))
begun_at = time.perf_counter()
found = fullprocess.tick(project, force={force})
took = time.perf_counter() - begun_at
steps = project.ledger.runs.get(found["run"])["steps"]
outcomes = [f"{{row['kind']}}: {{row['outcome']}}" for row in found["decisions"]]
print(json.dumps([took, [sum(file["accepted"] for file in found["files"]), steps, outcomes]]))
"""

PEER = """
import json, os, time, duckdb
connection = duckdb.connect()
connection.execute(f"SET threads = {len(os.sched_getaffinity(0))}")
begun_at = time.perf_counter()
connection.execute(
    "COPY (SELECT DISTINCT * FROM read_csv('arriving/*.csv')) TO 'peer.parquet'"
    " (FORMAT parquet, COMPRESSION zstd)"
)
print(json.dumps([time.perf_counter() - begun_at, 0]))
"""


def main() -> None:
    """Measure, and print one figure a line."""
    options = command_line().parse_args()
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        if options.files:
            many_files(Path(scratch) / "many", options.files, options.rows)
        if options.history:
            histories = [int(rows) for rows in options.history.split(",")]
            one_more(Path(scratch) / "more", histories, unique=options.unique)
        for megabytes in filter(None, options.large.split(",")):
            large(Path(scratch) / f"large-{megabytes}", int(megabytes), parquet=options.parquet)
        for megabytes in filter(None, options.tick.split(",")):
            whole_tick(Path(scratch) / f"tick-{megabytes}", int(megabytes), retrain=options.retrain)


def many_files(folder: Path, files: int, rows: int) -> None:
    """Print what many files cost, and what DuckDB takes for the same."""
    lay_out(folder)
    for number in range(files):
        write_file(folder / "arriving" / f"f-{number:05}.csv", number, rows)
    peer = min(timed(folder, PEER) for _ in range(3))
    ours = timed(folder, DRIVE)
    assert ours[2] == files * rows, ours
    print(
        f"{files:,} files x {rows:,} rows x 10 columns: {ours[0]:.1f} s, peak {ours[1]:,.0f} MB;"
        f" duckdb {peer[0]:.1f} s, peak {peer[1]:,.0f} MB; {ours[0] / peer[0]:.2f} x"
    )


def one_more(folder: Path, histories: list[int], *, unique: bool) -> None:
    """Print what a new file of 10,000 rows costs after each history, of ``unique`` customers or not."""
    costs = []
    for place, history in enumerate(histories):
        here = folder / str(place)
        lay_out(here)
        write_file(here / "arriving" / "f.csv", 0, 10_000)
        timed(here, DRIVE)
        if unique:
            ask_unique(here)
        remember(here, history)
        found = []
        for number in range(3):
            write_file(here / "arriving" / f"g-{number}.csv", 900_000 + number, 10_000)
            found.append(timed(here, DRIVE)[0])
        costs.append(min(found))
        rows = "10,000 new rows" + (" of unique customers" if unique else "")
        print(f"{rows} after {history:,}: {costs[-1]:.2f} s ({costs[-1] / costs[0]:.2f} x the first)")


def ask_unique(folder: Path) -> None:
    """Let the contract say that customers are unique in the whole table."""
    path = folder / "ingested" / "contract.json"
    contract = json.loads(path.read_text())
    contract["columns"][0]["unique"] = True
    path.write_text(json.dumps(contract))


def remember(folder: Path, history: int) -> None:
    """Put so many rows into a project's table, index and ledger as a tick would, but without files."""
    import pyarrow as pa

    from vigil import profiles
    from vigil.console import Console
    from vigil.project import Project
    from vigil.records import BATCH_COLUMN, HASH_COLUMN, LINE_COLUMN, ORDER_COLUMN, Batch
    from vigil.table import hashing

    project = Project(folder / "config.json", console=Console(quiet=True))
    columns = project.contract().kept
    types = {"number": pa.float64(), "date": pa.timestamp("us")}
    size = min(history, 1_000_000)
    for order in range(2, 2 + history // size):
        drawn = customers(order, size)
        cells = {c.name: drawn.column(c.name).cast(types.get(c.kind, pa.string())) for c in columns}
        cells["joined"] = cells["joined"].cast(pa.timestamp("us", "UTC"))
        table = pa.table(cells)
        hashes = hashing.row_hashes(table, table.column_names)
        name = f"history-{order}"
        batch = Batch(name, order, name, name, name, size, size, 0, 0, 1)
        made = profiles.profile(table.slice(0, 10_000), columns).to_json()
        for title, values in {
            BATCH_COLUMN: pa.repeat(name, size),
            ORDER_COLUMN: pa.repeat(pa.scalar(order, pa.int64()), size),
            LINE_COLUMN: pa.array(np.arange(size) + 2),
            HASH_COLUMN: hashing.to_column(hashes),
        }.items():
            table = table.append_column(title, values)
        project.ledger.batches.announce([(batch, made)], run=1)
        project.seen.add(hashes, project.table.append(table, [name]))
        project.ledger.batches.settle([name])
    project.close()


def large(folder: Path, megabytes: int, *, parquet: bool) -> None:
    """Print the time and the peak memory of one large file, of so many megabytes as text."""
    lay_out(folder)
    path = folder / "arriving" / "large.csv"
    rows = write_large(path, megabytes)
    said = f"{path.stat().st_size / 1e6:,.0f} MB"
    if parquet:
        path.unlink()
        path = path.with_suffix(".parquet")
        write_group(path, rows)
        said += f" as Parquet of {path.stat().st_size / 1e6:,.0f} MB"
    found = timed(folder, DRIVE)
    print(f"one file of {said}, {found[2]:,.0f} rows: {found[0]:.1f} s, peak {found[1]:,.0f} MB", flush=True)


def write_large(path: Path, megabytes: int) -> int:
    """Write customers until the file has so many megabytes; return how many."""
    for number in range(10_000):
        write_file(path, number, LARGE_STEP, more=number > 0)
        if path.stat().st_size >= megabytes * 1_000_000:
            break
    return LARGE_STEP * (number + 1)


def write_group(path: Path, rows: int) -> None:
    """Write the same customers as one row group of a Parquet file."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetWriter(path, customers(0, 1).schema) as writer:
        for number in range(rows // LARGE_STEP):
            for batch in customers(number, LARGE_STEP).to_batches():
                writer.write_batch(batch, row_group_size=rows)


def whole_tick(folder: Path, megabytes: int, *, retrain: bool) -> None:
    """Print what each step of a tick takes of one large file, and of challengers on it."""
    lay_out(folder)
    write_file(folder / "arriving" / "a.csv", 1_000_000, 20_000)
    timed(folder, TICK.format(root=str(ROOT), force=False))
    path = folder / "arriving" / "large.csv"
    rows = write_large(path, megabytes)
    print(f"a tick with one file of {path.stat().st_size / 1e6:,.0f} MB, {rows:,} rows:", flush=True)
    for name, force in (("scored", False), ("challengers too", True))[: 1 + retrain]:
        seconds, peak, (_, steps, outcomes) = timed(folder, TICK.format(root=str(ROOT), force=force))
        parts = ", ".join(f"{row['step']} {row['seconds']:.1f}" for row in steps)
        print(f"  {name}: {seconds:.1f} s, peak {peak:,.0f} MB ({parts}); {', '.join(outcomes)}", flush=True)


def lay_out(folder: Path) -> None:
    """Write a project without files, its contract to be guessed from the first one."""
    (folder / "arriving").mkdir(parents=True)
    settings = {
        "input_folder_path": "arriving",
        "output_folder_path": "ingested",
        "output_model_path": "models",
        "prod_deployment_path": "production",
        "target": "left",
        "key": "customer",
        "settle_seconds": 0,
    }
    (folder / "config.json").write_text(json.dumps(settings))


def write_file(path: Path, number: int, rows: int, *, more: bool = False) -> None:
    """Write customers, unlike those of every other number."""
    import pyarrow.csv

    table = customers(number, rows)
    with path.open("ab" if more else "wb") as file:
        if not more:
            file.write(HEADER.encode())
        options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed")
        pyarrow.csv.write_csv(table, file, options)


def customers(number: int, rows: int) -> Any:
    """Draw an Arrow table of customers."""
    import pyarrow as pa

    dice = np.random.default_rng(number)
    score = dice.random(rows).round(4)
    days = np.datetime64("2020-01-01") + dice.integers(0, 2000, rows)
    return pa.table(
        {
            "customer": [f"c{number}-{row}" for row in range(rows)],
            "age": dice.integers(18, 90, rows),
            "income": dice.gamma(9, 4_500, rows).round(2),
            "spend": dice.exponential(50, rows).round(2),
            "visits": dice.integers(0, 60, rows),
            "score": score,
            "region": dice.choice(REGIONS, rows),
            "plan": dice.choice(PLANS, rows),
            "joined": days.astype(str),
            "left": (dice.random(rows) < score).astype(int),
        }
    )


def timed(folder: Path, code: str) -> tuple[float, float, Any]:
    """Run a child; return its own seconds, its peak memory in MB, and what it counted."""
    command = [sys.executable, "-c", code.format(root=str(ROOT)) if code is DRIVE else code]
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    together, ended = [0], threading.Event()
    watcher = threading.Thread(target=watch, args=(child.pid, together, ended))
    watcher.start()
    told = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    ended.set()
    watcher.join()
    if status:
        raise SystemExit(f"a child ended with {status}")
    seconds, counted = json.loads(told.splitlines()[-1])
    return seconds, max(usage.ru_maxrss / 1024, max(together) / 1e6), counted


def watch(pid: int, together: list[int], ended: threading.Event) -> None:
    """Keep in `together` the bytes in memory of a process and those that it starts, four times a second."""
    while not ended.wait(0.25):
        together.append(resident(pid))


def resident(pid: int) -> int:
    """Return the bytes in memory of a process and of those that its main thread has started."""
    folder = Path(f"/proc/{pid}")
    try:
        pages = int((folder / "statm").read_text().split()[1])
        children = (folder / f"task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return 0  # it has ended
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident(int(one)) for one in children)


def command_line() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--files", type=int, default=50, help="how many files at once (50); 0 leaves this out"
    )
    parser.add_argument("--rows", type=int, default=10_000, help="rows of each of them (10,000)")
    parser.add_argument(
        "--history", default="", help="rows in the table before one more file; several separated by commas"
    )
    parser.add_argument(
        "--unique", action="store_true", help="with --history: with a column that is unique in the table"
    )
    parser.add_argument(
        "--large",
        nargs="?",
        const="2000",
        default="",
        metavar="MB",
        help="one large file (2,000); or sizes, by comma",
    )
    parser.add_argument(
        "--tick",
        nargs="?",
        const="500",
        default="",
        metavar="MB",
        help="a whole tick with it (500); or sizes, by comma",
    )
    parser.add_argument("--retrain", action="store_true", help="with --tick: train on it as well")
    parser.add_argument("--parquet", action="store_true", help="with --large: as Parquet")
    parser.add_argument("--scratch", help="where to write; some gigabytes at full size")
    return parser


if __name__ == "__main__":
    main()
