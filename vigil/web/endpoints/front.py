"""``/``: the first page, for a person who has ten seconds; ``/status``: its sentence, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import render_template, request

from vigil import charts, picturing
from vigil.ledger.glance import PAUSED
from vigil.ledger.ledger import Ledger
from vigil.ledger.schema import batches
from vigil.web.asof import NOW, batch_names
from vigil.web.endpoints.actions import ACTIONS
from vigil.web.endpoints.diagnostics import advice, changed, faults, timings
from vigil.web.endpoints.models import releases
from vigil.web.endpoints.runs import overview
from vigil.web.endpoints.scoring import VERDICT, standing
from vigil.web.errors import Refusal
from vigil.web.picture import Picture
from vigil.web.routes import HTML, Routes
from vigil.web.service import Service
from vigil.web.shapes import TEXT, WHOLE, choice, listed, maybe, record
from vigil.web.status import Status, status

#: Rows of each table on the page; the linked pages have all.
RELEASES, RUNS = 5, 5

#: Batches that the charts look back on, as the address asks; of many they draw some.
RANGES = tuple(map(str, picturing.RANGES))

#: What changes between two ticks is drawn by the server, from the same charts.
LIVE = ("delays", "traffic")

#: For so long the page says what came of an action.
RECENT = timedelta(minutes=10)

ANSWER = record(
    state=TEXT,
    severity=choice("good", "watch", "act", "idle"),
    **dict.fromkeys(("headline", "reason", "do", "command", "action", "link"), TEXT),
    also=listed(TEXT),
    release=maybe(TEXT),
    batch=maybe(TEXT),
    verdict=VERDICT,
    run=maybe(WHOLE),
    stamp=TEXT,
)
EXAMPLE = {
    "state": "steady",
    "severity": "good",
    "headline": "The model is fine: there is no sign that it has become worse.",
    "reason": "F1 is 0.740, above the level 0.702.",
    "do": "Nothing. The next tick looks again.",
    "command": "",
    "action": "",
    "link": "",
    "also": [],
    "release": "3f9c01aa52d7",
    "batch": "2026-05.csv",
    "verdict": "steady",
    "run": 5,
    "stamp": "5 done 3f9c01aa52d7 steady",
}


def blueprint(service: Service) -> Routes:
    """Build the page and its sentence."""
    routes = Routes("front", __name__)

    @routes.get("/")
    @routes.doc(
        summary="The first page",
        description="`?last=` says how many batches the charts look back on.",
        responses={200: "A page for people"},
        query={"last": choice(*RANGES)},
        produces=(HTML,),
    )
    def front() -> str:
        last = request.args.get("last", str(picturing.USUAL))
        if last not in RANGES:
            raise Refusal(422, "bad-parameter", f"last must be one of {', '.join(RANGES)}.")
        return render_template("front.html", **content(service, last))

    @routes.get("/status")
    @routes.doc(
        summary="How the project stands, in one sentence",
        description="`stamp` changes when there is something new to look at.",
        responses={200: "The sentence, its reason, and what to do next"},
        answer=ANSWER,
        example=EXAMPLE,
    )
    def sentence() -> dict[str, Any]:
        now = standing(service, NOW, limit=1)
        found = status(service, now, faults(service.project, NOW))
        run = next(iter(service.project.ledger.runs.latest(limit=1)), None)
        return {
            **found.as_json(),
            "release": now["release"],
            "batch": now["batch"]["name"] if now["batch"] else None,
            "verdict": now["verdict"],
            "run": run["run"] if run else None,
            "stamp": stamp(found, now, run),
        }

    return routes


def stamp(found: Status, now: Mapping[str, Any], run: Mapping[str, Any] | None) -> str:
    """Return a word that is another one when the page would be another one."""
    return f"{run['run'] if run else 0} {run['status'] if run else '-'} {now['release']} {found.state}"


def content(service: Service, last: str) -> dict[str, Any]:
    """Return what the page shows."""
    ledger = service.project.ledger
    now = standing(service, NOW, limit=1)
    runs = ledger.runs.latest(limit=RUNS)
    named = faults(service.project, NOW)
    found = status(service, now, named)
    title = service.project.metric(now["task"]).title if now["task"] else "Score"
    diagnosis = changed(ledger, NOW)
    return {
        **now,
        "project": service.project.name,
        "title": title,
        "status": found,
        "stamp": stamp(found, now, runs[0] if runs else None),
        "pictures": pictures(service, now, int(last)),
        "range": last,
        "ranges": RANGES,
        **diagnosis,
        "faults": named,
        "releases": releases(service)["releases"][:RELEASES],
        "runs": [overview(row) for row in runs],
        "challenge": challenge(ledger),
        "steps": advice(ledger),
        "paused": bool(ledger.facts.get(PAUSED)),
        "act": lately(service),
        "input_folder": service.project.config.input_folder_path,
    }


def lately(service: Service) -> dict[str, Any] | None:
    """Return the newest act through the service when it is recent, None otherwise."""
    acts = [act for act in service.project.ledger.audits.newest(5) if act["what"] in ACTIONS]
    if not acts:
        return None
    age = service.project.clock() - datetime.fromisoformat(acts[0]["at"])
    return acts[0] if age < RECENT else None


def pictures(service: Service, now: Mapping[str, Any], last: int) -> dict[str, Picture]:
    """Return the page's charts: as a tick has drawn them, or drawn here when the ledger has gone on since."""
    project, live = service.project, now["release"]
    kept = picturing.current(project, last, live)
    if kept is None:
        trend = picturing.trend(project.ledger, last, live)
        told = {"timings": timings(project.ledger, NOW)}
        kept = charts.drawn({"scoring": now, "trend": trend, "diagnostics": told})
    live_ones = {"scoring": now, "traffic": service.traffic.summary()}
    return {name: Picture.of(name, one) for name, one in (kept | charts.drawn(live_ones, LIVE)).items()}


def challenge(ledger: Ledger) -> dict[str, Any] | None:
    """Return the newest comparison of a challenger with its champion, None when there was none."""
    for row in ledger.decisions.gates(20):
        if "challenger" in row["evidence"]:
            about = batch_names(ledger, batches.c.order == row["order"])
            name = next((batch["name"] for batch in about.values()), row["batch"])
            return {**row["evidence"], "outcome": row["outcome"], "reason": row["reason"], "batch": name}
    return None
