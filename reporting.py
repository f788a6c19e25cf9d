"""What the service says becomes documents: the answers as they stood, the charts, and what is made of both.

This step decides which runs deserve a report: those with news, once each, and how many are kept.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from vigil import cards, charts, documents, picturing
from vigil.caller import Caller, service
from vigil.command import parser, perform
from vigil.documents.chapters import since
from vigil.errors import VigilError
from vigil.project import Project
from vigil.storage import durable

#: The answers that every document is made of.
ANSWERS = "apireturns.json"

#: The charts of the run, drawn once: every document places them.
DRAWN = "charts.json"

#: Runs that a report may tell of.
TOLD_RUNS = 50


def run(project: Project) -> list[Path]:
    """Write the documents of every run that has news and none yet; return the reports' paths."""
    due, when = project.ledger.runs.unreported(), project.config.reports.when
    written = []
    if due and when != "never":
        with service(project) as caller:
            for number in project.console.progress(due, "writing reports", len(due)):
                written += report(project, caller, number, always=when == "news")
            picturing.keep(project, {name: caller.get(f"/{name}") for name in ("scoring", "diagnostics")})
    for number in due:
        project.ledger.runs.reported(number)
    forget_old(project)
    return written


def report(project: Project, caller: Caller, number: int, *, always: bool = True) -> list[Path]:
    """Write one run's folder: first the answers, then all documents from them alone; and the model cards.

    Unless ``always``, a run after which everything stands as before gets none.
    """
    answers = returns(project, caller, number)
    write_cards(project, caller, answers)
    if not (always or since.differs(answers)):
        return []
    folder = project.reports / f"{number:06d}"
    text = json.dumps(answers, indent=1, ensure_ascii=False, sort_keys=True)
    durable.write_atomic(folder / ANSWERS, text.encode())
    trend = picturing.trend(project.ledger, picturing.USUAL, answers["scoring"]["release"], number)
    drawn = json.dumps(charts.drawn(answers | {"trend": trend}), ensure_ascii=False, sort_keys=True)
    durable.write_atomic(folder / DRAWN, drawn.encode())
    return [rebuild(folder)]


def rebuild(folder: Path) -> Path:
    """Make every document of a run from its stored answers and charts; the same give the same bytes.

    Charts that were not kept, as of an older report, are drawn from the answers.
    """
    answers = json.loads((folder / ANSWERS).read_text())
    if (folder / DRAWN).exists():
        answers["charts"] = json.loads((folder / DRAWN).read_text())
    for name in documents.names():
        durable.write_atomic(folder / name, documents.build(name, answers))
    return folder / "report.pdf"


def write_cards(project: Project, caller: Caller, answers: dict[str, Any]) -> None:
    """Write the cards of the live release and of those that this run decided about."""
    decided = [row["release"] for row in answers["run_detail"]["decisions"]]
    for release in sorted({answers["scoring"]["release"], *decided} - {None, ""}):
        card = caller.get(f"/models/{release}/card")
        for ending, content in ((".md", cards.markdown(card).encode()), (".html", cards.page(card))):
            durable.write_atomic(project.reports / "cards" / f"{release}{ending}", content)


def returns(project: Project, caller: Caller, number: int) -> dict[str, Any]:
    """Return what the service says of one run."""
    detail, scoring = caller.get(f"/runs/{number}"), caller.get(f"/scoring?run={number}")
    runs = [run for run in caller.get(f"/runs?limit={TOLD_RUNS}")["runs"] if run["run"] <= number]
    now = caller.get("/scoring?limit=1")
    before = next((run for run in runs if run["news"] and run["run"] < number), None)
    return {
        "schema": 1,
        "project": project.name,
        "run": number,
        "generated": detail["finished"],
        "scoring": scoring,
        "card": caller.get(f"/models/{scoring['release']}/card") if scoring["release"] else None,
        "summarystats": caller.get(f"/summarystats?run={number}"),
        "diagnostics": caller.get(f"/diagnostics?run={number}"),
        "run_detail": detail,
        "models": caller.get("/models"),
        "runs": [run for run in runs if run["news"]],
        "now": {key: now[key] for key in ("labels", "training_paused", "probation")},
        "previous": previous(caller, before) if before else None,
    }


def previous(caller: Caller, run: dict[str, Any]) -> dict[str, Any]:
    """Return what the service says of the run before, as far as a report compares with it."""
    scoring = caller.get(f"/scoring?run={run['run']}&limit=1")
    found = caller.get(f"/diagnostics?run={run['run']}")
    kept = {key: value for key, value in scoring.items() if key not in ("details", "history")}
    return {
        "run": run["run"],
        "generated": run["finished"],
        "scoring": kept,
        "diagnostics": {key: found[key] for key in ("drift", "faults")},
    }


def forget_old(project: Project) -> None:
    """Keep the newest reports only, when the config says how many."""
    keep = project.config.retention.reports
    if keep and project.reports.is_dir():
        numbered = [folder for folder in project.reports.iterdir() if folder.name.isdecimal()]
        for folder in sorted(numbered)[:-keep]:
            durable.remove_tree(folder)


def command(project: Project, options: argparse.Namespace) -> None:
    """Write what is due, or one run's documents again."""
    if options.run is None:
        with project.locked():
            written = run(project)
        for path in written:
            project.console.say(f"report: {path}")
        if not written:
            project.console.say("Every run with news has its report.")
        return
    folder = project.reports / f"{options.run:06d}"
    if not (folder / ANSWERS).exists():
        raise VigilError(
            "has no stored answers.", where=str(folder), hint="See: python fullprocess.py --explain RUN"
        )
    project.console.say(f"report: {rebuild(folder)}")


if __name__ == "__main__":
    cli = parser("Write the documents of every run that has news.")
    cli.add_argument("--run", type=int, help="make one run's documents again, from its stored answers")
    sys.exit(perform(command, cli.parse_args()))
