"""A tick as the command line runs it, without the report, for tests that need its exit code and words.

    python tick.py CONFIG [--folder F] [--wait] [--patience MS] [--full-at N]

``--wait`` says "at work" under the lock and goes on when a line arrives on stdin. ``--patience`` is how
long a locked ledger is waited for. ``--full-at`` makes the disk full from the N-th write on; the last
line then says how many writes there were.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import fullprocess
from tests.crash import tracing
from vigil.command import guarded
from vigil.ledger import connection
from vigil.project import Project, wall_clock


def main() -> int:
    """Read the command line and run one tick."""
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--wait", action="store_true")
    parser.add_argument("--patience", type=int)
    parser.add_argument("--full-at", type=int)
    options = parser.parse_args()
    if options.patience:
        connection.BUSY_TIMEOUT = options.patience
    if options.full_at is None:
        return guarded(lambda: tick(options))
    outcome = tracing.run(
        lambda: os._exit(_flushed(guarded(lambda: tick(options)))),
        root=options.config.parent,
        full_at=options.full_at,
    )
    print(f"writes: {len(outcome.calls)}")
    return 70 if outcome.exit_code is None else outcome.exit_code


def tick(options: argparse.Namespace) -> None:
    """Run the tick of one project."""
    project = Project(options.config, clock=_Patient() if options.wait else wall_clock)
    try:
        fullprocess.tick(project, folder=options.folder, report=False)
    finally:
        project.close()


class _Patient:
    """A clock that is first asked when the run begins, under the lock, and then waits to be told."""

    def __init__(self) -> None:
        self._told = False

    def __call__(self) -> datetime:
        if not self._told:
            self._told = True
            print("at work", flush=True)
            sys.stdin.readline()
        return wall_clock()


def _flushed(code: int) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    sys.exit(main())
