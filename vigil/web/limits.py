"""How often one client may ask: a bucket of permits for each, refilled at a steady rate."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

#: Clients that are remembered; of more, those that have not asked for longest are forgotten.
REMEMBERED = 10_000


class Limiter:
    """Token buckets by client: `rate` permits a second, `burst` at once; a rate of 0 lets everything pass."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """Take one permit; return 0 when there was one, else the seconds until there is."""
        if self._rate <= 0:
            return 0.0
        with self._lock:
            now = self._clock()
            left, then = self._buckets.pop(client, (self._burst, now))
            left = min(self._burst, left + (now - then) * self._rate)
            wait = 0.0 if left >= 1 else (1 - left) / self._rate
            self._buckets[client] = (left if wait else left - 1, now)
            if len(self._buckets) > REMEMBERED:
                self._buckets.popitem(last=False)
        return wait
