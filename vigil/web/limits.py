"""How often one client may ask: a bucket of permits for each, refilled at a steady rate."""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import struct
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

#: Clients that one process remembers; of more, those that have not asked for longest are forgotten.
REMEMBERED = 10_000

#: Places for clients that several processes share, in sets: a client has its place in one of the sets.
SETS, PLACES = 2_048, 8

_PLACE = struct.Struct("<8sdd")


class Buckets(Protocol):
    """What is left for each client, and since when. Used by whoever holds it, as a context."""

    def __enter__(self) -> object:
        """Keep others out."""

    def __exit__(self, *_: object) -> None:
        """Let them in again."""

    def recall(self, client: str) -> tuple[float, float] | None:
        """Return the permits that were left for a client and when that was, None for a newcomer."""

    def keep(self, client: str, left: float, at: float) -> None:
        """Remember what is left for a client."""


class Limiter:
    """Token buckets by client: `rate` permits a second, `burst` at once; a rate of 0 lets everything pass."""

    def __init__(
        self,
        rate: float,
        burst: float,
        clock: Callable[[], float] = time.monotonic,
        buckets: Buckets | None = None,
    ) -> None:
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._clock = clock
        self._buckets: Buckets = OwnBuckets() if buckets is None else buckets

    def take(self, client: str) -> float:
        """Take one permit; return 0 when there was one, else the seconds until there is."""
        if self._rate <= 0:
            return 0.0
        with self._buckets:
            now = self._clock()
            left, then = self._buckets.recall(client) or (self._burst, now)
            left = min(self._burst, left + (now - then) * self._rate)
            wait = 0.0 if left >= 1 else (1 - left) / self._rate
            self._buckets.keep(client, left if wait else left - 1, now)
        return wait


class OwnBuckets:
    """The buckets of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def __len__(self) -> int:
        return len(self._buckets)

    def recall(self, client: str) -> tuple[float, float] | None:
        """Return what is left for a client, who is then the one that asked last."""
        return self._buckets.pop(client, None)

    def keep(self, client: str, left: float, at: float) -> None:
        """Remember what is left for a client, and forget who has not asked for longest."""
        self._buckets[client] = (left, at)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)


class SharedBuckets:
    """The buckets of several worker processes, in one file that each maps into its memory.

    A killed process lets go of the file's lock, and at worst leaves one client's bucket wrong. The clock of
    a machine's processes is one.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        size = SETS * PLACES * _PLACE.size
        os.ftruncate(self._file, size)
        self._places = mmap.mmap(self._file, size)

    def __enter__(self) -> None:
        self._lock.acquire()
        fcntl.lockf(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN)
        self._lock.release()

    def recall(self, client: str) -> tuple[float, float] | None:
        """Return what is left for a client, None when it has no place."""
        name = _named(client)
        held, left, at = _PLACE.unpack_from(self._places, self._place(name))
        return (left, at) if held == name else None

    def keep(self, client: str, left: float, at: float) -> None:
        """Remember what is left for a client, in place of who has not asked for longest in its set."""
        name = _named(client)
        _PLACE.pack_into(self._places, self._place(name), name, left, at)

    def _place(self, name: bytes) -> int:
        """Return where a client's bucket is, or may be: the oldest place of its set."""
        width = _PLACE.size
        first = int.from_bytes(name, "little") % SETS * PLACES * width
        oldest, since = first, float("inf")
        for place in range(first, first + PLACES * width, width):
            held, _, at = _PLACE.unpack_from(self._places, place)
            if held == name:
                return place
            if at < since:
                oldest, since = place, at
        return oldest


def _named(client: str) -> bytes:
    """Return a client's name in a place, which holds no token and no address."""
    return hashlib.blake2b(client.encode(), digest_size=8).digest()
