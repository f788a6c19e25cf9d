"""What a run says while it works: plain lines in a log, progress bars on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import IO, TypeVar

Item = TypeVar("Item")


class Console:
    """Writes a run's lines; `quiet` (as for ``--json``) drops them."""

    def __init__(self, stream: IO[str] | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stdout
        self._quiet = quiet

    def say(self, line: str = "") -> None:
        """Write one line at once, so that a log shows how far a run has come."""
        if not self._quiet:
            print(line, file=self._stream, flush=True)

    def progress(self, items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
        """Pass items through, with a bar when a person watches and there is more than one."""
        if self._quiet or total < 2 or not self._stream.isatty():
            yield from items
            return
        from rich.console import Console as Terminal
        from rich.progress import track

        yield from track(items, label, total=total, console=Terminal(file=self._stream), transient=True)
