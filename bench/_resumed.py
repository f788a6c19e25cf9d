"""Long measurements in slices: what is measured is kept in a file, and a later run takes up the rest."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Any


class Kept:
    """Results by their names, one JSON line each, appended as soon as they are there.

    Without a file they live as long as the program. After ``minutes`` nothing new is begun: a table then
    holds what there is. A line that was cut off by a kill is measured again.
    """

    def __init__(self, path: Path | None = None, minutes: float | None = None) -> None:
        self.path = path
        self.until = float("inf") if minutes is None else time.monotonic() + 60 * minutes
        self.found: dict[str, Any] = {}
        for line in path.read_text().splitlines() if path and path.exists() else []:
            try:
                self.found.update([json.loads(line)])
            except ValueError:
                continue

    @property
    def late(self) -> bool:
        """Whether it is too late to begin anything new."""
        return time.monotonic() > self.until

    def get(self, name: Iterable[Hashable], measure: Callable[[], Any]) -> Any:
        """Return a result that is kept, else measure it; None when it is too late to begin."""
        key = _key(name)
        if key not in self.found:
            if self.late:
                return None
            self.put(name, measure())
        return self.found[key]

    def known(self, name: Iterable[Hashable]) -> Any:
        """Return a result that is kept, else None."""
        return self.found.get(_key(name))

    def put(self, name: Iterable[Hashable], result: Any) -> None:
        """Keep a result."""
        key = _key(name)
        self.found[key] = result
        if self.path:
            with self.path.open("a") as file:
                file.write(json.dumps([key, result]) + "\n")


def _key(name: Iterable[Hashable]) -> str:
    return " ".join(map(str, name))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--keep`` and ``--minutes``."""
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep results there, and take up the rest")
    parser.add_argument("--minutes", type=float, help="begin nothing new after so many minutes")
