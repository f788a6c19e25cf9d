"""What a person should know besides the score: packages, missing data, and what to do next.

This step decides what is worth an advice. It writes for the service to read; the service never asks
for anything to be measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from vigil import packages
from vigil.bundles import pointer
from vigil.command import parser, perform, print_json
from vigil.project import Project
from vigil.run import begun

Advice = dict[str, str]


def run(project: Project) -> dict[str, Any]:
    """Write down the state of the packages and the advice that follows from the newest batch."""
    found = {
        "packages": packages.check(ask_latest=project.config.packages, now=project.ledger.facts.now()),
        "advice": advise(project),
    }
    project.ledger.facts.set(**{key: json.dumps(value) for key, value in found.items()})
    return found


def advise(project: Project) -> list[Advice]:
    """Return what to do next, most urgent first."""
    live = pointer.read(project.production)
    batches = project.ledger.batches.all()
    advice = about_files(project)
    if live is None:
        if batches:
            what = "No model is deployed: no candidate was better than a constant answer."
            do = "Bring more rows, or columns that tell more about the target; then python fullprocess.py"
            advice.insert(0, _advice("act", what, do))
        return advice
    score = project.ledger.scores.latest(release=live.release)
    incident = project.ledger.incidents.open_for(live.release)
    if incident:
        tried = incident["attempts"]
        what = f"The live model has become worse; challengers were tried {tried} times, and none was better."
        do = "python fullprocess.py --explain RUN shows why; python deployment.py --acknowledge closes it"
        advice.insert(0, _advice("act", what, do))
    elif score and score["verdict"] == "insufficient data":
        what = "There is too little data to judge the live model."
        advice.insert(
            0, _advice("warn", what, "Bring more labelled rows, or raise 'max_drop' or 'tolerance'.")
        )
    elif score and score["verdict"] == "watch":
        advice.insert(
            0, _advice("warn", "Evidence against the live model is growing.", "Wait for more rows.")
        )
    return advice


def about_files(project: Project) -> list[Advice]:
    """Advise on files that stand refused, and on rows that the newest batches left in quarantine."""
    advice = []
    for file in project.ledger.files.with_status("refused"):
        name = file["details"]["name"]
        do = f"Correct the file, or edit the contract; then: python ingestion.py --check {name}"
        advice.append(_advice("act", f"{name} was refused: {file['reason']}", do))
    for batch in project.ledger.batches.newest_run():
        if batch.quarantined:
            what = f"{batch.quarantined:,} rows of {batch.name} are in quarantine."
            do = "Their lines, values and rules are in the quarantine folder."
            advice.append(_advice("warn", what, do))
    return advice


def _advice(severity: str, what: str, do: str) -> Advice:
    return {"severity": severity, "what": what, "do": do}


def command(project: Project, options: argparse.Namespace) -> None:
    """Diagnose now, and print what was found."""
    with project.locked(), begun(project, "diagnostics") as current, current.step("diagnostics"):
        found = run(project)
    if options.json:
        print_json(found)
        return
    say = project.console.say
    for item in found["advice"]:
        say(f"{item['severity']}: {item['what']} {item['do']}")
    say(f"packages (latest: {found['packages']['checked']}):")
    for item in found["packages"]["list"]:
        mark = " " if item["ok"] else "!"
        say(f" {mark} {item['name']:<16} {item['installed'] or 'missing':<12} wanted {item['wanted']}")


if __name__ == "__main__":
    cli = parser(__doc__.splitlines()[0])
    cli.add_argument("--json", action="store_true", help="print it as JSON")
    sys.exit(perform(command, cli.parse_args()))
