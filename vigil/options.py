"""The options of a tick. Standard library only: a tick with nothing to do passes by here."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

#: What workflows elsewhere call steps, and which they are here. A file is checked by its contract as it is
#: taken in, and for faults as its batch is planned about; rows are split by what trains on them.
ALSO_CALLED = {
    "label": ("labelling",),
    "ingest": ("ingestion",),
    "check": ("ingestion", "scoring"),
    "score": ("scoring",),
    "split": ("training",),
    "train": ("training",),
    "deploy": ("deployment",),
    "diagnose": ("diagnostics",),
    "report": ("reporting",),
}


def of_a_tick(steps: Sequence[str]) -> argparse.ArgumentParser:
    """Return the options of ``python fullprocess.py``; ``steps`` are the names of the steps, in order."""
    parser = argparse.ArgumentParser(description="Run one tick: ingest, score, decide, retrain, report.")
    parser.add_argument("--config", default="config.json", metavar="PATH", help="the project's config file")
    parser.add_argument("--input", metavar="FOLDER", help="look here for files instead of input_folder_path")
    parser.add_argument(
        "--force-retrain", action="store_true", help="train and gate challengers without an alarm"
    )
    parser.add_argument(
        "--since", metavar="BATCH", help="with --force-retrain: also on the rows from this batch on alone"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="do it on a copy, and leave everything as it is"
    )
    parser.add_argument("--json", action="store_true", help="print what happened as JSON")
    parser.add_argument(
        "--explain", type=int, metavar="RUN", help="say what a run decided, and on what evidence"
    )
    parser.add_argument(
        "--reproduce", metavar="RELEASE", help="rebuild a release from its snapshot, and compare every byte"
    )
    parser.add_argument("--init", metavar="DATA", help="write a config and a contract for a file of your own")
    parser.add_argument("--target", metavar="COLUMN", help="with --init: the column to predict")
    parser.add_argument(
        "--steps",
        type=lambda given: _chosen(given, steps),
        metavar="NAMES",
        help=f"take only some, in this order: {', '.join(steps)}",
    )
    parser.add_argument("--pause", action="store_true", help="let scheduled ticks and cron's do nothing")
    parser.add_argument("--resume", action="store_true", help="let them go on")
    parser.add_argument(
        "--trigger",
        default="command",
        choices=["command", "schedule", "cron", "page"],
        help="who starts it, for the record",
    )
    return parser


def _chosen(text: str, steps: Sequence[str]) -> tuple[str, ...]:
    """Read ``--steps``: names with commas between them, or what else the steps are called."""
    given = [name.strip() for name in text.split(",")]
    wrong = [name for name in given if name not in steps and name not in ALSO_CALLED]
    if wrong:
        raise argparse.ArgumentTypeError(f"{wrong[0]!r} is no step; there are {', '.join(steps)}")
    names = {step for name in given for step in ALSO_CALLED.get(name, (name,))}
    return tuple(name for name in steps if name in names)
