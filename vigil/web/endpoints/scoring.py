"""``/scoring``: how the live model does on data that it had not seen, and how sure that is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flask import request

from vigil import breakers, probation
from vigil.ledger.glance import LABELS
from vigil.ledger.ledger import Ledger
from vigil.ledger.schema import batches, decisions, scores
from vigil.ledger.shelf import Row
from vigil.project import Project
from vigil.web.asof import NOW, AsOf, as_of, batch_names, positive, seconds
from vigil.web.routes import Routes
from vigil.web.service import Service
from vigil.web.shapes import (
    ANYTHING,
    FLAG,
    NUMBER,
    RUN,
    TEXT,
    TIME,
    WHOLE,
    by_name,
    choice,
    counted,
    listed,
    maybe,
    record,
)

#: Scores in one answer, unless `limit` says otherwise, and at most.
HISTORY = 500
MOST = 1000

_REFERENCE = ("score", "interval", "rows", "baseline")

VERDICT = choice("steady", "watch", "degraded", "insufficient data")

#: One score in a history.
SCORE = record(
    batch=TEXT,
    name=TEXT,
    order=WHOLE,
    release=TEXT,
    score=maybe(NUMBER),
    **dict.fromkeys(("low", "high", "reference", "level"), maybe(NUMBER)),
    verdict=VERDICT,
    e_value=NUMBER,
    alarm_at=NUMBER,
    at=TIME,
)
#: What the evidence of the newest score is made of, each part null where there is none.
PARTS = {
    **dict.fromkeys(("plain", "at_holdout_mix", "past"), maybe(NUMBER)),
    "change": maybe(
        record(batch=TEXT, likely=listed(TEXT), before=maybe(NUMBER), after=maybe(NUMBER)),
    ),
    "recent": maybe(record(batches=WHOLE, detectable=maybe(NUMBER))),
}
ANSWER = record(
    project=TEXT,
    release=maybe(TEXT),
    notice=maybe(TEXT),
    model=maybe(TEXT),
    task=maybe(TEXT),
    metric=maybe(TEXT),
    higher_is_better=maybe(FLAG),
    score=maybe(NUMBER),
    interval=maybe(listed(NUMBER)),
    level=maybe(NUMBER),
    **dict.fromkeys(("confidence", "detectable", "unseen"), maybe(NUMBER)),
    unseen_rows=WHOLE,
    verdict=VERDICT,
    reason=TEXT,
    batch=maybe(record(id=TEXT, name=TEXT, order=WHOLE, rows=WHOLE, labelled=WHOLE)),
    reference=record(**dict.fromkeys(_REFERENCE, ANYTHING)),
    evidence=record(
        e_value=maybe(NUMBER), alarm_at=maybe(NUMBER), batches=maybe(WHOLE), false_alarm=NUMBER, **PARTS
    ),
    details=by_name(ANYTHING),
    details_of=maybe(choice("batch", "holdout")),
    history=listed(SCORE),
    older=maybe(WHOLE),
    estimate=maybe(ANYTHING),
    labels=maybe(ANYTHING),
    training_paused=maybe(TIME),
    probation=maybe(
        record(
            predecessor=TEXT,
            **dict.fromkeys(("batches", "of", "rows"), WHOLE),
            **dict.fromkeys(("difference", "lower_bound"), maybe(NUMBER)),
            words=TEXT,
        )
    ),
    incident=maybe(
        record(
            id=TEXT,
            release=TEXT,
            opened_at=maybe(TIME),
            opened_by=maybe(TEXT),
            since=maybe(TEXT),
            attempts=WHOLE,
            state=choice("open", "closed"),
        )
    ),
)
EXAMPLE = {
    "project": "attrition",
    "release": "3f9c01aa52d7",
    "notice": None,
    "model": "logistic",
    "task": "binary",
    "metric": "f1",
    "higher_is_better": True,
    "score": 0.74,
    "interval": [0.71, 0.77],
    "level": 0.702,
    "confidence": 0.95,
    "detectable": 0.043,
    "unseen": 0.73,
    "unseen_rows": 210,
    "verdict": "steady",
    "reason": "F1 is 0.740, above the level 0.702.",
    "batch": {"id": "5d01c0ffee12ab34", "name": "2026-05.csv", "order": 5, "rows": 2400, "labelled": 2400},
    "reference": {"score": 0.752, "interval": [0.722, 0.78], "rows": 2400, "baseline": 0.33},
    "evidence": {
        "e_value": 0.4,
        "alarm_at": 200.0,
        "batches": 3,
        "false_alarm": 0.05,
        "plain": 0.4,
        "at_holdout_mix": 0.4,
        "past": 0.3,
        "change": None,
        "recent": None,
    },
    "details": {"labels": ["0", "1"], "confusion": [[1700, 150], [120, 430]]},
    "details_of": "batch",
    "history": [],
    "older": None,
    "estimate": None,
    "labels": None,
    "training_paused": None,
    "probation": None,
    "incident": None,
}


def blueprint(service: Service) -> Routes:
    """Build the endpoint."""
    routes = Routes("scoring", __name__)

    @routes.get("/scoring")
    @routes.doc(
        summary="The live model's score, its interval, and the verdict",
        description="`?run=ID` answers as it stood after that run. The history holds the newest `limit` "
        "scores, of batches before the order `before`; `older` says where the next page begins.",
        responses={200: "Score, reference, verdict, evidence, history", 404: "No such run"},
        answer=ANSWER,
        example=EXAMPLE,
        query={"run": RUN, "limit": counted(MOST), "before": RUN},
    )
    def scoring() -> dict[str, Any]:
        moment = as_of(service.project.ledger, request.args)
        limit = positive(request.args.get("limit", str(HISTORY)), "limit", most=MOST)
        before = positive(request.args["before"], "before") if "before" in request.args else None
        return standing(service, moment, limit=limit, before=before)

    return routes


def standing(
    service: Service, moment: AsOf, *, limit: int = HISTORY, before: int | None = None
) -> dict[str, Any]:
    """Return the whole answer, from one look at the live release; `limit` and `before` page the history."""
    ledger = service.project.ledger
    snapshot = service.live.snapshot()
    live = snapshot.release if moment.is_now else moment.release(ledger)
    release = ledger.releases.get(live) if live else None
    newest = newest_score(ledger, live, moment)
    scored = ledger.scores.newest(limit + 1, through_run=moment.run, before=before)
    history = history_rows(ledger, scored[-limit:])
    return {
        "project": service.project.name,
        "release": live,
        "notice": snapshot.notice if moment.is_now else None,
        "model": release["model"] if release else None,
        **_task(service, release),
        **_measured(newest, release),
        "batch": _batch(ledger, newest),
        "reference": {key: (release or {"reference": {}})["reference"].get(key) for key in _REFERENCE},
        **_verdict(ledger, live, newest, moment),
        "evidence": _evidence(ledger, newest, service.project.config.false_alarm),
        **_details(newest, release),
        "estimate": _estimate(newest),
        "history": history,
        "older": history[0]["order"] if len(scored) > limit else None,
        "labels": _labels(ledger) if moment.is_now else None,
        **(_held(service.project, live) if moment.is_now else {"training_paused": None, "probation": None}),
        "incident": _incident(ledger, moment.incident(ledger)),
    }


def _held(project: Project, live: str | None) -> dict[str, Any]:
    """Return since when training is paused, and how the live release does against the one before it."""
    found = probation.standing(project, live)
    keys = ("predecessor", "batches", "of", "rows", "difference", "lower_bound", "words")
    return {
        "training_paused": seconds(project.ledger.facts.get(breakers.PAUSED)),
        "probation": {key: found.get(key) for key in keys} if found else None,
    }


def _estimate(score: Row | None) -> dict[str, Any] | None:
    """Return what is expected of the newest batch, while its labels are not in."""
    if score is None or score["evidence"] is not None:
        return None
    found: dict[str, Any] | None = score["details"].get("estimate")
    return found


def _labels(ledger: Ledger) -> dict[str, Any] | None:
    """Return which rows wait for their labels, which have counted, and how long labels take."""
    stored = ledger.facts.get(LABELS)
    if stored is None:
        return None
    standing = json.loads(stored)

    def shared(rows: Iterable[Row]) -> list[Row]:
        return [{**row, "share": row["labelled"] / max(row["rows"], 1)} for row in rows]

    return {
        "waiting": shared(standing["waiting"]),
        "counted": shared(standing["counted"].values()),
        "delays": standing["delays"],
        "unmatched": standing.get("unmatched", 0),
    }


def _details(score: Row | None, release: Row | None) -> dict[str, Any]:
    """Return what is drawn: of the newest batch, or of the held-out rows before the first one."""
    if score is not None:
        drawn = {name: part for name, part in score["details"].items() if name != "evidence"}
        return {"details": drawn, "details_of": "batch"}
    held_out = (release or {"reference": {}})["reference"].get("details") or {}
    return {"details": held_out, "details_of": "holdout" if held_out else None}


def history_rows(ledger: Ledger, rows: list[Row]) -> list[dict[str, Any]]:
    """Return scores as the answers have them, each with its batch's name."""
    orders = [row["order"] for row in rows]
    within = [batches.c.order.between(min(orders), max(orders))] if orders else []
    names = batch_names(ledger, *within) if orders else {}
    return [
        {
            "batch": row["batch"],
            "name": names[row["batch"]]["name"] if row["batch"] in names else row["batch"],
            "order": row["order"],
            "release": row["release"],
            "score": row["value"],
            **{key: row[key] for key in ("low", "high", "reference", "level", "verdict")},
            **{key: row[key] for key in ("e_value", "alarm_at")},
            "at": seconds(row["at"]),
        }
        for row in rows
    ]


