"""A snapshot and its windows become candidates: immutable bundles, none of them live yet.

This step decides what is trained on: every row but the holdout and batches with a fault, over all
history and, after a change, over the rows since then and with recent rows weighted; which model types
are tried; and whether their settings are searched for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace

from vigil import candidates, figures, hearing, models
from vigil.candidates import Recipe
from vigil.command import parser, perform
from vigil.errors import VigilError
from vigil.learned import WINDOW_ROWS
from vigil.models import searching
from vigil.models.searching import Search
from vigil.project import Project
from vigil.records import Batch
from vigil.run import begun
from vigil.trials import leaks
from vigil.trials.snapshot import TRAIN, Snapshot


def run(
    project: Project,
    through: Batch,
    *,
    since: int = 1,
    alone: bool = False,
    search: Search | None = None,
    recipe: Recipe | None = None,
) -> list[str]:
    """Train every candidate on the rows up to ``through``; return the bundles' ids, in a fixed order.

    ``since`` is the order of the first batch after the change, 1 when there was none; with ``alone``
    the rows since then are the only window. With a ``recipe`` it is the only one, whatever the config
    says. A candidate that cannot be trained is left out, and said so. The same rows and settings give the
    same bundles.
    """
    config, held = project.config, project.ledger.faults.held()
    project.metric(project.contract().task)  # one of another task is the config's fault, and no candidate's
    rows = hearing.snapped(project, through.order, since=since if alone else 1, without=held)
    for words in rows.passed_over:
        project.console.say(f"  {words}")
    plans = [recipe] if recipe else list(recipes(project, rows, since, alone=alone))
    if search is None and config.search.in_ticks and not (alone or recipe):
        search = Search(config.search.trials, config.search.seconds)
    made: list[str] = []
    # A search has a bar of its own for each recipe.
    for one in plans if search else project.console.progress(plans, "training", len(plans)):
        try:
            made += candidates_of(project, rows, one, through, search, len(plans))
        except VigilError as fault:
            if isinstance(fault.__cause__, OSError):
                # The disk's fault and not the candidate's: the plan stands, and the next tick tries again.
                raise
            project.console.say(f"  no {one.kind} on {one.window}: {fault.what} {fault.hint}".rstrip())
    for words in dict.fromkeys(leaks.told(project.ledger.releases.get(release)).strip() for release in made):
        if words:
            project.console.say(f"  {words} It is trained on where the config's allow_leaks names it.")
    return list(dict.fromkeys(made))


def recipes(project: Project, rows: Snapshot, since: int, *, alone: bool) -> Iterator[Recipe]:
    """Yield what to train: windows of rows, all of them weighted by their age, for each model type."""
    kinds = models.chosen(project.config.model)
    own = models.configured(project.config.model_settings)
    usual = [Recipe(kind, settings=own.get(kind, {})) for kind in kinds]
    for window, first in windows(project, rows, since, alone=alone):
        yield from (replace(one, window=window, since=first) for one in usual)
    half_life = project.config.half_life
    # With fewer batches than that all would weigh nearly alike.
    if since > 1 and not alone and half_life and rows.batches(TRAIN) > half_life:
        window = f"all history, half as much every {half_life:g} batches back"
        yield from (replace(one, window=window, half_life=half_life) for one in usual)


def windows(project: Project, rows: Snapshot, since: int, *, alone: bool) -> Iterator[tuple[str, int]]:
    """Yield what to train on: a name for people and the order of the window's first batch."""
    if since == 1 or not alone:
        yield "all history", 1
    if since > 1 and (alone or rows.part(TRAIN, since=since).sum() >= WINDOW_ROWS):
        first = next(iter(project.ledger.batches.all(after=since - 1)))
        yield f"rows since {first.name}", since


def candidates_of(
    project: Project, rows: Snapshot, recipe: Recipe, through: Batch, search: Search | None, plans: int
) -> list[str]:
    """Make a recipe's candidates; a search has its share of the time for all of them."""
    if search is None:
        return [candidates.make(project, rows, recipe, through)]
    share = Search(search.trials, search.seconds / plans)
    return candidates.searched(project, rows, recipe, through, share)


def command(project: Project, options: argparse.Namespace) -> None:
    """Train candidates on everything that is in the table, and deploy none; or look at those there are."""
    if options.runs or options.compare or options.export or options.shap is not None:
        from vigil.comparing import answers

        answers.answer(project, options)
    else:
        _train(project, search=_asked(project, options) if options.search else None)


def _asked(project: Project, options: argparse.Namespace) -> Search:
    """Return the search that the options ask for; what they leave out, the config says."""
    searching.ask_for_library()
    usual = project.config.search
    return Search(options.trials or usual.trials, options.seconds or usual.seconds)


def _train(project: Project, search: Search | None) -> None:
    batches = project.ledger.batches.all()
    if not batches:
        project.console.say("There is nothing to train on yet. Run: python fullprocess.py")
        return
    with project.locked(), begun(project, "training") as current:
        with current.step("training"):
            made = run(project, batches[-1], search=search)
        for release in made:
            row = project.ledger.releases.known(release)
            score = row["facts"]["out_of_fold"]
            shown = figures.score(score, "unknown")
            project.console.say(f"candidate {release}: {row['reason']}; out-of-fold score {shown}")


if __name__ == "__main__":
    cli = parser("Train candidates; none goes live from here.")
    one = cli.add_mutually_exclusive_group()
    one.add_argument("--runs", action="store_true", help="list every training with its scores")
    one.add_argument("--compare", action="store_true", help="draw the newest candidates side by side")
    one.add_argument("--shap", nargs="?", const="", metavar="RELEASE", help="what each column adds")
    one.add_argument("--search", action="store_true", help="search for settings of each model type first")
    one.add_argument("--export", metavar="NAME", help="send the trainings to a tracking server (mlflow)")
    cli.add_argument("--trials", type=int, metavar="N", help="settings that --search tries of each type")
    cli.add_argument("--seconds", type=float, metavar="S", help="when --search begins no other trial")
    cli.add_argument("--to", metavar="URL", help="where that server is")
    cli.add_argument("--json", action="store_true", help="print --runs as JSON")
    sys.exit(perform(command, cli.parse_args()))
