"""What every command has in common: ``--config``, errors in words, exit codes."""

from __future__ import annotations

import argparse
import atexit
import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vigil.console import USUAL, Console, runnable
from vigil.errors import VigilError
from vigil.project import Project

Action = Callable[[Project, argparse.Namespace], int | None]

#: New objects after which a command looks for unreachable ones.
_OBJECTS = 10_000


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every command takes."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--config", default="config.json", metavar="PATH", help="the project's config file")
    return made


def perform(action: Action, options: argparse.Namespace) -> int:
    """Open the project, act, and return the exit code; a fault is one message on stderr."""
    with seldom_collected():
        return guarded(lambda: _with_project(action, options), Path(options.config))


@contextmanager
def seldom_collected(objects: int = _OBJECTS) -> Iterator[None]:
    """Look for unreachable objects only after so many new ones, and not at all when the process ends.

    A command mostly makes what stays, modules above all, and each look is at everything. What is left at the
    end goes with the process: Python would look through it twice before.
    """
    before = gc.get_threshold()
    gc.set_threshold(objects, *before[1:])
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def guarded(act: Callable[[], int | None], config: Path = USUAL) -> int:
    """Run `act`; print what a person can do about a fault instead of a traceback."""
    try:
        return act() or 0
    except VigilError as error:
        print(runnable(str(error), config), file=sys.stderr if error.exit_code else sys.stdout)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read the output has gone, as with "| head": what is left to say goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"{place}{error.strerror or error}. The next tick tries again.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the next tick takes up the work.", file=sys.stderr)
        return 130


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def _with_project(action: Action, options: argparse.Namespace) -> int | None:
    console = Console(quiet=bool(getattr(options, "json", False)), config=Path(options.config))
    project = Project(Path(options.config), console=console)
    try:
        return action(project, options)
    finally:
        project.close()