def newest_score(ledger: Ledger, release: str | None, moment: AsOf = NOW) -> Row | None:
    """Return the release's newest score by then, None when there is none."""
    where = [scores.c.release == release, scores.c.run <= moment.run]
    return ledger.scores.first(*where, order=[scores.c.order.desc()]) if release else None


def _task(service: Service, release: Row | None) -> dict[str, Any]:
    """Return the task and how it is measured, as far as they are known."""
    task = release["facts"].get("task") if release else service.project.config.task
    if task is None:
        return {"task": None, "metric": service.project.config.metric, "higher_is_better": None}
    metric = service.project.metric(task)
    return {"task": task, "metric": metric.name, "higher_is_better": metric.higher_is_better}


def _measured(score: Row | None, release: Row | None) -> dict[str, Any]:
    """Return the numbers of the newest score; the alarm's level holds before there is one."""
    if score is None:
        level = ((release or {}).get("level") or {}).get("value")
        empty = dict.fromkeys(("score", "interval", "confidence", "detectable", "unseen"))
        return {**empty, "level": level, "unseen_rows": 0}
    return {
        "score": score["value"],
        "interval": None if score["low"] is None else [score["low"], score["high"]],
        **{key: score[key] for key in ("confidence", "level", "detectable", "unseen", "unseen_rows")},
    }


