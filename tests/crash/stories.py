"""What is cut off, from which state of a project, and what is done next to heal it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import Any

from tests.crash import world
from vigil.errors import Busy

HERE = Path(__file__).parent
#: The fault of the batch in which the target has turned round, and a customer who is in the first file.
FAULT, CUSTOMER = "3-flipped_labels-0b1b", "c7"
#: States of a project, each made from the one before: what makes it.
STATES = ("fresh", "deployed", "decided", "fixed")


@dataclass(frozen=True)
class Story:
    """``start`` is one of STATES; ``act`` is killed, ``heal`` follows."""

    start: str
    act: Callable[[Path], object]
    heal: Callable[[Path], object]
    report: bool = False
    settings: tuple[tuple[str, Any], ...] = ()


def tick(config: Path, folder: Path | None = None, *, report: bool = False) -> None:
    """Run a tick; a report is asked of a service that is started for it, and ends with it."""
    import fullprocess
    from vigil.project import Project

    project = Project(config)
    try:
        for patience in (0.5, 1, 2, 4, None):
            # A database may need a moment to see that the run before it was killed, and to let its lock go.
            try:
                fullprocess.tick(project, folder=folder, report=report)
                return
            except Busy:
                if patience is None:
                    raise
                time.sleep(patience)
    finally:
        project.close()


def settled(kind: str) -> Callable[[Path], None]:
    """Return what ``python diagnostics.py --fix ID --apply`` or ``--undo ID`` does."""

    def act(config: Path) -> None:
        import diagnostics
        from vigil import repairing
        from vigil.project import Project

        project = Project(config)
        told = {"fix": None, "undo": None, "dismiss": None, "apply": True, kind: FAULT}
        try:
            repairing.settle(project, Namespace(**told), diagnostics.run)
        finally:
            project.close()

    return act


def kept_up(**asked: Any) -> Callable[[Path], None]:
    """Return what ``python upkeep.py`` does with some options."""

    def act(config: Path) -> None:
        import upkeep
        from vigil.project import Project

        told = {"backup": None, "export": None, "erase": None, **asked}
        if told["backup"]:
            told["backup"] = str(config.parent / told["backup"])
        project = Project(config)
        try:
            upkeep.command(project, Namespace(**told))
        finally:
            project.close()

    return act


def again(act: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return the same command and then a tick; a command that finds nothing left to do says so."""

    def heal(config: Path) -> None:
        from vigil.errors import VigilError

        with contextlib.suppress(VigilError):
            act(config)
        tick(config)

    return heal


def _once_more(kind: str) -> Story:
    act = settled(kind)
    return Story("decided" if kind == "fix" else "fixed", act, again(act))


def _upkeep(**asked: Any) -> Story:
    act = kept_up(**asked)
    settings = (("retention", {"compact_files": 2}),)
    return Story("decided", act, again(act), settings=settings)


#: Commands that a person gives, beside the three ticks.
COMMANDS = {
    "fix": _once_more("fix"),
    "undo": _once_more("undo"),
    "erase": _upkeep(erase=[CUSTOMER]),
    "compact": _upkeep(),
    "backup": _upkeep(backup="copy.tar"),
}


def ticks(made: Path) -> dict[str, Story]:
    """Return the three ticks, with files that arrive in a world's folders."""
    first, second = partial(tick, folder=made / "first"), tick
    report = partial(tick, folder=made / "first", report=True)
    return {
        "first": Story("fresh", first, first),
        "second": Story("deployed", second, second),
        "report": Story("deployed", report, report, report=True),
    }


def story(name: str, made: Path) -> Story:
    """Return a story of a world by its name."""
    return {**ticks(made), **COMMANDS}[name]


def make(folder: Path, names: Iterable[str], **settings: Any) -> dict[str, Path]:
    """Make the worlds of some stories, each with ``project/`` as it stands before; return their folders.

    ``settings`` are added to each config. On PostgreSQL a story has a database of its own: see `bench.kills`.
    """
    wanted = {name: story(name, folder / "world") for name in names}
    states = _states(folder / "world", max(STATES.index(one.start) for one in wanted.values()), **settings)
    made = {}
    for name, one in wanted.items():
        made[name] = folder / name
        for part in ("first", "arriving"):
            made[name].mkdir(exist_ok=True)
            (made[name] / part).symlink_to(folder / "world" / part)
        copytree(states[one.start], made[name] / "project")
        world.configure(
            made[name] / "project", folder / "world" / "arriving", **settings, **dict(one.settings)
        )
    return made


def _states(folder: Path, last: int, **settings: Any) -> dict[str, Path]:
    """Make a world, and its project in every state up to the last one wanted."""
    config = world.make(folder, **settings)
    steps: list[Callable[[], object]] = [
        lambda: None,
        lambda: _run(config, "--folder", folder / "first"),
        lambda: _run(config),
        lambda: _fixed(config),
    ]
    found = {}
    for state, step in list(zip(STATES, steps, strict=True))[: last + 1]:
        step()
        found[state] = folder / f"as-{state}"
        copytree(config.parent, found[state])
    return found


def _run(config: Path, *options: object) -> None:
    command = [sys.executable, HERE / "tick.py", config, *options]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)


def _fixed(config: Path) -> None:
    command = [
        sys.executable,
        HERE.parents[1] / "diagnostics.py",
        "--config",
        config,
        "--fix",
        FAULT,
        "--apply",
    ]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    _run(config)
