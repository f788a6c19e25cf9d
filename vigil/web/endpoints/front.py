"""``/``: the first page, for a person who has ten seconds; ``/status``: its sentence, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import render_template, request

from vigil.ledger.glance import PAUSED
from vigil.ledger.ledger import Ledger
from vigil.ledger.schema import batches
from vigil.web import telling
from vigil.web.asof import NOW, batch_names
from vigil.web.drawing.curve import Curve, curve
from vigil.web.drawing.evidence import evidence
from vigil.web.drawing.heat import BATCHES as HEATED
from vigil.web.drawing.heat import heat
from vigil.web.drawing.thinning import thinned
from vigil.web.endpoints.actions import ACTIONS
from vigil.web.endpoints.diagnostics import advice, changed, faults, timings
from vigil.web.endpoints.models import releases
from vigil.web.endpoints.runs import overview
from vigil.web.endpoints.scoring import VERDICT, standing
from vigil.web.errors import Refusal
from vigil.web.routes import HTML, Routes
from vigil.web.service import Service
from vigil.web.shapes import TEXT, WHOLE, choice, listed, maybe, record
from vigil.web.status import Status, status

#: Rows of each table on the page; the linked pages have all.
BATCHES, RELEASES, RUNS, INCIDENTS, BEHIND = 8, 5, 5, 60, 100

#: Batches that the curve looks back on, as the address asks; of many it draws some.
RANGES = ("50", "200", "1000", "10000")
USUAL = "200"
DRAWN = 480

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
        description="`?last=` says how many batches the curve looks back on.",
        responses={200: "A page for people"},
        query={"last": choice(*RANGES)},
        produces=(HTML,),
    )
    def front() -> str:
        last = request.args.get("last", USUAL)
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
        found = status(service, now, faults(service.project.ledger, NOW))
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
    now = standing(service, NOW, limit=BATCHES)
    runs = ledger.runs.latest(limit=RUNS)
    named = faults(ledger, NOW)
    found = status(service, now, named)
    drawn = drawing(ledger, int(last), now["release"])
    title = service.project.metric(now["task"]).title if now["task"] else "Score"
    diagnosis = changed(ledger, NOW)
    heated, traffic = heat(drifts(ledger)), service.traffic.summary()
    return {
        **now,
        "project": service.project.name,
        "title": title,
        "status": found,
        "stamp": stamp(found, now, runs[0] if runs else None),
        "curve": drawn,
        "evidence_curve": evidence(drawn) if drawn else None,
        "behind": [{**row, "score": row["value"]} for row in drawn.rows[-BEHIND:][::-1]] if drawn else [],
        "range": last,
        "ranges": RANGES,
        "heat": heated,
        **diagnosis,
        "faults": named,
        "batches": now["history"][::-1],
        "releases": releases(service)["releases"][:RELEASES],
        "runs": [overview(row) for row in runs],
        "timings": timings(ledger, NOW),
        "traffic": traffic,
        "said": {
            "score": telling.score(drawn, title),
            "evidence": telling.evidence(drawn),
            "drift": telling.drift(heated, diagnosis["drift"]),
            "delay": telling.delay(now["labels"]),
            "traffic": telling.traffic(traffic),
        },
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


def drawing(ledger: Ledger, limit: int, live: str | None) -> Curve | None:
    """Return the newest scores as a curve, None when there is no score to draw."""
    rows = [row for row in ledger.scores.drawn(limit) if row["value"] is not None]
    if not rows:
        return None
    kept = thinned(rows, DRAWN)
    about = batches.c.order.in_([rows[at]["order"] for at in kept])
    names = {batch["id"]: batch["name"] for batch in batch_names(ledger, about).values()}
    opened = {row["order"]: row["id"] for row in ledger.incidents.newest(INCIDENTS)}
    return curve(rows, kept, names, opened, live)


def drifts(ledger: Ledger) -> list[dict[str, Any]]:
    """Return the drift of the newest diagnosed batches by column, with the batches' names."""
    found = ledger.diagnoses.drifts(HEATED)
    names = batch_names(ledger, batches.c.order.in_([row["order"] for row in found]))
    return [
        {"name": names.get(row["batch"], {"name": row["batch"]})["name"], "columns": row["drift"]["columns"]}
        for row in found
    ]


def challenge(ledger: Ledger) -> dict[str, Any] | None:
    """Return the newest comparison of a challenger with its champion, None when there was none."""
    for row in ledger.decisions.gates(20):
        if "challenger" in row["evidence"]:
            about = batch_names(ledger, batches.c.order == row["order"])
            name = next((batch["name"] for batch in about.values()), row["batch"])
            return {**row["evidence"], "outcome": row["outcome"], "reason": row["reason"], "batch": name}
    return None
