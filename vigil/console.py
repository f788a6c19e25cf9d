"""What a run says while it works: plain lines in a log, progress bars on a terminal."""

from __future__ import annotations

import getpass
import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TypeVar

Item = TypeVar("Item")

#: Where every command looks for its config, unless it is told otherwise.
USUAL = Path("config.json")

_COMMAND = re.compile(r"\bpython [a-z]+\.py(?: token (?:add|list|revoke))?+(?! --config)")


def runnable(text: str, config: Path) -> str:
    """Return text whose commands can be typed as they stand: with a config that is not the usual one."""
    there = config.absolute()
    if there == USUAL.absolute():
        return text
    near = os.path.relpath(there) if there.is_relative_to(Path.cwd()) else str(there)
    return _COMMAND.sub(lambda found: f"{found[0]} --config {shlex.quote(near)}", text)


def person() -> str:
    """Return how the records call whoever typed the command."""
    return f"{getpass.getuser()} (command line)"


#: What would steer a terminal; a column's values may hold it.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Console:
    """Writes a run's lines; `quiet` (as for ``--json``) drops them.

    With a config, commands in them name it: see `runnable`.
    """

    def __init__(self, stream: IO[str] | None = None, *, quiet: bool = False, config: Path = USUAL) -> None:
        self._stream = stream or sys.stdout
        self._quiet = quiet
        self._config = config

    def say(self, line: str = "") -> None:
        """Write one line at once, so that a log shows how far a run has come."""
        if not self._quiet:
            shown = _CONTROL.sub(lambda found: repr(found[0])[1:-1], runnable(line, self._config))
            code = getattr(self._stream, "encoding", None) or "utf-8"
            print(shown.encode(code, "backslashreplace").decode(code), file=self._stream, flush=True)

    def progress(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """Pass items through, with a bar when a person watches and there is more than one."""
        if self._quiet or total < 2 or not self._stream.isatty():
            yield from items
            return
        from rich.console import Console as Terminal
        from rich.progress import track

        yield from track(items, label, total=total, console=Terminal(file=self._stream), transient=True)
