"""``/scoring``: how the live model does on data that it had not seen, and how sure that is."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import request

from vigil.ledger.ledger import Ledger
from vigil.ledger.schema import decisions, scores
from vigil.ledger.shelf import Row
from vigil.web.asof import NOW, AsOf, as_of, batch_names, seconds
from vigil.web.service import Service

_REFERENCE = ("score", "interval", "rows", "baseline")


def blueprint(service: Service) -> APIBlueprint:
    """Build the endpoint."""
    routes = APIBlueprint("scoring", __name__)

    @routes.get("/scoring")
    @routes.doc(
        summary="The live model's score, its interval, and the verdict",
        description="`?run=ID` answers as it stood after that run.",
        responses={200: "Score, reference, verdict, evidence, history", 404: "No such run"},
    )
    def scoring() -> dict[str, Any]:
        return standing(service, as_of(service.project.ledger, request.args))

    return routes


def standing(service: Service, moment: AsOf) -> dict[str, Any]:
    """Return the whole answer, from one look at the live release."""
    ledger = service.project.ledger
    snapshot = service.live.snapshot()
    live = snapshot.release if moment.is_now else moment.release(ledger)
    release = ledger.releases.get(live) if live else None
    newest = newest_score(ledger, live, moment)
    history = history_rows(ledger, ledger.scores.history(through_run=moment.run))
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
        "history": history,
        "incident": _incident(ledger, moment.incident(ledger)),
    }


def _details(score: Row | None, release: Row | None) -> dict[str, Any]:
    """Return what is drawn: of the newest batch, or of the held-out rows before the first one."""
    if score is not None:
        return {"details": score["details"], "details_of": "batch"}
    held_out = (release or {"reference": {}})["reference"].get("details") or {}
    return {"details": held_out, "details_of": "holdout" if held_out else None}


def history_rows(ledger: Ledger, rows: list[Row]) -> list[dict[str, Any]]:
    """Return scores as the answers have them, each with its batch's name."""
    names = batch_names(ledger)
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
    batch = ledger.batches.get(score["batch"])
    name = batch.name if batch else score["batch"]
    return {
        "id": score["batch"],
        "name": name,
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
        return {"e_value": None, "alarm_at": None, "batches": 0, "false_alarm": false_alarm}
    where = [scores.c.release == score["release"], scores.c.order <= score["order"]]
    counted = ledger.scores.first(*where, scores.c.evidence.is_not(None), order=[scores.c.order.desc()])
    batches = counted["evidence"]["process"]["batches"] if counted else 0
    shown = {"e_value": score["e_value"], "alarm_at": score["alarm_at"]}
    return {**shown, "batches": batches, "false_alarm": false_alarm}


def _incident(ledger: Ledger, row: Row | None) -> dict[str, Any] | None:
    """Return an incident with the names of its batches."""
    if row is None:
        return None
    names = {batch["order"]: batch["name"] for batch in batch_names(ledger).values()}
    return {
        "id": row["id"],
        "release": row["release"],
        "opened_at": seconds(row["opened_at"]),
        "opened_by": names.get(row["order"]),
        "since": names.get(row["since"]),
        "attempts": row["attempts"],
        "state": row["state"],
    }
