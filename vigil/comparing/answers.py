"""What ``python training.py`` is asked for besides training: list, compare, export."""

from __future__ import annotations

import argparse

from vigil import exporters, figures
from vigil.bundles import pointer
from vigil.command import print_json
from vigil.comparing import measure, runs, shapley, sheets
from vigil.errors import VigilError
from vigil.project import Project
from vigil.storage import durable


def answer(project: Project, options: argparse.Namespace) -> None:
    """Do what the options ask for."""
    if options.runs:
        _show_runs(project, as_json=options.json)
    elif options.compare:
        _compare(project)
    elif options.shap is not None:
        _explain(project, options.shap)
    else:
        _export(project, options)


def _show_runs(project: Project, *, as_json: bool) -> None:
    """Print every training with its settings and scores."""
    found = runs.rows(project)
    if as_json:
        print_json(found)
        return
    for line in runs.as_lines(found) if found else ["Nothing was trained yet."]:
        project.console.say(line)


def _compare(project: Project) -> None:
    """Judge the newest candidates and the live release on the same held-out rows; write pictures."""
    releases = project.ledger.releases.all()
    newest = max((row["through"] for row in releases), default=0)
    chosen = [row["id"] for row in releases if row["through"] == newest or row["state"] == "live"]
    if not chosen:
        project.console.say("Nothing was trained yet.")
        return
    found = measure.compare(project, chosen)
    folder = project.reports / "comparison"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in sheets.files(found).items():
        durable.write_atomic(folder / name, content)
    for one in found:
        best = ", ".join(row.column for row in one.importances[:3])
        auc = f", AUC {figures.score(one.details['auc'])}" if "auc" in one.details else ""
        shown = figures.score(one.value)
        project.console.say(f"{one.release}  {one.metric} {shown}{auc}  {one.title}; most valuable: {best}")
    project.console.say(f"written: {folder}")


def _explain(project: Project, asked: str) -> None:
    """Take a release's answers apart, the live one's unless another is named; write picture and tables."""
    live = pointer.read(project.production)
    release = asked or (live.release if live else "")
    if not release:
        hint = "Name a candidate: python training.py --shap ID"
        raise VigilError("no model is live.", where="--shap", hint=hint)
    found = shapley.explain(project, release)
    for name, content in shapley.files(found).items():
        durable.write_atomic(project.reports / "comparison" / name, content)
    for column, size in found.weights[: shapley.MOST]:
        project.console.say(f"{size:10.4f}  {column}")
    project.console.say(f"mean size of what each column adds to {', '.join(found.outputs)}")
    project.console.say(f"written: {project.reports / 'comparison'}")


def _export(project: Project, options: argparse.Namespace) -> None:
    """Send every training to a tracking server that does not have it yet."""
    if not options.to:
        raise VigilError(
            "needs an address.", where="--export", hint="For example: --to http://127.0.0.1:5000"
        )
    trained = runs.rows(project)
    sent = exporters.export(options.export, trained, options.to, project.name)
    project.console.say(f"{sent} of {len(trained)} trainings were new to {options.to}")
