"""Kills a tick at given writes, lets the next tick heal it, and compares with an undisturbed one.

    python driver.py WORLD SCRATCH STORY COUNT

WORLD has ``project/`` as it stands before; STORY is a name of `stories.story`, a tick or a command. COUNT
writes are chosen; with ``-`` the numbers of the writes come on stdin, one a line. The first line of the
answer is about the undisturbed story, each further one about a point, as JSON. Everything heavy is imported
once and each act is a fork: a point costs a tick and not an interpreter.
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

from tests.crash import stories, tracing, world  # noqa: E402  (found by the path above)

_IMPORTED_LATE = (
    "alembic.command", "deltalake.transaction", "pandas", "pyarrow.dataset", "pyarrow.parquet", "scipy.stats",
    "skops.io", "sklearn.ensemble", "sklearn.linear_model", "deployment", "diagnostics", "ingestion",
    "reporting", "scoring", "training", "upkeep", "vigil.keeping.erasure",
)  # fmt: skip


def main() -> None:
    """Try every point that was asked for."""
    made, scratch, name, count = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    _import_everything()
    trial = Trial(made, scratch, name)
    print(json.dumps({"calls": trial.calls}), flush=True)
    points = map(int, sys.stdin) if count == "-" else chosen(trial.calls, int(count))
    for point in points:
        print(json.dumps(trial.at(point)), flush=True)


def chosen(calls: list[str], count: int) -> list[int]:
    """Return which writes to be killed before: around each new name, and evenly spread over the rest.

    A file or a table's version comes into being by a rename or a link, an object by what is sent.
    """
    names = [place for place, call in enumerate(calls, 1) if call.startswith(("rename", "link", "send"))]
    points = {*names, *(place + 1 for place in names)}
    points = set(sorted(points)[:: max(1, 2 * len(points) // count)])
    rest = [place for place in range(1, len(calls) + 1) if place not in points]
    more = max(0, count - len(points))
    return sorted(points | {rest[turn * len(rest) // more] for turn in range(more)})


class Trial:
    """One story, told undisturbed at first, and then as often as it is cut off."""

    def __init__(self, made: Path, scratch: Path, name: str) -> None:
        self._start = made / "project"
        self._project = scratch / "project"
        self._said = scratch / "said"
        self._story = stories.story(name, made)
        self._is_command = name in stories.COMMANDS
        self._settings = json.loads((self._start / "config.json").read_text())
        self._sqlite = self._settings.get("ledger", "sqlite:").startswith("sqlite:")
        self._sent = not self._sqlite or "storage" in self._settings
        self._fresh()
        told = self._done(self._story.act)
        if told.exit_code != 0:
            raise SystemExit(f"undisturbed it failed: {self._said.read_text()}")
        self.calls = told.calls
        if self._is_command:  # what heals it ends with a tick
            self._done(self._story.heal)
        self._expected = self._state()

    def at(self, point: int) -> dict[str, Any]:
        """Cut the story off before one write, heal it, and say what differs at the end."""
        self._fresh()
        cut = self._done(self._story.act, kill_at=point)
        healed = self._done(self._story.heal)
        found = self._state() if healed.exit_code == 0 else None
        wrong = [f"what heals it failed: {self._said.read_text()[-1500:]}"] if found is None else []
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
        changes = {}
        if not self._sqlite:
            name = f"copy{os.getpid()}"
            changes["ledger"] = _answered(lambda: world.copy_database(self._settings["ledger"], name))
        if "storage" in self._settings:
            changes["storage"] = f"{self._settings['storage']}-{os.getpid()}"
        if changes:
            (self._project / "config.json").write_text(json.dumps(self._settings | changes))
        if "storage" in changes:
            _answered(lambda: world.keep_anew(self._project))

    def _done(self, act: Callable[[Path], object], kill_at: int | None = None) -> tracing.Outcome:
        def aloud() -> None:
            with self._said.open("w") as said:
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
            act(self._project / "config.json")

        return tracing.run(aloud, root=self._project, kill_at=kill_at, sent=self._sent)

    def _state(self) -> dict[str, Any]:
        """Read the state in a child too: this process is to stay as it was when it was started."""
        found: dict[str, Any] = _answered(lambda: world.state(self._project))
        if "storage" in self._settings:
            found["elsewhere"] = _answered(lambda: world.elsewhere(self._project))
        if self._story.report or self._is_command:
            # A run that was cut off has news of its own, whose report is one more.
            del found["ledger"]["runs to report"]
        return found


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
