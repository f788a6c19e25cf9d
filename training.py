"""A snapshot and its windows become candidates: immutable bundles, none of them live yet.

This step decides what is trained on: every row but the holdout and batches with a fault, over all
history and, after a change, over the rows since then; and which model types are tried.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from vigil import bundles, models, profiles
from vigil.bundles import keys
from vigil.command import parser, perform
from vigil.errors import VigilError
from vigil.ledger.shelf import Row
from vigil.project import Project
from vigil.records import Batch
from vigil.run import begun
from vigil.trials import arrays, leaks
from vigil.trials.snapshot import CHOOSING, GATING, TRAIN, Snapshot, snapshot

#: Labelled training rows below which a window of its own is not tried.
WINDOW_ROWS = 200
#: What is said of a release whose compiled form does not answer as its pipeline does.
SLOW = "its compiled form answers otherwise, so that the slower pipeline answers"


def run(project: Project, through: Batch, *, since: int = 1, alone: bool = False) -> list[str]:
    """Train every candidate on the rows up to ``through``; return the bundles' ids, in a fixed order.

    ``since`` is the order of the first batch after the change, 1 when there was none; with ``alone``
    the rows since then are the only window. A candidate that cannot be trained is left out, and said so.
    The same rows and settings give the same bundles.
    """
    contract = project.contract()
    config = project.config
    project.metric(contract.task)  # a metric of another task is the config's fault, and no candidate's
    rows = snapshot(
        project.table,
        contract,
        through=through.order,
        holdout=config.holdout,
        test_data=project.test_data,
        since=since if alone else 1,
        without=project.ledger.faults.held(),
    )
    for words in rows.passed_over:
        project.console.say(f"  {words}")
    tried = windows(project, rows, since, alone=alone)
    plans = [(window, kind) for window in tried for kind in models.chosen(config.model)]
    made = []
    for (window, first), kind in project.console.progress(plans, "training", len(plans)):
        try:
            made.append(_candidate(project, rows, kind, window, first, through))
        except VigilError as fault:
            if isinstance(fault.__cause__, OSError):
                # The disk's fault and not the candidate's: the plan stands, and the next tick tries again.
                raise
            project.console.say(f"  no {kind} on {window}: {fault.what} {fault.hint}".rstrip())
    for words in dict.fromkeys(leaks.told(project.ledger.releases.get(release)).strip() for release in made):
        if words:
            project.console.say(f"  {words} It is trained on where the config's allow_leaks names it.")
    return list(dict.fromkeys(made))


def windows(project: Project, rows: Snapshot, since: int, *, alone: bool) -> Iterator[tuple[str, int]]:
    """Yield what to train on: a name for people and the order of the window's first batch."""
    if since == 1 or not alone:
        yield "all history", 1
    if since > 1 and (alone or rows.part(TRAIN, since=since).sum() >= WINDOW_ROWS):
        first = next(iter(project.ledger.batches.all(after=since - 1)))
        yield f"rows since {first.name}", since


def _candidate(project: Project, rows: Snapshot, kind: str, window: str, since: int, through: Batch) -> str:
    """Fit one model type on one window and write its bundle."""
    contract, config = project.contract(), project.config
    metric = project.metric(contract.task)
    order = models.code_order(contract)
    chosen = rows.part(TRAIN, since=since)
    table = rows.take(chosen)
    truth, labelled = arrays.labels(table, contract, order)
    table, hashes = table.filter(labelled), rows.hashes[chosen][labelled]
    by_key = bool(contract.by_role("key"))
    given_away = leaks.found(table, contract, truth[labelled])
    left_out = leaks.left_out(contract, given_away, config.allow_leaks)
    features = [column for column in contract.features if column.name not in left_out]
    fitted = models.fit(
        kind,
        arrays.features(table, features),
        truth[labelled],
        task=contract.task,
        classes=order,
        features=features,
        metric=metric.name,
        seed=config.seed,
        groups=hashes if by_key else None,
    )
    profile = profiles.profile(table, [c for c in contract.columns if c.role != "ignored"])
    files = {profiles.FILE: profiles.dump(profile)} | ({keys.FILE: keys.dump(hashes)} if by_key else {})
    held_out = arrays.features(rows.take(rows.part(CHOOSING, GATING)), contract.features)
    about = {"snapshot": _provenance(project, since, through)}
    release = models.pack(fitted, project.models, about, files, held_out=held_out)
    is_compiled = bundles.load_manifest(project.models, release)["compiled"]
    facts = {
        "task": contract.task,
        "trained_rows": table.num_rows,
        "features": len(features),
        "left_out": left_out,
        "threshold": fitted.threshold,
        "clip": fitted.clip,
        "out_of_fold": fitted.score,
        "window": window,
        "since": since,
        "through_name": through.name,
        "size_bytes": sum(file.stat().st_size for file in (project.models / release).iterdir()),
    }
    project.ledger.releases.add(
        release,
        model=kind,
        batch=through.id,
        through=through.order,
        facts=facts,
        reason=f"{kind} on {window}" + ("" if is_compiled else f"; {SLOW}"),
    )
    return release


def _provenance(project: Project, since: int, through: Batch) -> Row:
    """Say which rows the bundle was made of, by the digests of their files; held batches are left out."""
    held = project.ledger.faults.held()
    every = project.ledger.batches.all(after=since - 1, through=through.order)
    batches = [batch for batch in every if batch.order not in held]
    contract = project.contract()
    return {
        "files": [{"name": batch.name, "sha256": batch.digest} for batch in batches],
        "holdout": project.config.holdout,
        "identity": [column.name for column in contract.identity],
        "contract": contract.version,
    }


def command(project: Project, options: argparse.Namespace) -> None:
    """Train candidates on everything that is in the table, and deploy none; or look at those there are."""
    if options.runs or options.compare or options.export:
        from vigil.comparing import answers

        answers.answer(project, options)
    else:
        _train(project)


def _train(project: Project) -> None:
    batches = project.ledger.batches.all()
    if not batches:
        project.console.say("There is nothing to train on yet. Run: python fullprocess.py")
        return
    with project.locked(), begun(project, "training") as current:
        with current.step("training"):
            made = run(project, batches[-1])
        for release in made:
            row = project.ledger.releases.get(release) or {}
            score = row["facts"]["out_of_fold"]
            shown = "unknown" if score is None else f"{score:.3f}"
            project.console.say(f"candidate {release}: {row['reason']}; out-of-fold score {shown}")


if __name__ == "__main__":
    cli = parser("Train candidates; none goes live from here.")
    one = cli.add_mutually_exclusive_group()
    one.add_argument("--runs", action="store_true", help="list every training with its scores")
    one.add_argument("--compare", action="store_true", help="draw the newest candidates side by side")
    one.add_argument("--export", metavar="NAME", help="send the trainings to a tracking server (mlflow)")
    cli.add_argument("--to", metavar="URL", help="where that server is")
    cli.add_argument("--json", action="store_true", help="print --runs as JSON")
    sys.exit(perform(command, cli.parse_args()))
