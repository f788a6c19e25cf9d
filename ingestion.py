"""New files become batches: accepted, quarantined row by row, or refused whole.

This step decides which files are new and settled, in which order they count, and when so much of a
file is broken that it is refused.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path

from vigil import contract as contracts
from vigil import intake
from vigil.batches.arrival import Accepted, Arrival, NewFile
from vigil.batches.commit import Committer
from vigil.command import parser, perform
from vigil.errors import ContractError, FileRefused, VigilError
from vigil.ledger import glance
from vigil.project import Project
from vigil.records import Contract
from vigil.run import begun

#: Rows that are held in memory before they are committed to the table together.
GROUP_ROWS = 1_000_000


def run(project: Project, *, run: int, folder: Path | None = None) -> list[Arrival]:
    """Take in every new, settled file of the input folder (or `folder`); return what became of each."""
    config = project.config
    committer = Committer(
        project.ledger, project.table, project.seen, project.output, drop=config.duplicates == "drop"
    )
    committer.finish_interrupted()
    take_up_edits(project)
    files = new_files(project, folder)
    arrivals, group = list[Arrival](), list[Accepted]()
    for file in project.console.progress(files, "reading files", len(files)):
        outcome = judge(project, file, group, run)
        (group if isinstance(outcome, Accepted) else arrivals).append(outcome)  # type: ignore[arg-type]
        if sum(item.checked.table.num_rows for item in group) >= GROUP_ROWS:
            arrivals += committer.commit(group, project.contract(), run=run)
            group = []
    arrivals += committer.commit(group, project.contract(), run=run) if group else []
    for line in committer.lost():
        project.console.say(line)
    return arrivals


def new_files(project: Project, folder: Path | None = None) -> list[NewFile]:
    """Return files that the ledger does not know as they are now, in natural order of their names.

    A refused file is new again when the contract has a new version, or is not there yet. A file that
    was touched less than ``settle_seconds`` ago waits for a later tick.
    """
    folder = (folder or project.input).absolute()
    if not folder.is_dir():
        hint = f"Create it, or correct 'input_folder_path' in {project.config_path.name}."
        raise VigilError("the folder of arriving files does not exist.", where=str(folder), hint=hint)
    known = project.ledger.files.known()
    version = contract_version(project)
    settled = time.time_ns() - int(project.config.settle_seconds * 1e9)
    found = []
    for entry in sorted(glance.arrivals(folder), key=lambda entry: natural(entry.name)):
        path = Path(entry.path)
        file = NewFile(path, glance.path_key(path, project.root), glance.stamp(entry.stat()))
        row = known.get(file.key)
        if row is not None and (row["size"], row["mtime_ns"], row["inode"]) == file.stamp:
            again = version == 0 or row["contract_version"] < version
            if not (row["status"] == "refused" and again):
                continue
        if project.config.settle_seconds == 0 or file.stamp[1] <= settled:
            found.append(file)
    return found


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sort names as people count: week-2 before week-10."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def judge(project: Project, file: NewFile, group: list[Accepted], run: int) -> Accepted | Arrival:
    """Read and check one file; write down at once what will not reach the table."""
    try:
        outcome = examine(project, file, group)
    except OSError as error:
        return Arrival(file.name, "waiting", f"cannot be read now ({error.strerror}).")
    if isinstance(outcome, Arrival) and outcome.status != "waiting":
        project.ledger.files.record(
            file.key,
            file.stamp,
            digest="",
            status=outcome.status,
            batch=None,
            reason=outcome.reason,
            contract_version=contract_version(project),
            run=run,
            details=outcome.as_json(),
        )
    return outcome


def examine(project: Project, file: NewFile, group: list[Accepted]) -> Accepted | Arrival:
    """Say what would become of a file, changing nothing but a contract's first version."""
    name = file.name
    if not intake.reads(file.path):
        return Arrival(name, "ignored", f"is not one of {', '.join(intake.suffixes())}")
    digest = intake.digest(file.path)
    known = project.ledger.batches.by_digest(digest)
    twins = [known.name] if known else [item.file.name for item in group if item.digest == digest]
    if twins:
        return Arrival(name, "duplicate", f"has the same content as {twins[0]}.")
    try:
        raw = intake.read(file.path)
        contract = current_contract(project, raw)
        checked = contracts.check(contract, raw)
    except (FileRefused, ContractError) as refusal:
        return Arrival(name, "refused", f"{refusal.what} {refusal.hint}".strip())
    if glance.stamp(file.path.stat()) != file.stamp:
        return Arrival(name, "waiting", "is still being written; the next tick takes it in.")
    share = checked.quarantined / max(checked.rows, 1)
    if share > project.config.quarantine_share:
        limit = f"{project.config.quarantine_share:.0%}"
        reason = f"{checked.quarantined:,} of {checked.rows:,} rows are broken ({share:.0%}, limit {limit})."
        counts = {"rows": checked.rows, "quarantined": checked.quarantined, "faults": checked.faults}
        return Arrival(name, "refused", reason, **counts)  # type: ignore[arg-type]
    return Accepted(file, digest, checked, contract.version)


def current_contract(project: Project, raw: intake.RawTable) -> Contract:
    """Return the contract; infer its first version from `raw`, saying every guess."""
    stored = contracts.load(project.output)
    if stored is not None:
        return stored
    config = project.config
    contract, notes = contracts.infer(
        raw,
        target=config.target,
        key=config.key,
        time=config.time,
        ignore=config.ignore,
        task=config.task,
        positive=config.positive,
        slices=[*config.slices, *config.sensitive],
    )
    contracts.save(contract, project.output)
    for note in notes:
        project.console.say(f"contract v{contract.version}: {note}")
    return contract


def take_up_edits(project: Project) -> None:
    """Make a person's edits of the contract its new version, so that refused files are judged by it."""
    if contracts.load(project.output) is not None:
        contract, changes = contracts.refresh(project.output)
        for change in changes:
            project.console.say(f"contract v{contract.version}: {change}")


def contract_version(project: Project) -> int:
    """Return the contract's version, 0 before there is one."""
    stored = contracts.load(project.output)
    return stored.version if stored else 0


def command(project: Project, options: argparse.Namespace) -> None:
    """Take in what is new, or explain one file with ``--check``."""
    say = project.console.say
    if options.check:
        path = Path(options.check).absolute()
        if not path.is_file():
            raise FileRefused("is not a file that is there.", where=options.check)
        file = NewFile(path, glance.path_key(path, project.root), glance.stamp(path.stat()))
        found = examine(project, file, [])
        if isinstance(found, Arrival):
            say(found.line)
            return
        checked = found.checked
        say(f"{path.name}  would be ingested: {checked.table.num_rows:,} of {checked.rows:,} rows.")
        for fault in checked.faults[:20]:
            say(f"  line {fault.line}, {fault.column}: {fault.value!r} {fault.rule}")
        return
    with project.locked(), begun(project, "ingestion") as current:
        folder = Path(options.input).absolute() if options.input else None
        with current.step("ingestion"):
            arrivals = run(project, run=current.number, folder=folder)
    for arrival in arrivals:
        say(arrival.line)
    if not arrivals:
        say("Nothing new.")


if __name__ == "__main__":
    cli = parser("Take new files in; decide nothing.")
    cli.add_argument("--input", metavar="FOLDER", help="look here instead of input_folder_path")
    cli.add_argument("--check", metavar="FILE", help="say what would become of a file, and why")
    sys.exit(perform(command, cli.parse_args()))
