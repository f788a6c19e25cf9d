"""What comes and goes: one line in the log and a few numbers for every request."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

#: Seconds, from a compiled answer to a page of a large project.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

#: What a request leaves in its environ for its line: its name, its route, who asked, rows answered.
REQUEST, ROUTE, WHO, ROWS = "vigil.request", "vigil.route", "vigil.who", "vigil.rows"

_log = logging.getLogger("vigil.request")


class Traffic:
    """The numbers of one worker process, or of all of them where PROMETHEUS_MULTIPROC_DIR names a folder."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        kept: Any = {"registry": self._registry}
        labels = ("method", "route", "status")
        self._requests = Counter("vigil_requests", "Requests that were answered.", labels, **kept)
        self._seconds = Histogram(
            "vigil_request_seconds",
            "Seconds from a request to its answer.",
            ("route",),
            buckets=BUCKETS,
            **kept,
        )
        self._rows = Counter("vigil_prediction_rows", "Rows that predictions were asked for.", **kept)
        self.shed = Counter("vigil_requests_shed", "Requests turned away because too many waited.", **kept)
        self._known: dict[tuple[str, str, str], tuple[Any, Any]] = {}

    def count(self, environ: dict[str, Any], status: str, seconds: float) -> None:
        """Count one answer and write its line; a route's name stands for the path, which a client chose."""
        method, route, code = environ["REQUEST_METHOD"], environ.get(ROUTE, "none"), status[:3]
        key = (method if method in _METHODS else "other", route, code)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = (self._requests.labels(*key), self._seconds.labels(route))
        found[0].inc()
        found[1].observe(seconds)
        rows = environ.get(ROWS)
        if rows:
            self._rows.inc(rows)
        if _log.isEnabledFor(logging.INFO):
            line = _Line(environ, key, seconds, rows)
            # Made here, as ``info`` would look through the stack for who says it.
            _log.handle(_log.makeRecord(_log.name, logging.INFO, __file__, 0, "%s", (line,), None))

    def summary(self) -> list[dict[str, Any]]:
        """Return requests, errors and latencies of each route since the service started, busiest first.

        A latency is the upper end of the histogram's bucket that holds it, in milliseconds.
        """
        requests: dict[str, list[tuple[str, int]]] = {}
        buckets: dict[str, dict[float, float]] = {}
        for sample in (sample for family in self._shared().collect() for sample in family.samples):
            route = sample.labels.get("route", "")
            if sample.name == "vigil_requests_total":
                requests.setdefault(route, []).append((sample.labels["status"], int(sample.value)))
            elif sample.name == "vigil_request_seconds_bucket":
                buckets.setdefault(route, {})[float(sample.labels["le"])] = sample.value
        rows = [
            {
                "route": route,
                "requests": sum(count for _, count in seen),
                "errors": sum(count for status, count in seen if status >= "500"),
                **_latencies(buckets.get(route, {})),
            }
            for route, seen in requests.items()
        ]
        return sorted(rows, key=lambda row: -row["requests"])

    def _shared(self) -> CollectorRegistry:
        """Return the numbers of all worker processes where there are several, else this one's."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return self._registry
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
        return shared

    def exposition(self, standing: Collector) -> bytes:
        """Return every number in the Prometheus text format, and the standing's with them."""
        own = CollectorRegistry()
        own.register(standing)
        return generate_latest(self._shared()) + generate_latest(own)


def _latencies(buckets: dict[float, float]) -> dict[str, float | None]:
    """Return median and 99th percentile from cumulative counts; None beyond the last bucket."""
    total = max(buckets.values(), default=0.0)
    found: dict[str, float | None] = {}
    for name, share in (("median", 0.5), ("p99", 0.99)):
        edge = min((edge for edge, count in buckets.items() if count >= share * total), default=math.inf)
        found[name] = edge * 1000 if total and math.isfinite(edge) else None
    return found


#: Methods that have a number of their own; a client may send any word.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class _Line:
    """One request in the log: text when it is printed, fields for JSON."""

    def __init__(
        self, environ: dict[str, Any], key: tuple[str, str, str], seconds: float, rows: int | None
    ) -> None:
        self.fields: dict[str, Any] = {
            "request": environ.get(REQUEST, "-"),
            "method": key[0],
            "route": key[1],
            "status": int(key[2]),
            "milliseconds": round(seconds * 1000, 2),
            "who": environ.get(WHO, "-"),
            "address": environ.get("REMOTE_ADDR", "-"),
        }
        if rows is not None:
            self.fields["rows"] = rows

    def __str__(self) -> str:
        f = self.fields
        rows = f" {f['rows']} rows" if "rows" in f else ""
        return (
            f"{f['method']} {f['route']} {f['status']} {f['milliseconds']} ms{rows} {f['who']} {f['request']}"
        )


class Counted:
    """The application with every request counted."""

    def __init__(self, application: Application, traffic: Traffic) -> None:
        self._application = application
        self._traffic = traffic

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request and count it."""
        begun = time.perf_counter()
        seen = ["500"]

        def started(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            seen[0] = status
            return start_response(status, headers, *more)

        try:
            return self._application(environ, started)
        finally:
            self._traffic.count(environ, seen[0], time.perf_counter() - begun)
