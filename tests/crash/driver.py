"""Kills a tick at given writes, lets the next tick heal it, and compares with an undisturbed one.

    python driver.py WORLD SCRATCH STORY COUNT PART PARTS

WORLD is what `world.make` made, with ``project/`` as it stands before the tick. STORY is ``first`` or
``second`` (which folder's files arrive), or ``report`` (nothing arrives, and a report is due). COUNT writes
are chosen (0: every one), and of these each PARTS-th, beginning with PART, so that several processes share
the work. The first line of the answer is about the undisturbed tick, each further one about a point, as JSON.
Everything heavy is imported once and each tick is a fork: a point costs a tick and not an interpreter.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# One thread for linear algebra: a fork must not find a pool of threads half asleep.
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.crash import tracing, world  # noqa: E402  (found by the path above)

_IMPORTED_LATE = (
    "alembic.command", "deltalake.transaction", "pandas", "pyarrow.dataset", "pyarrow.parquet", "scipy.stats",
    "skops.io", "sklearn.ensemble", "sklearn.linear_model", "deployment", "diagnostics", "ingestion",
    "reporting", "scoring", "training",
)  # fmt: skip
_FOLDERS = {"first": "first", "second": None, "report": "first"}


def main() -> None:
    """Try every point that was asked for."""
    made, scratch, story = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    count, part, parts = map(int, sys.argv[4:7])
    _import_everything()
    trial = Trial(made, scratch, story)
    print(json.dumps({"calls": trial.calls}), flush=True)
    for point in chosen(trial.calls, count)[part::parts]:
        print(json.dumps(trial.at(point)), flush=True)


def chosen(calls: list[str], count: int) -> list[int]:
    """Return which writes to be killed before: around each new name, and evenly spread over the rest.

    A file or a table's version comes into being by a rename or a link. ``count`` 0 chooses every write.
    """
    if not count:
        return list(range(1, len(calls) + 1))
    names = [place for place, call in enumerate(calls, 1) if call.startswith(("rename", "link", "send"))]
    points = {*names, *(place + 1 for place in names)}
    points = set(sorted(points)[:: max(1, 2 * len(points) // count)])
    rest = [place for place in range(1, len(calls) + 1) if place not in points]
    more = max(0, count - len(points))
    return sorted(points | {rest[turn * len(rest) // more] for turn in range(more)})


class Trial:
    """One story, told undisturbed at first, and then as often as it is cut off."""

    def __init__(self, made: Path, scratch: Path, story: str) -> None:
        self._start = made / "project"
        self._project = scratch / "project"
        self._said = scratch / "said"
        self._report = story == "report"
        self._folder = made / folder if (folder := _FOLDERS[story]) else None
        settings = json.loads((self._start / "config.json").read_text())
        self._ledger = settings.get("ledger", "sqlite:")
        self._fresh()
        told = self._tick()
        if told.exit_code != 0:
            raise SystemExit(f"the undisturbed tick failed: {self._said.read_text()}")
        self.calls = told.calls
        self._expected = self._state()

    def at(self, point: int) -> dict[str, Any]:
        """Cut a tick off before one write, run the next tick, and say what differs at the end."""
        self._fresh()
        cut = self._tick(kill_at=point)
        healed = self._tick()
        found = self._state() if healed.exit_code == 0 else None
        wrong = [f"the next tick failed: {self._said.read_text()[-1500:]}"] if found is None else []
        return {
            "point": point,
            "call": cut.calls[-1] if cut.killed else "after the end",
            "killed": cut.killed,
            "differences": wrong or world.differences(found, self._expected),
            "litter": world.litter(self._project),
        }

    def _fresh(self) -> None:
        shutil.rmtree(self._project, ignore_errors=True)
        shutil.copytree(self._start, self._project)
        if not self._ledger.startswith("sqlite:"):
            copy = _answered(lambda: world.copy_database(self._ledger, f"copy{os.getppid()}"))
            settings = json.loads((self._start / "config.json").read_text()) | {"ledger": copy}
            (self._project / "config.json").write_text(json.dumps(settings))

    def _tick(self, kill_at: int | None = None) -> tracing.Outcome:
        def act() -> None:
            with self._said.open("w") as said:
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
            tick(self._project / "config.json", self._folder, report=self._report)

        sent = not self._ledger.startswith("sqlite:")
        return tracing.run(act, root=self._project, kill_at=kill_at, sent=sent)

    def _state(self) -> dict[str, Any]:
        """Read the state in a child too: this process is to stay as it was when it was started."""
        found: dict[str, Any] = _answered(lambda: world.state(self._project))
        if self._report:
            # A run that was cut off has news of its own, whose report is one more.
            del found["ledger"]["runs to report"]
        return found


def tick(config: Path, folder: Path | None = None, *, report: bool = False) -> None:
    """Run a tick; a report is asked of a service that is started for it, and ends with it."""
    import fullprocess
    from vigil.project import Project

    project = Project(config)
    try:
        fullprocess.tick(project, folder=folder, report=report)
    finally:
        project.close()


def _answered(ask: Callable[[], Any]) -> Any:
    """Return what `ask` returns in a child."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with open(writing, "w") as file:
            json.dump(ask(), file)
        os._exit(0)
    os.close(writing)
    with open(reading) as file:
        text = file.read()
    os.waitpid(child, 0)
    return json.loads(text)


def _import_everything() -> None:
    """Import what a tick imports late, so that no fork has to."""
    for name in _IMPORTED_LATE:
        importlib.import_module(name)


if __name__ == "__main__":
    main()
