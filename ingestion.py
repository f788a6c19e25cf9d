"""New files become batches: accepted, quarantined row by row, or refused whole.

This step decides which files are new and settled, in which order they count, and when so much of a
file is broken that it is refused.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from vigil import asked, intake
from vigil import contract as contracts
from vigil.batches import ahead, edits, noting, reading, whole
from vigil.batches.ahead import Source
from vigil.batches.arrival import Accepted, Arrival, NewFile, natural
from vigil.batches.commit import Committer
from vigil.batches.group import Group
from vigil.batches.history import History
from vigil.batches.reading import Begin, InBlocks
from vigil.batches.rejudging import Rejudging
from vigil.command import parser, perform
from vigil.errors import ContractError, FileRefused, FileUnreadable
from vigil.ledger import glance
from vigil.project import Project
from vigil.records import Batch, Contract
from vigil.run import begun

#: Rows that are held in memory before they are committed to the table together.
GROUP_ROWS = 1_000_000


def run(project: Project, *, run: int, folder: Path | None = None) -> list[Arrival]:
    """Take in every new, settled file of the input folder (or `folder`); return what became of each.

    Rows in quarantine come first, when the contract has a new version.
    """
    config, ledger, output = project.config, project.ledger, project.output
    committer = Committer(ledger, project.table, project.seen, output, drop=config.duplicates == "drop")
    committer.finish_interrupted()
    rejudging = Rejudging(committer, ledger, project.table, output)
    # What a killed run left half judged is finished by its own version, before there is a next one.
    arrivals = rejudging.run(contracts.load(output), run=run)
    arrivals += rejudging.run(take_up_edits(project), run=run)
    found = {file: file.unsettled(config.settle_seconds) for file in new_files(project, folder)}
    arrivals += [Arrival(file.name, "waiting", why) for file, why in found.items() if why]
    files = [file for file, why in found.items() if not why]
    group = Group(committer, project.contract, arrivals, run=run, most=GROUP_ROWS)
    sources = ahead.sources(files, output, config.memory_mb * 1_000_000, group.cuts)
    for source in project.console.progress(sources, "reading files", len(files)):
        if source.block_size:
            group.commit()  # a file that is read in blocks is committed by itself, after those before it
        outcome = judge(project, committer, source, group.files, run)
        if isinstance(outcome, Accepted):
            group.add(outcome)
        elif isinstance(outcome, InBlocks):
            arrivals.append(committer.commit_pieces(outcome, run=run))
        elif outcome is not None:
            arrivals.append(outcome)
    group.commit()
    for line in committer.lost():
        project.console.say(line)
    return arrivals


def new_files(project: Project, folder: Path | None = None) -> list[NewFile]:
    """Return files that the ledger does not know as they are now, in natural order of their names.

    A refused file is new again when the contract has a new version, or is not there yet.
    """
    folder = (folder or project.input).absolute()
    project.ask_there(folder)
    known = project.ledger.files.known()
    stored = contracts.load(project.output)
    version = stored.version if stored else 0
    found = []
    for path, stamp in glance.stamped(folder, project.labelled):
        file = NewFile(path, glance.path_key(path, project.root), stamp)
        row = known.get(file.key)
        if row is not None and (row["size"], row["mtime_ns"], row["inode"]) == file.stamp:
            again = version == 0 or row["contract_version"] < version
            if not (row["status"] == "refused" and again):
                continue
        found.append(file)
    return sorted(found, key=lambda file: natural(file.path.name))


def judge(
    project: Project, committer: Committer, source: Source, group: list[Accepted], run: int
) -> Accepted | InBlocks | Arrival | None:
    """Read and check one file; write down at once what will not reach the table.

    Returns None for a file that was taken in before and only touched or moved since.
    """
    ledger, file = project.ledger, source.file
    try:
        if noting.is_known(ledger, project.root, file, committer.batch_of(source.digest()), run=run):
            return None
        contract = contracts.load(project.output)
        history, known = committer.history, committer.batch_of
        outcome = examine(project, source, group, contract, history, known, committer.pieces)
    except (OSError, FileRefused) as error:
        why = error.what if isinstance(error, FileRefused) else f"cannot be read ({error.strerror})."
        return Arrival(file.name, "waiting", f"{why} The next tick tries again.")
    if isinstance(outcome, Arrival) and outcome.status != "waiting":
        stored = contracts.load(project.output)
        noting.write_down(ledger, file, outcome, version=stored.version if stored else 0, run=run)
    return outcome


def examine(
    project: Project,
    source: Source,
    group: list[Accepted],
    contract: Contract | None,
    history: History,
    batch_of: Callable[[str], Batch | None],
    begin: Begin | None = None,
) -> Accepted | InBlocks | Arrival:
    """Say what would become of a file under a contract; without ``begin`` nothing is written down."""
    file, name, digest = source.file, source.file.name, source.digest()
    if not intake.reads(file.path):
        return Arrival(name, "ignored", f"is not one of {', '.join(intake.suffixes())}.")
    known = batch_of(digest)
    twins = [known.name] if known else [item.file.name for item in group if item.digest == digest]
    if twins:
        return Arrival(name, "duplicate", f"has the same content as {twins[0]}.")
    first = partial(
        edits.begun,
        config=project.config,
        output=project.output,
        say=project.console.say,
        ask=lambda drafted: project.metric(drafted.task),
        keep=begin is not None,
    )
    try:
        read = reading.read(source, contract, first, begin, history)
    except FileUnreadable:
        raise
    except (FileRefused, ContractError) as refusal:
        return Arrival(name, "refused", f"{refusal.what} {refusal.hint}".strip())
    if glance.stamp(file.path.stat()) != file.stamp:
        return read.ended("waiting", "is still being written; the next tick takes it in.")
    reason = too_broken(project, read.tally)
    return read.ended("refused", reason) if reason else read.kept()


def too_broken(project: Project, tally: whole.Tally) -> str:
    """Say why a file is refused whole: a costly fault, too many broken rows, or a rule about files."""
    costly = whole.costly(tally)
    share, most = tally.quarantined / max(tally.rows, 1), project.config.quarantine_share
    if costly or share > most:
        broken = f"{tally.quarantined:,} of {tally.rows:,} rows are broken"
        return costly or f"{broken} ({share:.0%}, limit {most:.0%})."
    faults = whole.broken(tally, lambda: whole.reference(project.models, project.production, project.ledger))
    return f"{'; '.join(faults)}." if faults else ""


def take_up_edits(project: Project) -> Contract | None:
    """Make a person's edits of the contract its new version, so that what was left out is judged by it."""
    contract, changes = edits.take_up(project.output, project.table, project.config)
    if contract is not None:
        project.metric(contract.task)  # one that does not fit is said before anything is taken in
    for change in changes:
        project.console.say(f"contract v{contract.version if contract else 0}: {change}")
    return contract


def command(project: Project, options: argparse.Namespace) -> None:
    """Take in what is new; or explain a file, export the quarantine, list the contract's versions."""
    say = project.console.say
    if options.check:
        asked.about_file(project, options.check, examine)
        return
    if options.contract or options.export:
        asked.about_contract(project) if options.contract else asked.export(project, options.to)
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
    cli.add_argument("--contract", action="store_true", help="list the contract's versions and their changes")
    cli.add_argument("--export", choices=["quarantine"], help="write the rows in quarantine as CSV")
    cli.add_argument("--to", metavar="FILE", help="where to export to, instead of the output folder")
    sys.exit(perform(command, cli.parse_args()))
