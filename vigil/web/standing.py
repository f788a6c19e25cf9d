"""How the project stands, as numbers for Prometheus: read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from vigil.errors import LedgerError
from vigil.ledger import glance
from vigil.ledger.schema import runs
from vigil.web.endpoints.scoring import newest_score
from vigil.web.service import Service

VERDICTS = ("steady", "watch", "degraded", "insufficient data")

#: Ticks that may be missed before the last one is no longer recent.
MISSED = 3

_NUMBERS = (
    ("vigil_score", "value", "The live release's score on its newest batch."),
    ("vigil_score_low", "low", "The lower bound of the score's interval."),
    ("vigil_score_high", "high", "The upper bound of the score's interval."),
    ("vigil_level", "level", "The level below which the score counts as worse."),
    ("vigil_e_value", "e_value", "The alarm's evidence against the live release; 1 at rest."),
    ("vigil_alarm_at", "alarm_at", "The evidence at which the alarm is raised."),
)


class Standing(Collector):
    """The newest standing of one project; one without a value yet is left out."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """Yield every metric. A ledger out of reach is a number too: the others are then left out."""
        yield from self._release()
        waiting = self._service.waiting()
        if waiting is not None:
            yield self._gauge("vigil_requests_waiting", "Requests that wait for a thread.", waiting)
        log = self._service.log
        if log is not None:
            unwritten = "Answered rows that are not on the disk yet."
            yield self._gauge("vigil_predictions_waiting", unwritten, log.waiting)
            lost = "Answered rows that could not be written down since the service began."
            yield self._gauge("vigil_predictions_dropped", lost, log.dropped)
        unasked = "Requests that the release on trial was not asked about since the service began."
        yield self._gauge("vigil_silent_dropped", unasked, self._service.silent.dropped)
        age = tick_age(self._service)
        if age is not None:
            yield self._gauge("vigil_last_tick_age_seconds", "Seconds since a tick last looked.", age)
            yield self._gauge(
                "vigil_tick_is_recent", "Whether ticks come as scheduled.", is_recent(self._service)
            )
        try:
            found = list(self._judged())
        except (LedgerError, SQLAlchemyError):
            found = []
        yield self._gauge("vigil_ledger_reachable", "Whether the ledger can be read.", bool(found))
        yield from found

    def _release(self) -> Iterator[Metric]:
        snapshot = self._service.live.snapshot()
        if snapshot.release:
            yield self._gauge("vigil_release_info", "The live release.", 1.0, release=snapshot.release)
        is_loaded = snapshot.loaded is not None and snapshot.notice is None
        yield self._gauge("vigil_release_loaded", "Whether the live release could be loaded.", is_loaded)

    def _judged(self) -> Iterator[Metric]:
        ledger = self._service.project.ledger
        is_open = any(row["state"] == "open" for row in [ledger.incidents.latest() or {"state": ""}])
        yield self._gauge("vigil_incident_open", "Whether an incident is open.", is_open)
        paused = bool(ledger.facts.get(glance.PAUSED))
        yield self._gauge("vigil_ticks_paused", "Whether scheduled ticks are paused.", paused)
        score = newest_score(ledger, self._service.live.snapshot().release) or {}
        for name, key, text in _NUMBERS:
            if score.get(key) is not None:
                yield self._gauge(name, text, score[key], metric=score["metric"])
        if score:
            states = self._family("vigil_verdict", "1 for the verdict that holds.", "verdict")
            for verdict in VERDICTS:
                states.add_metric([self._service.project.name, verdict], score["verdict"] == verdict)
            yield states

    def _gauge(self, name: str, text: str, value: float, **labels: str) -> Metric:
        family: Metric = self._family(name, text, *labels)
        family.add_metric([self._service.project.name, *labels.values()], float(value))  # type: ignore[attr-defined]
        return family

    def _family(self, name: str, text: str, *labels: str) -> Any:
        return GaugeMetricFamily(name, text, labels=["project", *labels])


def tick_age(service: Service) -> float | None:
    """Return the seconds since a tick last looked, idle or not; None when none is known of.

    A tick leaves a mark beside the config; a run in the ledger counts where there is none.
    """
    now = service.project.clock()
    try:
        seen = glance.mark(service.project.config_path).stat().st_mtime
        return max(0.0, now.timestamp() - seen)
    except OSError:
        pass
    try:
        where: list[Any] = [runs.c.finished.is_not(None)]
        row = service.project.ledger.runs.first(*where, order=[runs.c.finished.desc()])
    except (LedgerError, SQLAlchemyError):
        return None
    return max(0.0, (now - datetime.fromisoformat(row["finished"])).total_seconds()) if row else None


def is_recent(service: Service) -> bool:
    """Tell whether the last tick is no older than a few times the schedule."""
    age = tick_age(service)
    return age is not None and age <= MISSED * 60 * service.project.config.schedule
