"""A project of its own for each replayed policy, and the ticks that it lives through."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vigil import contract as contracts
from vigil.batches import edits
from vigil.command import seldom_collected
from vigil.config import FOLDERS
from vigil.console import Console
from vigil.project import Project
from vigil.records import Contract
from vigil.storage import durable

Tick = Callable[..., dict[str, Any]]

#: Where a scratch project keeps things, whatever the real one's folders are called.
OWN: dict[str, Any] = {
    **FOLDERS,
    "ledger": "sqlite:///ledger.db",
    "settle_seconds": 0,
    "packages": False,
    "alerts": {},
    "storage": None,
}

#: Settings that speak of columns, and so of one data set.
OF_COLUMNS = ("positive", "key", "time", "ignore", "task", "metric", "slices", "sensitive", "test_data_path")

#: Scratch projects are kept in memory when it has so many times the room that they ask for.
_PLENTY = 4

#: New objects after which unreachable ones are looked for: ticks in one process leave few.
_OBJECTS = 100_000

#: The clock of a replay: the first tick's time, and the time from one tick to the next.
_BEGINS, _APART = datetime(2000, 1, 1, tzinfo=UTC), timedelta(minutes=10)


def settings(project: Project, **changes: Any) -> dict[str, Any]:
    """Return a project's own settings as those of a scratch project, with some changed."""
    found: dict[str, Any] = json.loads(project.config_path.read_text(encoding="utf-8-sig"))
    if project.test_data:
        found["test_data_path"] = str(project.test_data.absolute())
    return {**found, **OWN, **changes}


def make(root: Path, chosen: dict[str, Any], contract: Contract | None) -> Path:
    """Make a scratch project and return its config; without a contract, the first file gives one."""
    (root / OWN["input_folder_path"]).mkdir(parents=True)
    if contract is not None:
        contracts.save(contract, root / OWN["output_folder_path"])
        # It holds where an old config says otherwise, which a new project would be asked about.
        chosen = {name: value for name, value in chosen.items() if name not in edits.SHAPING}
    config = root / "config.json"
    config.write_text(json.dumps(chosen, ensure_ascii=False), encoding="utf-8")
    return config


def live_through(tick: Tick, config: Path, files: Sequence[Path], first: int = 1) -> Iterator[float]:
    """Let files arrive one by one, a tick after each; yield the seconds that each tick took.

    ``first`` is the number of the first of them, from 1. All state is on disk, so that the next
    call, in whichever process, goes on where this one stops.
    """
    clock = _Clock()
    # One project for all ticks: what is opened and prepared once need not be opened each time.
    project = Project(config, clock=clock, console=Console(quiet=True))
    try:
        with seldom_collected(_OBJECTS):
            for number, file in enumerate(files, start=first):
                clock.number = number
                durable.link_or_copy(file, project.input / file.name)
                begun = time.perf_counter()
                tick(project, report=False)
                yield time.perf_counter() - begun
    finally:
        project.close()


class _Clock:
    """The time of the tick that is under way, by its number."""

    number = 0

    def __call__(self) -> datetime:
        return _BEGINS + self.number * _APART


@contextmanager
def room(beside: Path, size: int) -> Iterator[Path]:
    """Lend a folder for scratch projects that take ``size`` bytes, and clear it away.

    In memory where there is plenty, since nothing of it has to outlive the machine; else beside the results.
    """
    memory = Path("/dev/shm")  # noqa: S108 — mkdtemp makes a private folder there
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > _PLENTY * size
    with tempfile.TemporaryDirectory(prefix=".replay-", dir=memory if roomy else beside) as folder:
        yield Path(folder)


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder; 0 when there is nothing."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