def _batch(ledger: Ledger, score: Row | None) -> dict[str, Any] | None:
    """Return the batch that was scored: the rows and labels that its score rests on."""
    if score is None:
        return None
    return {
        "id": score["batch"],
        "name": ledger.batches.name_of(score["batch"]),
        **{key: score[key] for key in ("order", "rows", "labelled")},
    }


def _verdict(ledger: Ledger, live: str | None, score: Row | None, moment: AsOf) -> dict[str, str]:
    """Return the verdict and its reason, also where there is nothing to judge yet."""
    if score is not None:
        return {"verdict": score["verdict"], "reason": score["reason"]}
    reason = "The live release has not been scored yet; the next labelled batch will be its first."
    if live is None:
        where = [decisions.c.kind == "gate", decisions.c.run <= moment.run]
        gate = ledger.decisions.first(*where, order=[decisions.c.at.desc()])
        reason = gate["reason"] if gate else "Nothing is deployed, so there is nothing to judge."
    return {"verdict": "insufficient data", "reason": reason}


def _evidence(ledger: Ledger, score: Row | None, false_alarm: float) -> dict[str, Any]:
    """Return what the alarm has against the release so far; a batch short of labels does not count."""
    if score is None:
        none = {"e_value": None, "alarm_at": None, "batches": 0, "false_alarm": false_alarm}
        return {**none, **dict.fromkeys(PARTS)}
    where = [scores.c.release == score["release"], scores.c.order <= score["order"]]
    counted = ledger.scores.first(*where, scores.c.evidence.is_not(None), order=[scores.c.order.desc()])
    count = counted["evidence"]["process"]["batches"] if counted else 0
    shown = {"e_value": score["e_value"], "alarm_at": score["alarm_at"]}
    parts = score["details"].get("evidence") or {}
    return {
        **shown,
        "batches": count,
        "false_alarm": false_alarm,
        **{name: parts.get(name) for name in PARTS},
    }


def _incident(ledger: Ledger, row: Row | None) -> dict[str, Any] | None:
    """Return an incident with the names of its batches."""
    if row is None:
        return None
    about = batches.c.order.in_([row["order"], row["since"]])
    names = {batch["order"]: batch["name"] for batch in batch_names(ledger, about).values()}
    return {
        "id": row["id"],
        "release": row["release"],
        "opened_at": seconds(row["opened_at"]),
        "opened_by": names.get(row["order"]),
        "since": names.get(row["since"]),
        "attempts": row["attempts"],
        "state": row["state"],
    }
