"""The prediction log: answers are handed over in microseconds and are on the disk in half a second.

Many are written before that, so that their cells' memory is used again while the processor still has it.
Few are encoded as they come: thousands of them, encoded later, would hold up the requests of that moment.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from vigil.predictions import record, segments
from vigil.predictions.record import Answered

#: A kill loses what was answered since the last flush: less than a second.
FLUSH_SECONDS = 0.5
#: Rows of one answer up to which it is encoded as it comes; rows from which all are written at once.
FEW, MANY = 8, 4_000
#: Rows that may wait for the disk.
MOST_WAITING = 100_000

_log = logging.getLogger(__name__)


class PredictionLog:
    """Writes answers into a folder from a thread of its own, begun with the first answer.

    It never holds a request up and never grows without bound: answers beyond ``MOST_WAITING`` rows in
    memory or ``most_bytes`` of uncollected segments are dropped, counted, and the count written down.
    """

    def __init__(self, folder: Path, *, hashed: bool = False, most_bytes: int = 2**30) -> None:
        self._folder = folder
        self._hashed = hashed
        self._most_bytes = most_bytes
        self._segments = segments.Segments(folder)
        self._waiting: deque[Answered | bytes] = deque()
        self._lock = threading.Lock()
        self._rows = self._unsynced = 0
        self._unsaid = self._held = 0
        self._look_at = 0.0
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """The rows that are not on the disk yet."""
        return self._rows + self._unsynced

    def add(self, answered: Answered) -> None:
        """Hand an answer over."""
        count = len(answered.rows)
        handed = record.encoded(answered, hashed=self._hashed) if count <= FEW else answered
        with self._lock:
            if self._rows + count > MOST_WAITING:
                self._drop(count)
                return
            self._rows += count
            self._waiting.append(handed)
            if self._rows >= MANY:
                self._wake.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="prediction-log", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Write down what waits, and leave the segment to be collected."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        due = time.monotonic() + FLUSH_SECONDS
        while not self._stop.is_set():
            self._wake.wait(max(0.0, due - time.monotonic()))
            self._wake.clear()
            self._write()
            if time.monotonic() >= due or self._segments.is_full:
                self._sync()
                due = time.monotonic() + FLUSH_SECONDS
        self._write()
        self._sync()
        self._segments.close()

    def _write(self) -> None:
        """Write what waits; what cannot be written is counted, and said with the next that can."""
        with self._lock:
            answers, self._waiting = self._waiting, deque()
            rows, unsaid = self._rows, self._unsaid if answers else 0
        try:
            if answers and self._is_full():
                raise OSError("the log of predictions is full until a tick collects it")
            if answers:
                self._segments.write(self._encoded(answers, unsaid))
        except Exception as error:  # this thread is the only one that writes: it outlives whatever comes
            _log.error("%s answers were not written down: %s", rows, error)
            with self._lock:
                self._drop(rows)
        else:
            with self._lock:
                self._unsaid -= unsaid
                self._unsynced += rows
        finally:
            with self._lock:
                self._rows -= rows

    def _sync(self) -> None:
        """Bring what was written to the disk, or count it as dropped."""
        try:
            self._segments.sync()
        except OSError as error:
            _log.error("%s answers were not written down: %s", self._unsynced, error)
            with self._lock:
                self._drop(self._unsynced)
        self._unsynced = 0

    def _encoded(self, answers: deque[Answered | bytes], unsaid: int) -> Iterator[bytes]:
        """Yield answers as they are stored, forgetting each, and what was dropped before them."""
        while answers:
            answer = answers.popleft()
            yield answer if isinstance(answer, bytes) else record.encoded(answer, hashed=self._hashed)
        if unsaid:
            yield record.dropped(unsaid, time.time())

    def _is_full(self) -> bool:
        """Tell whether too much waits to be collected; to look at every write would cost as much as it."""
        now = time.monotonic()
        if now >= self._look_at or self._held >= self._most_bytes:
            self._look_at, self._held = now + FLUSH_SECONDS, segments.size(self._folder)
        return self._held >= self._most_bytes

    def _drop(self, rows: int) -> None:
        self.dropped += rows
        self._unsaid += rows
