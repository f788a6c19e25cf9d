"""Kill a tick at every write to the disk; the next tick ends where an undisturbed one would have.

    python -m bench.kills [--points N] [--stories NAME ...] [--postgresql | --s3] [--keep FILE] [--minutes N]

Three ticks: a first one, up to the first release; one that quarantines, refuses, sees a duplicate, raises an
alarm, retrains and promotes; and one that writes a report, the service included that it asks. With
``--stories`` also commands, each given again and followed by a tick: a repair (fix) and its undoing (undo),
erasing a key (erase), compaction (compact), a backup (backup).

The kill is SIGKILL from outside, before the N-th system call that changes a file or a folder of the project,
counted over all threads and processes; with ``--postgresql``, or with ``--s3`` for a project in object
storage, also before each that sends something to such a server of its own. A kill keeps what was written and
not synced, so that one right after a sync finds what one before it finds: it is counted and not tried again.
Compared are the table's rows, the ledger (times and run numbers aside), the pointer, the bundles, quarantine
and the files for people; in object storage also that it holds what the folders hold, and what a machine
without them fetches. Fails when an end state is another one. ``--keep`` and ``--minutes`` do a long run in
slices.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import _resumed  # noqa: E402  (found by the path above)
from tests import postgres, s3  # noqa: E402
from tests.crash import driver, stories, tracing  # noqa: E402

HERE = ROOT / "tests" / "crash"
TICKS = ("first", "second", "report")


def main() -> int:
    """Read the command line, tell the stories, and print what was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, default=0, help="writes to try of each; 0 tries every one")
    parser.add_argument("--processes", type=int, default=2, help="how many points are tried at a time")
    parser.add_argument(
        "--stories",
        nargs="+",
        choices=[*TICKS, *stories.COMMANDS],
        default=list(TICKS),
        help="what is killed (ticks)",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--postgresql", action="store_true", help="with a ledger on a PostgreSQL of its own")
    where.add_argument("--s3", action="store_true", help="with everything but the ledger in object storage")
    _resumed.add_options(parser)
    options = parser.parse_args()
    if reason := tracing.unsupported() or (options.postgresql and postgres.missing()):
        print(f"nothing tried: {reason}")
        return 1
    options.where = "PostgreSQL" if options.postgresql else "S3" if options.s3 else "SQLite"
    kept = _resumed.Kept(options.keep, options.minutes)
    with ExitStack() as held:
        worlds = prepared(
            Path(held.enter_context(tempfile.TemporaryDirectory(prefix="vigil-kills-"))), held, options
        )
        found = [told(name, made, kept, options) for name, made in worlds.items()]
    tried = [point for points in found for point in points]
    same = sum(not point["differences"] for point in tried)
    left = sum(bool(point["litter"]) for point in tried)
    share = f" ({same / len(tried):.1%})" if tried else ""
    print(
        f"{options.where}: points tried {len(tried)}, same end state {same}{share}, "
        f"a file written aside left over after {left}"
    )
    return int(same < len(tried))


def prepared(folder: Path, held: ExitStack, options: argparse.Namespace) -> dict[str, Path]:
    """Make the worlds of the stories; with a server each its own, with a database or a bucket of its own."""
    if options.where == "SQLite":
        return stories.make(folder, options.stories)
    server: Any = held.enter_context(postgres.server() if options.postgresql else s3.server())
    made = {}
    for name in options.stories:
        settings = {"ledger": server.url(server.create())} if options.postgresql else server.settings()
        made |= stories.make(folder / f"{name}-made", [name], **settings)
    return made


def told(name: str, made: Path, kept: _resumed.Kept, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Try the points of one story, shared among processes, and print a summary of it."""
    with ExitStack() as held:
        workers = [held.enter_context(Worker(made, name, number)) for number in range(options.processes)]
        *_, calls = [worker.calls() for worker in workers]
        points = driver.chosen(calls, options.points) if options.points else list(range(1, len(calls) + 1))
        again = {
            point for point in points if point > 1 and calls[point - 2].startswith(("fsync", "fdatasync"))
        }
        left = iter([point for point in points if point not in again])
        lock = threading.Lock()
        answers: list[dict[str, Any]] = []

        def work(worker: Worker) -> None:
            while (point := _next(left, lock)) is not None:
                key = (options.where, name, len(calls), point)
                if (answer := kept.get(key, lambda point=point: worker.at(point))) is not None:
                    answers.append(answer)

        with ThreadPoolExecutor(options.processes) as pool:
            list(pool.map(work, workers))
    _print(name, calls, again, sorted(answers, key=lambda answer: int(answer["point"])))
    return answers


def _next(points: Any, lock: threading.Lock) -> int | None:
    with lock:
        return next(points, None)


def _print(name: str, calls: list[str], again: set[int], answers: list[dict[str, Any]]) -> None:
    """Print what a story came to, and where it ended otherwise."""
    killed = [answer for answer in answers if answer["killed"]]
    kinds = Counter(answer["call"].split()[0] for answer in killed)
    listed = ", ".join(f"{kind} {number}" for kind, number in kinds.most_common())
    same = sum(not answer["differences"] for answer in killed)
    print(
        f"{name}: {len(calls)} writes, killed before {len(killed)} ({listed}), same end state {same}; "
        f"{len(again)} more come right after a sync"
    )
    for answer in answers:
        for line in answer["differences"]:
            print(f"  write {answer['point']}, {answer['call']}: {line[:400]}")


class Worker:
    """A process that tries one point after the other."""

    def __init__(self, made: Path, name: str, number: int) -> None:
        scratch = made / f"scratch-{number}"
        scratch.mkdir()
        command = [sys.executable, HERE / "driver.py", made, scratch, name, "-"]
        self._said = (scratch / "stderr").open("w+")
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(
            list(map(str, command)), stdin=pipe, stdout=pipe, stderr=self._said, text=True
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._child.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.close()
        self._child.wait()
        self._said.close()

    def calls(self) -> list[str]:
        """Return the writes of the undisturbed story."""
        calls: list[str] = self._answer()["calls"]
        return calls

    def at(self, point: int) -> dict[str, Any]:
        """Try one point."""
        assert self._child.stdin is not None
        self._child.stdin.write(f"{point}\n")
        self._child.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            self._said.seek(0)
            raise SystemExit(f"a process ended: {self._said.read()[-2000:]}")
        found: dict[str, Any] = json.loads(line)
        return found


if __name__ == "__main__":
    sys.exit(main())
