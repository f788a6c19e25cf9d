"""A challenger beside the live release: begun, compared on what came of its rows, ended or promoted."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from vigil import figures, hearing, models
from vigil.bundles import pointer, trial
from vigil.bundles.trial import Trial
from vigil.console import person
from vigil.errors import VigilError
from vigil.ledger.glance import TRIAL
from vigil.ledger.schema import decisions
from vigil.outcomes import paired
from vigil.project import Project
from vigil.records import Decision
from vigil.releases import switch, trying
from vigil.run import begun
from vigil.stats import gate
from vigil.stats.gate import GateResult
from vigil.trials import slicing
from vigil.trials.gating import Contest, hurdled
from vigil.trials.snapshot import BEFORE_ALL, CHOOSING, GATING

#: What can be asked for, with the command line's words.
_OPTIONS: dict[str, dict[str, Any]] = {
    "--shadow": {"metavar": "RELEASE", "help": "let a release answer silently beside the live one"},
    "--canary": {"nargs": 2, "metavar": ("RELEASE", "SHARE"), "help": "let it answer a share of the cases"},
    "--trial": {"action": "store_true", "help": "say how the release on trial compares"},
    "--end-trial": {"action": "store_true", "help": "let the live release answer alone again"},
    "--promote-trial": {"action": "store_true", "help": "let the gate decide by the trial's answers"},
}


def add_options(parser: Any) -> None:
    """Add the options of a trial to a parser or a group of one."""
    for name, about in _OPTIONS.items():
        parser.add_argument(name, **about)


def is_asked(options: argparse.Namespace) -> bool:
    """Tell whether any of them was given."""
    return any(getattr(options, name[2:].replace("-", "_")) for name in _OPTIONS)


def answer(project: Project, options: argparse.Namespace) -> None:
    """Do with the trial what the options of ``deployment.py`` ask for."""
    if options.trial:
        project.console.say(told(project))
        return
    by = person()
    with project.locked(), begun(project, "deployment") as current:
        current.news = True
        if options.promote_trial:
            current.summary = promoted(project, by=by, run=current.number).reason
        elif options.end_trial:
            current.summary = trying.end(project.ledger, project.production, by=by, run=current.number).reason
        else:
            current.summary = _begun(project, options, by, current.number).reason
    project.console.say(current.summary)


def told(project: Project) -> str:
    """Say how the trial stands, in words; to look decides nothing."""
    about = trial.read(project.production)
    if about is None:
        return "There is no trial."
    how = "every row silently" if about.kind == "shadow" else f"{about.share:.1%} of the cases"
    rows, result, _ = compared(project, about, attempt=_attempts(project, about) + 1)
    counted = f"{rows:,} rows were answered by both, {result.rows:,} of them have a label."
    return f"{about.release} answers {how} since {figures.moment(about.since)}. {counted} {result.reason}"


def note(project: Project) -> None:
    """Write down how the release on trial compares, for the service to show."""
    try:
        words = told(project)
    except VigilError as error:
        words = str(error)
    project.ledger.facts.set(**{TRIAL: words})


def compared(project: Project, about: Trial, *, attempt: int) -> tuple[int, GateResult, dict[str, Any]]:
    """Hold the answers of the release on trial against the live one's, on the same labelled rows.

    Returns how many rows both answered, what the gate and the project's further hurdles say of those with a
    label, and what these found. Raises VigilError where nothing is live, or the metric needs the
    probabilities of several classes, which are not kept.
    """
    live, contract = pointer.read(project.production), project.contract()
    if live is None:
        raise VigilError("nothing is live that the release on trial could be compared with.")
    metric, classes = project.metric(contract.task), models.code_order(contract)
    if metric.of == "probability" and len(classes) > 2:
        raise VigilError(f"by {metric.name}, a trial of more than two classes cannot be compared.")
    found = paired.pairs(
        project.output, contract, classes, (live.release, about.release), about.since, metric.of
    )
    rules = hearing.rules(project, attempt=attempt)
    result = gate.compare(
        metric,
        found.truth,
        found.champion,
        found.challenger,
        level=rules.level,
        attempt=attempt,
        seed=rules.seed,
        classes=len(classes),
        bucket=found.bucket,
    )
    contest = Contest(
        metric=metric,
        classes=len(classes),
        truth=found.truth,
        champion=found.champion,
        challenger=found.challenger,
        probability=found.probability,
        slices=slicing.masks(found.rows, rules.slices),
        one_row=lambda: _one_row(project, about.release),
    )
    result, more = hurdled(contest, rules, result)
    unknown = [name for name in rules.slices if name not in found.rows.column_names]
    return found.answered, result, more | ({"slices_unknown": unknown} if unknown else {})


def _one_row(project: Project, release: str) -> Callable[[], object]:
    """Return a call that lets a release answer one held-out row."""
    panel = hearing.seated(project, project.ledger.batches.all()[-1], BEFORE_ALL)
    return panel.one_row(release, GATING)


def promoted(project: Project, *, by: str, run: int) -> Decision:
    """Let the gate decide about the release on trial, by its answers; only a better one goes live.

    Each call is one attempt, and lowers the level of the next. Raises VigilError when there is no trial.
    """
    about = trial.read(project.production)
    if about is None:
        raise VigilError("there is no trial.", where=str(project.production))
    attempt = _attempts(project, about) + 1
    _, result, more = compared(project, about, attempt=attempt)
    evidence = {**asdict(result), **more, "trial": about.id, "attempt": attempt, "by": by}
    batch = project.ledger.batches.all()[-1]
    decision = Decision(
        f"{about.id}-gate-{attempt}",
        "gate",
        "",
        about.release,
        result.outcome,
        result.reason,
        evidence,
        done=True,
    )
    if result.promote:
        panel = hearing.seated(project, batch, BEFORE_ALL)
        hearing.write_down(project, panel, about.release, (CHOOSING, GATING), choices=1)
    decision = project.ledger.decisions.add(decision, order=batch.order, run=run)
    if result.promote:
        switch.promote(project.ledger, project.production, about.release, by=decision.id, after=batch.order)
        trial.end(project.production)
    return decision


def _attempts(project: Project, about: Trial) -> int:
    """Return how often the gate has decided about this trial."""
    return len(project.ledger.decisions.find(decisions.c.id.like(f"{about.id}-gate-%")))


def _begun(project: Project, options: argparse.Namespace, by: str, run: int) -> Decision:
    release, share = (options.shadow, 1.0) if options.shadow else options.canary
    try:
        part = float(share)
    except ValueError:
        raise VigilError(f"a canary's share is a number, and not {share!r}.") from None
    kind: trial.Kind = "shadow" if options.shadow else "canary"
    where = (project.ledger, project.production, project.models)
    return trying.begin(*where, kind=kind, release=release, share=part, by=by, run=run)
