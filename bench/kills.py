"""Kill a tick at every write to the disk; the next tick ends where an undisturbed one would have.

    python -m bench.kills [--points N] [--processes N] [--postgresql]

Three stories: a first tick, up to the first release; a tick that quarantines, refuses, sees a duplicate,
raises an alarm, retrains and promotes; and one that writes a report, the service included that it asks. The
kill is SIGKILL from outside, before the N-th system call that changes a file or a folder of the project,
counted over all threads and processes; with ``--postgresql``, for a ledger in a server of its own, also
before each that sends something to it. Compared are the table's rows, the ledger (times and run numbers
aside), the pointer, the bundles, quarantine and the files for people. Prints the share of points with the
same end state (to be 100 %), and fails when there is another one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests import postgres  # noqa: E402  (found by the path above)
from tests.crash import tracing, world  # noqa: E402

HERE = ROOT / "tests" / "crash"


def main() -> int:
    """Read the command line, tell both stories, and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, default=0, help="writes to try in all; 0 tries every one")
    parser.add_argument("--processes", type=int, default=2, help="how many points are tried at a time")
    parser.add_argument(
        "--postgresql", action="store_true", help="keep the ledger on a PostgreSQL of its own"
    )
    options = parser.parse_args()
    if reason := tracing.unsupported() or (options.postgresql and postgres.missing()):
        print(f"nothing tried: {reason}")
        return 1
    with contextlib.ExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory(prefix="vigil-kills-"))
        server = held.enter_context(postgres.server()) if options.postgresql else None
        stories = prepared(Path(folder), server)
        found = [
            told(story, made, share(story, options.points), options.processes)
            for story, made in stories.items()
        ]
    tried = [point for points in found for point in points]
    same = sum(not point["differences"] for point in tried)
    where = "PostgreSQL" if options.postgresql else "SQLite"
    print(f"ledger on {where}: points tried {len(tried)}, same end state {same} ({same / len(tried):.1%})")
    left = sum(bool(point["litter"]) for point in tried)
    print(f"points after which a file written aside is left over: {left}")
    return int(same < len(tried))


def share(story: str, points: int) -> int:
    """Return how many points a story gets: most go to the ticks that decide; 0 means every one."""
    return max(1, points * {"first": 2, "second": 3, "report": 1}[story] // 6) if points else 0


def prepared(folder: Path, server: postgres.Server | None) -> dict[str, Path]:
    """Make the worlds of the stories; all but the first have a live release."""
    stories = {story: folder / story for story in ("first", "second", "report")}
    for story, made in stories.items():
        world.make(made, **({"ledger": server.url(server.create())} if server else {}))
        if story != "first":
            config = made / "project" / "config.json"
            command = [sys.executable, HERE / "tick.py", config, "--folder", made / "first"]
            subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return stories


def told(story: str, made: Path, count: int, processes: int) -> list[dict[str, Any]]:
    """Try the points of one story, shared among processes, and print a summary of it."""
    with ThreadPoolExecutor(processes) as pool:
        parts = pool.map(lambda part: _part(story, made, count, part, processes), range(processes))
        answers = [answer for part in parts for answer in part]
    points = [answer for answer in answers if answer.get("killed")]
    calls = Counter(point["call"].split()[0] for point in points)
    writes = next(len(answer["calls"]) for answer in answers if "calls" in answer)
    kinds = ", ".join(f"{name} {number}" for name, number in calls.most_common())
    print(f"{story}: {writes} writes, killed before {len(points)}: {kinds}")
    for point in points:
        for line in point["differences"]:
            print(f"  write {point['point']}, {point['call']}: {line[:400]}")
    return points


def _part(story: str, made: Path, count: int, part: int, parts: int) -> list[dict[str, Any]]:
    """Let one process try its share of a story's points."""
    scratch = made / f"scratch-{part}"
    command = [sys.executable, HERE / "driver.py", made, scratch, story, count, part, parts]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    shutil.rmtree(scratch, ignore_errors=True)
    if done.returncode:
        raise SystemExit(f"{story}, part {part}: {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


if __name__ == "__main__":
    sys.exit(main())
