"""Whether what has waited is still answered: under overload some are turned away, the others soon answered.

A short queue lets a burst pass; a long one only makes everybody wait (compare Nichols & Jacobson 2012,
"Controlling queue delay", doi:10.1145/2208917.2209336). What counts is how long a request has really
waited, in the system's buffers too, and will wait for the work before it, and not how many there are: one
may take a thousand times as long as another.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

#: Seconds after which a prediction is too late under overload, and what a person waits for.
SOON, PATIENT = 0.05, 0.5

#: The share of that time after which the next in the queue, or the work before a newcomer, shows that it
#: would be late: work takes longer than its own time while others ask.
FORESIGHT = 0.5

#: So many that found no room, or were late, within so many seconds are an overload; fewer are a burst.
MANY, WITHIN = 32, 1.0

#: Requests that wait for a thread; further ones are turned away as soon as they are read.
WAITING = 32

#: Seconds of expected work before a newcomer that count as no room for it.
CROWDED = 2 * SOON

#: The share of all time that those may want who ask again at once, and the newest of them that tell.
PRESSED, NEWEST_SOON = 0.5, 64

#: Bytes from which a body's own size says what it costs, and how much the newest cost weighs in the mean.
LARGE, NEWEST = 16_384, 0.1

#: The cost of a small prediction that is expected before any was answered, and by how many times the mean a
#: cost may count: the first one after a switch loads a release, which says nothing of those behind it.
FIRST, MOST = 0.001, 2.0

#: What a small one counts for at most: the queue alone bounds how many of these wait.
SMALL = 0.9 * CROWDED / WAITING

#: Where Linux keeps the milliseconds since a connection's last bytes came, in ``struct tcp_info``.
_LAST_BYTES = struct.Struct("@52xI")


class Admission:
    """Judges requests by the seconds that they have waited. For any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._late: deque[float] = deque(maxlen=MANY)
        self._soon: deque[tuple[float, float]] = deque(maxlen=NEWEST_SOON)

    @property
    def is_overloaded(self) -> bool:
        """Whether there were many just now, or those that ask again at once would be too much."""
        late = self._late
        if len(late) == late.maxlen and self._clock() - late[0] <= WITHIN:
            return True
        return bool(self._soon) and self._is_pressed()

    def _is_pressed(self) -> bool:
        now, soon = self._clock(), list(self._soon)
        if now - soon[-1][0] > WITHIN:
            self._soon.clear()
            return False
        span = now - soon[0][0]
        return sum(cost for _, cost in soon) > PRESSED * (span if len(soon) == NEWEST_SOON else WITHIN)

    def note_soon(self, cost: float) -> None:
        """Count one that was turned away for asking again at once; it would have cost so many seconds."""
        self._soon.append((self._clock(), cost))

    def note(self) -> None:
        """Count a request for which there was no room, or which was late where nobody knows of room."""
        self._late.append(self._clock())

    def turns_away(self, waited: float, bound: float) -> bool:
        """Tell whether to turn away what has waited, or will wait, for some seconds: in an overload alone."""
        if waited <= bound or not self.is_overloaded:
            return False
        self.note()  # an overload goes on for as long as many have to be turned away
        return True


class Work:
    """The seconds of work that are under way or wait, as far as bytes tell. For any thread.

    Large predictions take turns: several at once would each take as long as all together.

    A small body costs what small ones cost lately, a large one what a byte of large ones does. Threads take
    turns in one interpreter, so that the costs add up, however many threads there are.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._each, self._byte = FIRST, 0.0
        self.ahead = 0.0

    def turn(self, size: int) -> AbstractContextManager[Any]:
        """Return what to hold while a request with so many bytes is answered."""
        return self._turn if size >= LARGE else nullcontext()

    def begin(self, size: int) -> float:
        """Count a request with so many bytes in; return what it is expected to cost, for ``end``.

        A size of 0 is that of anything but a prediction, of which no cost is known.
        """
        cost = self.cost(size) if size else 0.0
        with self._lock:
            self.ahead += cost
        return cost

    def cost(self, size: int) -> float:
        """Return the seconds that a request with so many bytes is expected to take."""
        return self._byte * size if size >= LARGE else min(self._each, SMALL)

    def fits(self, size: int, seconds: float) -> bool:
        """Tell whether a large request is known to take no longer, with what is under way, than so."""
        return self._byte > 0.0 and self.ahead + self.cost(size) <= seconds

    def end(self, cost: float, size: int = 0, seconds: float = 0.0) -> None:
        """Count it out again, and learn from what it took, where it was a prediction and not turned away."""
        with self._lock:
            self.ahead = max(0.0, self.ahead - cost)
        if size:
            self.learn(size, seconds)

    def learn(self, size: int, seconds: float) -> None:
        """Learn from what a request with so many bytes took."""
        with self._lock:
            if size < LARGE:
                self._each += (min(seconds, MOST * self._each) - self._each) * NEWEST
            elif self._byte:
                self._byte += (min(seconds / size, MOST * self._byte) - self._byte) * NEWEST
            else:
                self._byte = seconds / size


def bound_of(method: str, path: str) -> float:
    """Return how long a request may have waited: programs ask for predictions, people for the rest."""
    return SOON if method == "POST" and path == "/prediction" else PATIENT


def unread_for(connection: socket.socket) -> float:
    """Return the seconds for which a connection's newest bytes have been here; 0 where nobody knows."""
    option = getattr(socket, "TCP_INFO", None)
    if option is None:
        return 0.0
    try:
        told = connection.getsockopt(socket.IPPROTO_TCP, option, _LAST_BYTES.size)
    except OSError:
        return 0.0
    return _LAST_BYTES.unpack(told)[0] / 1000 if len(told) == _LAST_BYTES.size else 0.0
