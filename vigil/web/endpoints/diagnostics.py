"""``/diagnostics``: what changed, what is missing, what takes how long, and what to do about it."""

from __future__ import annotations

import json
from statistics import median
from typing import Any

from flask import request

from vigil import inspecting
from vigil.batches.merged import MergedProfiles
from vigil.ledger.ledger import Ledger
from vigil.ledger.schema import batches, runs
from vigil.profiles import Profile, pairs
from vigil.project import Project
from vigil.web.asof import AsOf, as_of, batch_names
from vigil.web.routes import Routes
from vigil.web.service import Service
from vigil.web.shapes import ANYTHING, NUMBER, RUN, TEXT, by_name, listed, maybe, record

#: Runs that the timings look back on.
HISTORY = 50
#: Faults that are listed.
FAULTS = 50
#: Pairs of numbers that are listed.
PAIRS = 50

ANSWER = record(
    project=TEXT,
    missing=listed(record(column=TEXT, share=maybe(NUMBER), share_before=maybe(NUMBER))),
    correlations=listed(record(columns=listed(TEXT), now=maybe(NUMBER), before=maybe(NUMBER))),
    timings=listed(record(step=TEXT, last=NUMBER, median=NUMBER, history=listed(NUMBER))),
    packages=record(checked=TEXT, list=listed(ANYTHING)),
    drift_of=maybe(record(batch=TEXT, name=TEXT, release=TEXT, verdict=TEXT)),
    drift=listed(record(column=TEXT, verdict=TEXT)),
    slices=by_name(ANYTHING),
    moved=maybe(by_name(ANYTHING)),
    faults=listed(ANYTHING),
    advice=listed(by_name(TEXT)),
)
EXAMPLE = {
    "project": "attrition",
    "missing": [{"column": "staff", "share": 0.02, "share_before": 0.0}],
    "correlations": [{"columns": ["staff", "wage"], "now": 0.31, "before": 0.64}],
    "timings": [{"step": "ingestion", "last": 0.21, "median": 0.2, "history": [0.2, 0.21]}],
    "packages": {"checked": "not asked", "list": []},
    "drift_of": {
        "batch": "5d1c0e77a2b94f06",
        "name": "2026-05.csv",
        "release": "3f9c01aa52d7",
        "verdict": "drift",
    },
    "drift": [
        {
            "column": "staff",
            "verdict": "drift",
            "significant": True,
            "test": "ks",
            "p_value": 0.0001,
            "effect": 0.38,
            "floor": 0.1,
            "detectable": 0.06,
            "lasting": True,
            "new": False,
            "since": "2026-04.csv",
            "words": "staff: median 84 → 171",
        }
    ],
    "slices": {"metric": "f1", "by_column": [], "worst": [], "fairness": []},
    "moved": None,
    "faults": [],
    "advice": [],
}


def blueprint(service: Service) -> Routes:
    """Build the endpoint."""
    routes = Routes("diagnostics", __name__)
    ledger = service.project.ledger

    @routes.get("/diagnostics")
    @routes.doc(
        summary="Drift, slices, gaps, timings, packages, and what to do",
        description="`?run=ID` answers as of that run; packages and advice are always the newest.",
        responses={200: "The diagnosis", 404: "No such run"},
        answer=ANSWER,
        example=EXAMPLE,
        query={"run": RUN},
    )
    def diagnostics() -> dict[str, Any]:
        moment = as_of(ledger, request.args)
        return {
            "project": service.project.name,
            **compared(ledger, service.profiles, moment),
            "timings": timings(ledger, moment),
            "packages": _fact(ledger, "packages", {"checked": "not asked", "list": []}),
            **changed(ledger, moment),
            "faults": faults(service.project, moment),
            "advice": advice(ledger),
        }

    return routes


