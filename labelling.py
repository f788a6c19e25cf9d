"""The service's answers, and what came of them: kept, and turned into labelled rows.

This step decides how long answers are kept.
"""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from vigil.command import parser, perform
from vigil.run import begun

if TYPE_CHECKING:
    from vigil.project import Project
    from vigil.records import Contract


def run(project: Project) -> list[str]:
    """Take in what the service wrote since the last run; return what happened, in words."""
    from vigil import contract as contracts

    contract = contracts.load(project.output)
    return take_up_answers(project, contract) if contract is not None else []


def take_up_answers(project: Project, contract: Contract) -> list[str]:
    """Move the service's answers into their table, and delete what is too old to be kept."""
    from vigil import models
    from vigil.predictions import collecting

    moved, lost = collecting.collect(project.output, contract, models.code_order(contract))
    oldest = project.clock() - timedelta(days=project.config.predictions.days)
    gone = collecting.forget(project.output, oldest) if moved else 0
    said = [f"{moved:,} predictions taken in."] if moved else []
    said += [f"{lost:,} predictions were not written down: the log was full."] if lost else []
    said += [f"{gone:,} old predictions deleted."] if gone else []
    return said


def command(project: Project, _options: argparse.Namespace) -> None:
    """Take in what the service wrote; decide nothing."""
    with project.locked(), begun(project, "labelling") as current, current.step("labelling"):
        lines = run(project)
    for line in lines or ["Nothing new."]:
        project.console.say(line)


if __name__ == "__main__":
    sys.exit(perform(command, parser(__doc__.splitlines()[0]).parse_args()))
