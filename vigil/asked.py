"""What ``python fullprocess.py`` and ``python ingestion.py`` were asked for besides their work."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from vigil import figures, starting
from vigil.command import guarded, perform, print_json
from vigil.errors import FileRefused, VigilError
from vigil.ledger import glance
from vigil.ledger.connection import sqlite_path
from vigil.ledger.glance import PAUSED
from vigil.project import Project
from vigil.records import RowFault
from vigil.storage import durable, homes

Tick = Callable[..., dict[str, Any]]

#: Ticks that nobody watches; one that a person starts runs all the same.
UNWATCHED = ("schedule", "cron")


def answer(options: argparse.Namespace, tick: Tick) -> int:
    """Do what the options ask for; return the exit code."""
    if options.init:
        return guarded(
            lambda: starting.init(Path(options.init), Path(options.config), options.target),
            Path(options.config),
        )
    if options.target:
        return guarded(_target_alone)
    if options.explain is not None:
        return perform(explain, options)
    if options.dry_run:
        return perform(lambda project, chosen: rehearse(project, chosen, tick), options)
    if options.pause or options.resume:
        return perform(pause, options)
    return perform(lambda project, chosen: _tick(project, chosen, tick), options)


def _target_alone() -> None:
    """Refuse to name a target where a project has its config already."""
    hint = "A project that is there has its 'target' in the config."
    raise VigilError("goes with --init.", where="--target", hint=hint)


def pause(project: Project, options: argparse.Namespace) -> None:
    """Let the ticks that nobody watches do nothing, or go on; a tick at work is not cut off."""
    if options.resume:
        project.ledger.facts.set(**{PAUSED: ""})
        project.console.say("Scheduled ticks go on.")
        return
    project.ledger.facts.set(**{PAUSED: project.ledger.facts.now()})
    project.console.say("Scheduled ticks are paused. They go on with: python fullprocess.py --resume")


def _tick(project: Project, options: argparse.Namespace, tick: Tick) -> None:
    paused = project.ledger.facts.get(PAUSED) if options.trigger in UNWATCHED else None
    if paused:
        project.console.say(
            f"Paused since {figures.moment(paused)}. Go on with: python fullprocess.py --resume"
        )
        return
    folder = Path(options.input).absolute() if options.input else None
    how = {"trigger": options.trigger, "force": options.force_retrain, "since": _since(project, options)}
    found = tick(project, folder=folder, **how, **_steps(options))
    glance.looked(project.config_path)
    if options.json:
        print_json(found)
        return
    if not (found["files"] or found["decisions"] or found["reports"]):
        project.console.say("Nothing new.")
    for path in found["reports"]:
        project.console.say(f"report: {os.path.relpath(path)}")


def _since(project: Project, options: argparse.Namespace) -> int | None:
    """Return the order of the batch that ``--since`` names. Raises VigilError when it names none."""
    if options.since is None:
        return None
    if not options.force_retrain:
        raise VigilError("goes with --force-retrain.", where="--since")
    found = project.ledger.batches.all()
    for batch in reversed(found):
        if options.since in (batch.name, batch.id, str(batch.order)):
            return batch.order
    newest = ", ".join(batch.name for batch in found[-3:]) or "none"
    raise VigilError(
        f"there is no batch {options.since}.", where="--since", hint=f"The newest are: {newest}."
    )


def _steps(options: argparse.Namespace) -> dict[str, Any]:
    """Return the steps that were asked for, nothing where all are taken."""
    return {"steps": options.steps} if options.steps else {}


def explain(project: Project, options: argparse.Namespace) -> None:
    """Print what a run took in and decided, with the evidence of each decision."""
    ledger, number = project.ledger, options.explain
    run = ledger.runs.get(number)
    if run is None:
        latest = ledger.runs.latest(limit=1)
        hint = f"The newest is {latest[0]['run']}." if latest else "There is none yet."
        raise VigilError(f"there is no run {number}.", where=project.name, hint=hint)
    decisions = ledger.decisions.of_run(number)
    if options.json:
        print_json({"run": run, "files": ledger.files.of_run(number), "decisions": decisions})
        return
    say = project.console.say
    say(f"run {number}, {figures.moment(run['started'])}, {run['status']}: {run['summary']}")
    for file in ledger.files.of_run(number):
        say(f"\n{file['details']['name']}  {file['status']}  sha256 {file['digest'][:16] or '–'}")
        if file["reason"]:
            say(f"  {file['reason']}")
        for fault in file["details"]["faults"]:
            say(f"  {RowFault(**fault)}")
    names = {batch.id: batch.name for batch in ledger.batches.all()}
    for decision in decisions:
        say(f"\n{names.get(decision['batch'], '')}  {decision['kind']} → {decision['outcome']}")
        say(f"  {decision['reason']}")
        for key, value in decision["evidence"].items():
            say(f"  {key:>16}: {_short(value)}")


def _short(value: Any) -> Any:
    """Return evidence with four digits in each number; ``--json`` has them all."""
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_short(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def about_file(project: Project, name: str, examine: Callable[..., Any]) -> None:
    """Explain what would become of one file, by the contract as it is edited now; change nothing.

    Raises ContractError where a tick would refuse the edits, so that nothing is promised that it does not do.
    """
    from vigil.batches import edits
    from vigil.batches.ahead import Source
    from vigil.batches.arrival import Arrival, NewFile, told
    from vigil.batches.history import History

    say, path = project.console.say, _found(project, name)
    contract, changes = edits.asked(project.output, project.table, project.config)
    for change in changes:
        say(f"contract.json, edited since the last tick: {change}")
    file = NewFile(path, glance.path_key(path, project.root), glance.stamp(path.stat()))
    source, drop = Source(file, project.config.memory_mb * 1_000_000), project.config.duplicates == "drop"
    with tempfile.TemporaryDirectory(prefix="vigil-") as aside:
        history = History(project.ledger, project.table, project.seen, drop=drop, aside=Path(aside))
        found = examine(project, source, [], contract, history, project.ledger.batches.by_digest)
    for line in (found.line, *told(found.faults)) if isinstance(found, Arrival) else found.explained:
        say(line)


def _found(project: Project, name: str) -> Path:
    """Return a file's path: as given, or as advice names it, from the project's folder or its input."""
    for folder in (Path.cwd(), project.root, project.input):
        if (folder / name).is_file():
            return (folder / name).absolute()
    raise FileRefused("there is no such file.", where=name)


def about_contract(project: Project) -> None:
    """List the versions of the contract, each with what it changed."""
    from vigil import contract as contracts

    for version, changes in contracts.history(project.output):
        project.console.say(f"v{version}: {'; '.join(changes) or 'the first version'}")


def export(project: Project, to: str | None) -> None:
    """Write the rows in quarantine as CSV."""
    from vigil.batches import export as exporting

    path = Path(to) if to else project.output / "quarantine.csv"
    count = exporting.write(project.output, project.ledger.batches.all(), project.contract(), path.absolute())
    project.console.say(f"{count:,} rows from quarantine written to {path}")


def rehearse(project: Project, options: argparse.Namespace, tick: Tick) -> None:
    """Run the tick on a copy of the project, so that everything stays as it is.

    Files that never change (rows, bundles) are linked and not copied.
    """
    if sqlite_path(project.config.ledger, project.root) is None:
        hint = "Leave --dry-run out, or rehearse on a copy with a SQLite ledger."
        raise VigilError("a dry run needs a ledger in a SQLite file.", where="--dry-run", hint=hint)
    folder = Path(options.input).absolute() if options.input else None
    with tempfile.TemporaryDirectory(prefix="vigil-dry-run-") as scratch:
        copy = _copied(project, Path(scratch))
        try:
            found = tick(copy, folder=folder, force=options.force_retrain, report=False, **_steps(options))
        finally:
            copy.close()
    if options.json:
        print_json(found)
    elif not found["files"] and not found["decisions"]:
        project.console.say("Nothing new.")
    project.console.say("This was a dry run: nothing was changed.")


def _copied(project: Project, scratch: Path) -> Project:
    """Return a copy of the project that reads where it reads, and writes only below `scratch`."""
    settings = json.loads(project.config_path.read_bytes())
    settings["input_folder_path"] = str(project.input)
    settings.pop("alerts", None)  # a rehearsal tells nobody
    settings.pop("storage", None)  # and stays on this machine
    if project.test_data:
        settings["test_data_path"] = str(project.test_data)
    folders = {
        "output_folder_path": project.output,
        "output_model_path": project.models,
        "prod_deployment_path": project.production,
    }
    for key, folder in folders.items():
        settings[key] = str(scratch / key)
        if folder.is_dir():
            # Whatever Vigil writes it writes aside and renames, so that a linked file never changes.
            shutil.copytree(folder, scratch / key, copy_function=durable.link_or_copy, ignore=_notes)
    ledger = sqlite_path(project.config.ledger, project.root)
    settings["ledger"] = f"sqlite:///{scratch / 'ledger.db'}"
    if ledger is not None and ledger.exists():
        with (
            closing(sqlite3.connect(ledger)) as source,
            closing(sqlite3.connect(scratch / "ledger.db")) as copy,
        ):
            source.backup(copy)
    config = scratch / "config.json"
    config.write_text(json.dumps(settings), encoding="utf-8")
    return Project(config, root=project.root, clock=project.clock, console=project.console)


def _notes(_folder: str, names: list[str]) -> list[str]:
    """Leave out what says where a folder is kept: the copy is kept nowhere else."""
    return [name for name in names if name in homes.NOTES]
