"""Ticks that the service starts: child processes, so that training never lives in the server."""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)

#: Seconds from one look at whether ticks go on to the next.
WATCHED_EVERY = 300.0


class Ticks:
    """Starts a tick every few minutes as a child process, never two at a time."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._command = command
        self._folder = folder
        self._scheduler: Any = None
        self._child: subprocess.Popen[str] | None = None

    def start(self, *, minutes: int) -> None:
        """Run one tick at once and one every `minutes`; ticks that were missed become one."""
        from apscheduler.schedulers.background import BackgroundScheduler

        self._scheduler = BackgroundScheduler(timezone="UTC")
        settings = {"minutes": minutes, "next_run_time": datetime.now(UTC)}
        self._scheduler.add_job(self._tick, "interval", coalesce=True, max_instances=1, **settings)
        self._scheduler.start()

    def stop(self) -> None:
        """Start no more, and end the one at work: the next tick takes up what it left."""
        if self._scheduler is None:
            return
        self._scheduler.shutdown(wait=False)
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()

    def _tick(self) -> None:
        """Run one tick and pass its words on to the log."""
        pipe = subprocess.PIPE
        with subprocess.Popen(  # noqa: S603  (our own file, by our own interpreter)
            self._command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT,
            text=True, errors="replace",
        ) as self._child:  # fmt: skip
            for line in self._child.stdout or ():
                _log.info("tick: %s", line.rstrip())
        if self._child.returncode:
            _log.warning("the tick ended with status %s", self._child.returncode)


class Watch:
    """Looks every few minutes, in a child process, whether ticks go on: what starts them may have stopped."""

    def __init__(self, command: Sequence[str], folder: Path, every: float = WATCHED_EVERY) -> None:
        self._command = command
        self._folder = folder
        self._every = every
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to look, the first time after one interval."""
        threading.Thread(target=self._go_on, daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def _go_on(self) -> None:
        while not self._stopped.wait(self._every):
            try:
                ended = subprocess.run(  # noqa: S603  (our own file, by our own interpreter)
                    self._command, cwd=self._folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                    errors="replace", timeout=WATCHED_EVERY, check=False,
                )  # fmt: skip
            except (OSError, subprocess.TimeoutExpired) as error:
                _log.warning("the watch over ticks did not end well: %s", error)
                continue
            if ended.returncode:
                _log.warning("watch: %s", ended.stderr.strip())
