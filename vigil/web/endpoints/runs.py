"""``/runs`` and ``/runs/ID``: what each run found, scored and decided."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue

from vigil.ledger.ledger import Ledger
from vigil.ledger.shelf import Row
from vigil.web.asof import no_run, positive, seconds
from vigil.web.downloads import as_file
from vigil.web.endpoints.scoring import SCORE, history_rows
from vigil.web.errors import Refusal
from vigil.web.negotiation import answer
from vigil.web.routes import HTML, JSON, Routes
from vigil.web.service import Service
from vigil.web.shapes import ANYTHING, FLAG, NUMBER, TEXT, TIME, WHOLE, counted, listed, maybe, record

#: What one answer may list.
MOST = 1000
SHOWN_FAULTS = 10
#: Plain names of documents: none that leads elsewhere, none that is being written.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\.[a-z]{2,5}")
_SHOWN_STATUS = ("ingested", "refused", "duplicate")

_HEAD = {
    "run": WHOLE,
    "started": TIME,
    "finished": maybe(TIME),
    "status": TEXT,
    "trigger": TEXT,
    "summary": TEXT,
}
_FILE = record(
    name=TEXT,
    id=maybe(TEXT),
    order=maybe(WHOLE),
    **dict.fromkeys(("rows", "accepted", "quarantined", "duplicates", "labelled"), WHOLE),
    status=TEXT,
    reason=TEXT,
    faults=listed(record(line=WHOLE, column=TEXT, value=TEXT, rule=TEXT)),
)
_ONE = record(
    **_HEAD,
    batches=listed(_FILE),
    scores=listed(SCORE),
    decisions=listed(record(id=TEXT, kind=TEXT, release=TEXT, outcome=TEXT, reason=TEXT, evidence=ANYTHING)),
    steps=listed(record(step=TEXT, seconds=NUMBER)),
    documents=listed(TEXT),
)
_EXAMPLE = {
    "run": 2,
    "started": "2026-05-31T06:10:00Z",
    "finished": "2026-05-31T06:10:03Z",
    "status": "done",
    "trigger": "schedule",
    "summary": "1 ingested",
}
_DECISION = ("id", "kind", "release", "outcome", "reason", "evidence")


def blueprint(service: Service) -> Routes:
    """Build the endpoints."""
    routes = Routes("runs", __name__)
    ledger = service.project.ledger

    @routes.get("/runs")
    @routes.doc(
        summary="The newest runs first",
        description="`?limit=50`, 1000 at most.",
        responses={200: "Runs"},
        answer=record(runs=listed(record(**_HEAD, news=FLAG))),
        example={"runs": [{**_EXAMPLE, "news": True}]},
        query={"limit": counted(MOST)},
        produces=(JSON, HTML),
    )
    def listing() -> ResponseReturnValue:
        limit = positive(request.args.get("limit", "50"), "limit", most=MOST)
        runs = [overview(row) for row in ledger.runs.latest(limit=limit)]
        return answer({"runs": runs}, "runs.html", project=service.project.name)

    @routes.get("/runs/<int:run>")
    @routes.doc(
        summary="One run in full",
        responses={200: "The run", 404: "No such run"},
        answer=_ONE,
        example={**_EXAMPLE, "batches": [], "scores": [], "decisions": [], "steps": [], "documents": []},
        produces=(JSON, HTML),
    )
    def one(run: int) -> ResponseReturnValue:
        row = ledger.runs.get(run) if run < 2**31 else None
        if row is None:
            raise no_run(run)
        found = {**detail(ledger, row), "documents": documents(service, run)}
        return answer(found, "run.html", project=service.project.name)

    @routes.get("/runs/<int:run>/documents/<name>")
    @routes.doc(
        summary="A document of a run, as a file",
        responses={200: "The file", 404: "No such document"},
        need="admin",
        produces=("application/octet-stream",),
    )
    def document(run: int, name: str) -> Response:
        if run >= 2**31 or name not in documents(service, run):
            hint = f"GET /runs/{run} lists what there is."
            raise Refusal(404, "no-such-document", "There is no document of that name.", hint)
        path = _folder(service, run) / name
        return as_file(path.read_bytes(), name, "application/octet-stream")

    return routes


def documents(service: Service, run: int) -> list[str]:
    """Return the names of the documents that were written about a run."""
    folder = _folder(service, run)
    return (
        sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name))
        if folder.is_dir()
        else []
    )


def _folder(service: Service, run: int) -> Path:
    return service.project.reports / f"{run:06d}"


def overview(row: Row) -> dict[str, Any]:
    """Return a run in one line."""
    times = {key: seconds(row[key]) for key in ("started", "finished")}
    return {"run": row["run"], **times, **{k: row[k] for k in ("status", "trigger", "news", "summary")}}


def detail(ledger: Ledger, row: Row) -> dict[str, Any]:
    """Return everything that a run found and decided."""
    files = [file for file in ledger.files.of_run(row["run"]) if file["status"] in _SHOWN_STATUS]
    scored = ledger.scores.history(run=row["run"])
    shown = history_rows(ledger, scored)
    head = overview(row)
    del head["news"]
    return {
        **head,
        "batches": sorted((_file(file) for file in files), key=lambda f: (f["order"] or 0, f["name"])),
        "scores": [{**s, "reason": r["reason"]} for s, r in zip(shown, scored, strict=True)],
        "decisions": [_decision(ledger, decision) for decision in ledger.decisions.of_run(row["run"])],
        "steps": row["steps"],
    }


def _file(row: Row) -> dict[str, Any]:
    """Return what became of one file, with its first faults."""
    details = row["details"]
    counts = ("rows", "accepted", "quarantined", "duplicates", "labelled")
    return {
        "name": details.get("name") or PurePosixPath(row["path"]).name,
        "id": row["batch"],
        "order": details.get("order") or None,
        **{key: details.get(key, 0) for key in counts},
        "status": row["status"],
        "reason": row["reason"],
        "faults": details.get("faults", [])[:SHOWN_FAULTS],
    }


def _decision(ledger: Ledger, row: Row) -> dict[str, Any]:
    return {**{key: row[key] for key in _DECISION}, "batch": ledger.batches.name_of(row["batch"])}
