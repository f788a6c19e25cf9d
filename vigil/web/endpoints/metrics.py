"""``/metrics``: the standing as numbers, in the Prometheus text format."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import Response

from vigil.ledger.schema import runs
from vigil.web.endpoints.scoring import newest_score
from vigil.web.routes import Routes
from vigil.web.service import Service

VERDICTS = ("steady", "watch", "degraded", "insufficient data")
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[dict[str, str], float]


def blueprint(service: Service) -> Routes:
    """Build the endpoint."""
    routes = Routes("metrics", __name__)

    @routes.get("/metrics")
    @routes.doc(
        summary="Traffic and standing for Prometheus",
        responses={200: "Text exposition format 0.0.4"},
        produces=("text/plain",),
    )
    def metrics() -> Response:
        return Response("".join(exposition(service)), content_type=CONTENT_TYPE)

    return routes


def exposition(service: Service) -> Iterator[str]:
    """Yield every metric with its help; one without a value yet is left out."""
    snapshot = service.live.snapshot()
    if snapshot.release:
        about = {"release": snapshot.release}
        yield from _metric(service, "vigil_release_info", "The live release.", [(about, 1.0)])
    yield from _metric(
        service,
        "vigil_release_loaded",
        "Whether the live release could be loaded.",
        [({}, float(snapshot.loaded is not None and snapshot.notice is None))],
    )
    score = newest_score(service.project.ledger, snapshot.release) or {}
    for name, key, text in _NUMBERS:
        if score.get(key) is not None:
            yield from _metric(service, name, text, [({"metric": score["metric"]}, score[key])])
    if score:
        states = [({"verdict": name}, float(score["verdict"] == name)) for name in VERDICTS]
        yield from _metric(service, "vigil_verdict", "1 for the verdict that holds.", states)
    age = _age(service)
    if age is not None:
        yield from _metric(service, "vigil_last_tick_age_seconds", _AGE, [({}, age)])


_NUMBERS = (
    ("vigil_score", "value", "The live release's score on its newest batch."),
    ("vigil_score_low", "low", "The lower bound of the score's interval."),
    ("vigil_score_high", "high", "The upper bound of the score's interval."),
    ("vigil_e_value", "e_value", "The alarm's evidence against the live release; 1 at rest."),
    ("vigil_alarm_at", "alarm_at", "The evidence at which the alarm is raised."),
)

_AGE = "Seconds since the last tick with something to do ended."


def _metric(service: Service, name: str, text: str, samples: list[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {text}\n# TYPE {name} gauge\n"
    for labels, value in samples:
        pairs = {"project": service.project.name, **labels}
        listed = ",".join(f'{key}="{_escaped(text)}"' for key, text in pairs.items())
        yield f"{name}{{{listed}}} {value!r}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _age(service: Service) -> float | None:
    """Return the seconds since the newest finished run."""
    where: list[Any] = [runs.c.finished.is_not(None)]
    row = service.project.ledger.runs.first(*where, order=[runs.c.finished.desc()])
    if row is None:
        return None
    finished = datetime.fromisoformat(row["finished"])
    return max(0.0, (service.project.clock() - finished).total_seconds())