def faults(project: Project, moment: AsOf) -> list[dict[str, Any]]:
    """Return the newest faults of batches, with what a person types about each."""
    ledger = project.ledger
    named = ("id", "fault", "columns", "confidence", "holds", "rows", "state", "what", "evidence")
    found = ledger.faults.through(moment.last_order(ledger), run=moment.run, limit=FAULTS)
    about = batches.c.order.in_({row[name] for row in found for name in ("order", "since")})
    known = {batch["order"]: batch["name"] for batch in batch_names(ledger, about).values()}
    return [
        {
            **{name: row[name] for name in named},
            "batch": row["batch"],
            "name": known.get(row["order"], row["batch"]),
            "since": known.get(row["since"], ""),
            "what_to_do": row["act"],
            "command": project.runnable(inspecting.command(row)),
        }
        for row in found
    ]


def changed(ledger: Ledger, moment: AsOf) -> dict[str, Any]:
    """Return what the newest diagnosed batch changed: drift by column, slices, why the score moved."""
    found = ledger.diagnoses.latest(through_run=moment.run)
    if found is None:
        return {"drift_of": None, "drift": [], "slices": {}, "moved": None}
    about = {key: value for key, value in found["drift"].items() if key != "columns"}
    name = ledger.batches.name_of(found["batch"])
    return {
        "drift_of": {"batch": found["batch"], "name": name, "release": found["release"], **about},
        "drift": found["drift"]["columns"],
        "slices": found["slices"],
        "moved": found["moved"],
    }


def advice(ledger: Ledger) -> list[dict[str, str]]:
    """Return what the last tick advised."""
    found: list[dict[str, str]] = _fact(ledger, "advice", [])
    return found


def compared(ledger: Ledger, merged: MergedProfiles, moment: AsOf) -> dict[str, list[dict[str, Any]]]:
    """Return what of the newest batch stands beside all before it: missing cells, and correlations."""
    order = moment.last_order(ledger)
    every = merged.through(order)
    row = ledger.batches.first(batches.c.order == order, batches.c.state == "ingested")
    if every is None or row is None:
        return {"missing": [], "correlations": []}
    newest = Profile.from_json(row["profile"])
    return {"missing": missing(every, newest), "correlations": correlations(every, newest)}


def correlations(every: Profile, newest: Profile) -> list[dict[str, Any]]:
    """Return the pairs of numbers, those first whose correlation differs most from before."""
    found = pairs.changes(every.pairs, newest.pairs)[:PAIRS]
    return [{"columns": list(names), "now": now, "before": before} for names, now, before in found]


def missing(every: Profile, newest: Profile) -> list[dict[str, Any]]:
    """Return each column's share of missing cells: in the newest batch, and in all before it."""
    shares = [
        {
            "column": column.name,
            "share": _share(column.missing, newest.rows),
            "share_before": _before(every, newest, column.name),
        }
        for column in newest.columns
    ]
    return sorted(shares, key=lambda found: -(found["share"] or 0.0))


def _before(every: Profile, newest: Profile, name: str) -> float | None:
    """Return the missing share in all batches but the newest: counts add up, so they subtract."""
    whole, part = every.column(name), newest.column(name)
    if whole is None or part is None:
        return None
    return _share(whole.missing - part.missing, every.rows - newest.rows)


def _share(missing: int, rows: int) -> float | None:
    return missing / rows if rows else None


def timings(ledger: Ledger, moment: AsOf) -> list[dict[str, Any]]:
    """Return each step's seconds over the last runs, oldest first."""
    where = [runs.c.run <= moment.run, runs.c.status != "running"]
    newest = ledger.runs.find(*where, order=[runs.c.run.desc()], limit=HISTORY, columns=[runs.c.steps])
    history: dict[str, list[float]] = {}
    for row in reversed(newest):
        for step in row["steps"]:
            history.setdefault(step["step"], []).append(step["seconds"])
    return [
        {"step": step, "last": taken[-1], "median": median(taken), "history": taken}
        for step, taken in history.items()
    ]


def _fact(ledger: Ledger, key: str, otherwise: Any) -> Any:
    """Return a fact that a tick wrote as JSON."""
    stored = ledger.facts.get(key)
    return json.loads(stored) if stored else otherwise
