"""What is stored is kept in order: tidied, copied, given out, and forgotten when somebody asks for it.

This step decides when the table is compacted and how long its older versions are kept. A backup, a
restore, an export and the erasing of a key are a person's wish and never a tick's.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from vigil.command import guarded, parser, perform
from vigil.console import Console
from vigil.keeping import backup, erasure, export
from vigil.ledger.shelf import timestamp
from vigil.project import Project
from vigil.run import begun

#: The fact that says on which day old data files were last deleted.
SWEPT = "swept_on"


def run(project: Project) -> None:
    """Compact the table when many small files are there; once a day, sweep it."""
    retention = project.config.retention
    table = project.table
    if not table.exists():
        return
    if retention.compact_files and table.small_files() >= retention.compact_files:
        table.compact()
    today = timestamp(project.clock())[:10]
    if retention.history_days and project.ledger.facts.get(SWEPT) != today:
        table.vacuum(24 * retention.history_days)
        project.ledger.facts.set(**{SWEPT: today})


def command(project: Project, options: argparse.Namespace) -> None:
    """Do the one thing that was asked for; without an option, tidy now."""
    say = project.console.say
    if options.backup:
        count = backup.backup(project, Path(options.backup))
        say(f"{options.backup}: {count:,} files and the ledger of project {project.name}.")
    elif options.export:
        rows, batch = export.export(project, Path(options.export), options.as_of)
        say(f"{options.export}: {rows:,} rows, up to batch {batch.order} ({batch.name}).")
    elif options.erase:
        erase(project, options.erase)
    else:
        with project.locked():
            run(project)
        say("tidied." if project.table.exists() else "There is nothing to tidy yet.")


def erase(project: Project, values: list[str]) -> None:
    """Erase one key, and say what is left that only a person can decide about."""
    say = project.console.say
    with project.locked(), begun(project, "upkeep") as current:
        found = erasure.erase(project, values, run=current.number)
        current.summary = f"{found.rows:,} rows of one key erased"
    say(
        f"rows erased: {found.rows:,} of {len(found.batches)} batches, {found.quarantined} of the quarantine."
    )
    if found.answers:
        say(f"recorded predictions erased: {found.answers:,}.")
    if found.reports:
        say(f"deleted, because they named it: the documents of the runs {', '.join(found.reports)}.")
    for path in found.arriving:
        say(f"{path}: still holds it. Arriving files are never changed: delete or edit it.")
    if found.releases:
        say(f"trained with it: {', '.join(found.releases)}. A model cannot forget. Retrain without it:")
        say("  python fullprocess.py --force-retrain, then delete the folders of the old releases.")
    say("Restart a running service. Earlier backups still hold it.")


def restored(options: argparse.Namespace) -> None:
    """Put a backup in place; there may be no config yet."""
    project = backup.restore(
        Path(options.restore), Path(options.config), Console(config=Path(options.config))
    )
    batches = project.ledger.batches.all()
    project.console.say(f"project {project.name} is back, with {len(batches)} batches. Next: a tick.")
    project.close()


def main() -> int:
    """Read the command line and act."""
    cli = parser("Tidy the table now; or copy, restore, give out or forget what is stored.")
    one = cli.add_mutually_exclusive_group()
    one.add_argument(
        "--backup", metavar="FILE", help="write the whole project into one file, between two runs"
    )
    one.add_argument("--restore", metavar="FILE", help="put a backup in place, where nothing is yet")
    one.add_argument("--export", metavar="FILE", help="write the accepted rows into a .csv or .parquet file")
    one.add_argument("--erase", nargs="+", metavar="CELL", help="erase the rows of one key, for good")
    cli.add_argument(
        "--as-of", metavar="BATCH", help="with --export: rows up to this batch (order, id or name)"
    )
    options = cli.parse_args()
    return (
        guarded(lambda: restored(options), Path(options.config))
        if options.restore
        else perform(command, options)
    )


if __name__ == "__main__":
    sys.exit(main())
