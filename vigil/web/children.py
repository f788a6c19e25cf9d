"""Work that a page starts: commands handed in by the application, run as child processes."""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Lines of a child's words that are kept for the answer.
KEPT = 50

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command: its exit code (None while it is at work) and its last words."""

    code: int | None
    said: tuple[str, ...]


class Children:
    """Starts each command at most once at a time; training and switching never live in the server."""

    def __init__(self, commands: Mapping[str, Sequence[str]], folder: Path) -> None:
        self._commands = commands
        self._folder = folder
        self._lock = threading.Lock()
        self._running: set[str] = set()

    def start(self, name: str, *arguments: str, patience: float) -> Outcome | None:
        """Run a command with more arguments; return its outcome after `patience` seconds.

        None when it is at work already.
        """
        with self._lock:
            if name in self._running:
                return None
            self._running.add(name)
        said: list[str] = []
        done = threading.Event()
        codes: list[int] = []
        threading.Thread(target=self._run, args=(name, arguments, said, codes, done), daemon=True).start()
        done.wait(patience)
        return Outcome(codes[0] if done.is_set() else None, tuple(said[-KEPT:]))

    def _run(
        self, name: str, arguments: Sequence[str], said: list[str], codes: list[int], done: threading.Event
    ) -> None:
        """Follow one child to its end, and pass its words on to the log."""
        code = -1
        try:
            with subprocess.Popen(  # noqa: S603  (our own file, by our own interpreter)
                [*self._commands[name], *arguments], cwd=self._folder, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            ) as child:  # fmt: skip
                for line in child.stdout or ():
                    said.append(line.rstrip())
                    del said[:-KEPT]
                    _log.info("%s: %s", name, line.rstrip())
            code = child.returncode
        except OSError as error:
            said.append(f"{name} could not be started ({error.strerror}).")
            _log.exception("%s could not be started", name)
        finally:
            with self._lock:
                self._running.discard(name)
            codes.append(code)
            done.set()
