"""What a person should know besides the score: faults of the feed, packages, and what to do next.

This step decides what is worth an advice, and writes it for the service to read.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from typing import Any

from vigil import breakers, changes, inspecting, learned, packages, probation, repairing, saying
from vigil.batches.merged import MergedProfiles
from vigil.bundles import pointer
from vigil.command import parser, perform, print_json
from vigil.errors import VigilError
from vigil.project import Project
from vigil.records import Batch
from vigil.run import begun
from vigil.stats import metrics
from vigil.stats.metrics import Metric

Advice = dict[str, str]

#: Columns that an advice names.
SHOWN = 3


def run(project: Project) -> dict[str, Any]:
    """Diagnose every score that has no diagnosis yet; write down packages, advice, profiles as one."""
    diagnose(project)
    held = [*learned.advice(project), *breakers.advice(project), *probation.advice(project)]
    found = {
        "packages": packages.check(ask_latest=project.config.packages, now=project.ledger.facts.now()),
        "advice": inspecting.with_faults(project, [*held, *advise(project)]),
    }
    project.ledger.facts.set(**{key: json.dumps(value) for key, value in found.items()})
    project.opened.setdefault("merged", MergedProfiles(project.ledger, project.output)).keep()
    return found


def inspect(project: Project, batch: Batch, *, run: int) -> str:
    """Look for faults in a batch, say each, and return what keeps it out of training."""
    return inspecting.tell(project, inspecting.inspect(project, batch, run=run))


def diagnose(project: Project) -> None:
    """Write what each scored batch changed for the release that met it."""
    undone = project.ledger.diagnoses.undone()
    if undone:
        found = sources(project)
        for pair in undone:
            try:
                changes.diagnose(found, pair)
            except VigilError as fault:
                # The score stands and the loop goes on; the next tick with news tries again.
                project.console.say(
                    f"  no diagnosis of batch {pair['order']}: {fault.what} {fault.hint}".rstrip()
                )


def sources(project: Project) -> changes.Sources:
    """Return what diagnoses are made from."""
    contract, table, bundles = project.contract(), project.table, project.models
    metric = shown(project.metric(contract.task))
    return changes.Sources(
        project.ledger, table, bundles, contract, metric, project.config, project.test_data
    )


def shown(metric: Metric) -> Metric:
    """Return what groups are compared by: right answers, where the metric is one of probabilities."""
    return metric if metric.of == "answer" else metrics.get("accuracy")


def advise(project: Project) -> list[Advice]:
    """Return what to do next, most urgent first."""
    live = pointer.read(project.production)
    batches = project.ledger.batches.all()
    advice = about_files(project) + about_drift(project)
    if live is None:
        if batches:
            what = "No model is deployed: no candidate was better than a constant answer."
            do = "Bring more rows, or columns that tell more about the target; then python fullprocess.py"
            advice.insert(0, _advice("act", what, do))
        return advice
    score = project.ledger.scores.latest(release=live.release)
    incident = project.ledger.incidents.open_for(live.release)
    if incident and incident["order"] not in project.ledger.faults.held():
        tried = incident["attempts"]
        none = f"challengers were tried {tried}×, and none was better" if tried else "no challenger was tried"
        what = f"The live model has become worse; {none}."
        advice.insert(0, _advice("act", what, learned.again(project, incident)))
    elif score and score["verdict"] == "insufficient data":
        advice.insert(0, _advice("warn", *saying.too_little(score)))
    elif score and score["verdict"] == "watch":
        advice.insert(0, _advice("warn", "Evidence against the live model grows.", "Wait for more rows."))
    return advice


def about_files(project: Project) -> list[Advice]:
    """Advise on files that stand refused, and on rows that the newest batches left in quarantine."""
    advice = []
    for file in project.ledger.files.with_status("refused"):
        name = file["details"]["name"]
        do = f"Correct the file, or edit the contract; then: python ingestion.py --check {shlex.quote(name)}"
        advice.append(_advice("act", f"{name} was refused: {file['reason']}", do))
    for batch in project.ledger.batches.newest_run():
        if batch.quarantined:
            what = f"{batch.quarantined:,} rows of {batch.name} are in quarantine."
            do = "python ingestion.py --export quarantine shows them; an edited contract judges them again."
            advice.append(_advice("warn", what, do))
    return advice


def about_drift(project: Project) -> list[Advice]:
    """Advise on drift that the newest batch was the first to show: once, and not of a broken feed."""
    found = project.ledger.diagnoses.latest()
    newest = project.ledger.batches.last_order()
    if found is None or found["order"] != newest or newest in project.ledger.faults.held():
        return []
    fresh = [column["words"] for column in found["drift"]["columns"] if column["new"]]
    if not fresh:
        return []
    more = f"; and in {len(fresh) - SHOWN} more" if len(fresh) > SHOWN else ""
    what = f"The data differs from what the release was trained on. {'; '.join(fresh[:SHOWN])}{more}."
    score = project.ledger.scores.get(found["release"], found["batch"])
    if score is not None and score.verdict in ("watch", "degraded"):
        return [_advice("warn", what, "It may be why the score fell: look there first.")]
    return [_advice("note", what, "The score shows no harm: nothing need be done. This is said once.")]


def _advice(severity: str, what: str, do: str) -> Advice:
    return {"severity": severity, "what": what, "do": do}


def command(project: Project, options: argparse.Namespace) -> None:
    """Diagnose now, and print what was found."""
    if repairing.asked(options):
        repairing.settle(project, options, run)
        return
    if options.explore:
        explore(project)
        return
    if options.rows:
        for line in changes.compare_rows(sources(project)):
            project.console.say(line)
        return
    with project.locked(), begun(project, "diagnostics") as current, current.step("diagnostics"):
        found = run(project)
    if options.json:
        print_json(found)
        return
    say = project.console.say
    for item in found["advice"]:
        say(f"{item['severity']}: {item['what']} {item['do']}")
    tell_changes(project)
    say(f"packages (latest: {found['packages']['checked']}):")
    for item in found["packages"]["list"]:
        mark = " " if item["ok"] else "!"
        say(f" {mark} {item['name']:<18} {item['installed'] or 'missing':<12} wanted {item['wanted']}")


def tell_changes(project: Project) -> None:
    """Print the newest diagnosis."""
    if (found := project.ledger.diagnoses.latest()) is not None:
        for line in changes.lines(found, project.ledger.batches.name_of(found["batch"])):
            project.console.say(line)


def explore(project: Project) -> None:
    """Write a first look at all rows, as a page and as a PDF."""
    from vigil import exploring
    from vigil.storage import durable

    contract, folder = project.contract(), project.reports / "explore"
    names = [column.name for column in contract.kept]
    looked = exploring.study(project.table.rows(columns=names), contract)
    documents = {
        "explore.html": exploring.page(project.name, looked).encode(),
        "explore.pdf": exploring.paper(project.name, looked),
    }
    for name, content in documents.items():
        durable.write_atomic(folder / name, content)
        project.console.say(f"first look: {os.path.relpath(folder / name)}")


if __name__ == "__main__":
    cli = parser(__doc__.splitlines()[0])
    cli.add_argument("--json", action="store_true", help="print it as JSON")
    cli.add_argument("--rows", action="store_true", help="compare rows: what no column shows alone")
    cli.add_argument("--explore", action="store_true", help="write a first look at the data")
    repairing.add_options(cli)
    sys.exit(perform(command, cli.parse_args()))
