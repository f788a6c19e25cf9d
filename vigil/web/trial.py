"""The release on trial: loaded beside requests and asked beside them, so that it can hold none up."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Full, Queue
from typing import Any

import msgspec

from vigil.bundles import trial
from vigil.bundles.trial import Trial
from vigil.errors import VigilError
from vigil.outcomes import matching
from vigil.records import Column
from vigil.web.live import Loaded, Stamp, load, stamped
from vigil.web.unasked import Unasked

#: Seconds between two looks at the file, and before a release that cannot be loaded is tried again.
LOOK_SECONDS, RETRY_SECONDS = 0.25, 5.0
#: Requests that may wait for a silent answer; further ones get none, and are counted.
WAITING = 200
#: Seconds without work after which the thread for silent answers ends.
IDLE = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """A trial with its release in memory; ``key`` are the columns that say whom a row is about."""

    about: Trial
    loaded: Loaded
    key: tuple[Column, ...]

    def takes(self, row: Mapping[str, Any]) -> bool:
        """Tell whether a case is the canary's: by its key, else by all of its cells; always the same."""
        name = (matching.of_key(row, self.key) if self.key else None) or msgspec.json.encode(
            sorted(row.items())
        ).decode()
        digest = hashlib.blake2b(f"{self.about.id} {name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") < self.about.share * 2**64


class TrialRelease:
    """Follows the file about the trial; ``current`` never waits for a file or for a release."""

    def __init__(self, production: Path, models: Path, output: Path, beside: Callable[[], Unasked]) -> None:
        self._production = production
        self._models = models
        self._output = output
        self._beside = beside
        self._running: Running | None = None
        self._stamp: Stamp = None
        self._next = 0.0
        self._lock = threading.Lock()

    def current(self) -> Running | None:
        """Return the trial under way, None while there is none or it is not loaded yet."""
        if time.monotonic() >= self._next and self._lock.acquire(blocking=False):
            self._next = time.monotonic() + LOOK_SECONDS
            stamp = stamped(str(self._production / trial.NAME))
            if stamp == self._stamp:
                self._lock.release()
            else:
                self._running = None  # what was tried before is tried no more
                threading.Thread(target=self._look, args=(stamp,), name="trial", daemon=True).start()
        return self._running

    def _look(self, stamp: Stamp) -> None:
        """Load what is tried now, and let go of the lock."""
        try:
            self._running = self._loaded()
            self._stamp = stamp
        except VigilError as error:
            _log.error("the release on trial cannot be loaded: %s", error)
            self._next = time.monotonic() + RETRY_SECONDS
        finally:
            self._lock.release()

    def _loaded(self) -> Running | None:
        from vigil import contract  # late: needed by a trial alone

        about = trial.read(self._production)
        if about is None:
            return None
        found = contract.load(self._output)
        key = tuple(found.by_role("key")) if found else ()
        return Running(about, load(self._models, about.release, self._beside()), key)


class Silent:
    """Does work that no request waits for, in one thread, and drops what would pile up."""

    def __init__(self) -> None:
        self._waiting: Queue[Callable[[], None]] = Queue(WAITING)
        self._lock = threading.Lock()
        self._is_running = False
        self.dropped = 0

    def hand(self, work: Callable[[], None]) -> None:
        """Take work over; it never raises and never waits."""
        try:
            self._waiting.put_nowait(work)
        except Full:
            self.dropped += 1
            return
        with self._lock:
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._work, name="silent-answers", daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                work = self._waiting.get(timeout=IDLE)
            except Empty:
                with self._lock:
                    if self._waiting.empty():
                        self._is_running = False
                        return
                continue
            try:
                work()
            except Exception:  # whatever a challenger does is its own fault alone
                _log.exception("a silent answer failed")


def split(takes: Sequence[bool]) -> tuple[list[int], list[int]]:
    """Return the places of the rows that the live release answers, and of those that the canary does."""
    return [i for i, own in enumerate(takes) if not own], [i for i, own in enumerate(takes) if own]
