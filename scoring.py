"""The live model meets a batch it has not seen: a score with its interval, evidence, a verdict.

This step decides which rows count as evidence: all labelled ones, once, when nearly all labels are in.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vigil import figures, hearing
from vigil.bundles import keys, pointer
from vigil.command import parser, perform, print_json
from vigil.estimate import bands
from vigil.ledger.shelf import Row
from vigil.project import Project
from vigil.records import LABELLED_SHARE, Batch, Score
from vigil.run import begun
from vigil.stats import spread
from vigil.table import hashing
from vigil.trials import arrays, slicing
from vigil.trials.judged import Judged, blind, judge
from vigil.trials.snapshot import BEFORE_ALL, CHOOSING, GATING
from vigil.trials.weighing import Parts, weigh

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

#: Past estimates that the width of a band rests on.
PAST_ESTIMATES = 100
#: Coverage of the interval around a batch's own score.
CONFIDENCE = 0.95


def run(project: Project, batch: Batch, live: str, *, run: int) -> Score:
    """Score the live release on one batch that came after its training data, and move the evidence.

    A pair of release and batch is scored once: asked again, the standing score is returned.
    """
    standing = project.ledger.scores.get(live, batch.id)
    if standing is not None:
        write_latest(project, standing)
        return standing
    release = project.ledger.releases.known(live)
    contract = project.contract()
    metric = project.metric(contract.task)
    rows = arrays.complete(project.table.batch(batch.order), contract.identity)
    judged = judge(project.models, live, rows, contract, metric, project.opened)
    trained = keys.load(project.models / live)
    hashes = hashing.of_columns(rows, contract.identity)[judged.labelled]
    unseen = ~keys.among(hashes, trained) if len(trained) else None
    entity = spread.entities(hashes) if contract.by_role("key") else None
    seen = rows.filter(judged.labelled)
    named = release["reference"].get("slices") or {}
    slices = {name: judged.tally(slicing.masked(seen, name)) for name in named}
    score, evidence = _score(project, batch, release, judged, unseen, Parts(entity, slices))
    tally = judged.tally()
    score = with_estimate(project, batch, score, release, judged, rows if evidence is None else None)
    project.ledger.scores.add(score, tally=tally, evidence=evidence, run=run)
    write_latest(project, score)
    return score


def with_estimate(
    project: Project, batch: Batch, score: Score, release: Row, judged: Judged, rows: pa.Table | None
) -> Score:
    """Add how the release probably does on these rows, without a look at their labels.

    ``rows`` are given where labels are missing: then the estimate is said, with a band as wide as past
    estimates were off, unless the last labels say that the rows mean something else by now. Beside it
    stands, with a band of its own, what held-out rows that look like these ones say.
    """
    learnt = release["reference"].get("estimator")
    if learnt is None:
        return score
    if rows is None:
        return replace(score, details={**score.details, "estimate": judged.estimated(learnt)})
    earlier = project.ledger.scores.estimated(release["id"], before=score.order, limit=PAST_ESTIMATES)
    if earlier and earlier[0]["verdict"] in ("watch", "degraded"):
        said = "No estimate without labels: the last ones say that the rows mean something else by now."
        return replace(score, reason=f"{score.reason} {said}")
    asked = blind(project.models, release["id"], rows, project.contract(), judged.metric)
    found: dict[str, Any] = {**asked.estimated(learnt), "rows": len(asked.answer), "past": len(earlier)}
    if found["score"] is None:
        return score
    width = bands.half_width([row["estimate"] - row["value"] for row in earlier])
    found |= {"low": found["score"] - width, "high": found["score"] + width} if width is not None else {}
    found["weighted"] = hearing.weighted(project, batch, release, asked, rows)
    said = f"Estimated without labels: {judged.metric.title} {figures.score(found['score'])}"
    said += (
        f" ± {figures.score(width)}."
        if width is not None
        else f" (no band before {bands.FEWEST} labelled batches)."
    )
    return replace(score, reason=f"{score.reason} {said}", details={**score.details, "estimate": found})


def write_latest(project: Project, score: Score) -> None:
    """Write ``latestscore.txt``, for people: the newest score and nothing else."""
    from vigil.storage import durable

    text = "undefined" if score.value is None else repr(score.value)
    durable.write_atomic(project.production / "latestscore.txt", f"{text}\n".encode())


def _score(
    project: Project, batch: Batch, release: Row, judged: Judged, unseen: np.ndarray | None, parts: Parts
) -> tuple[Score, Row | None]:
    """Put one batch's score, the evidence after it and the verdict together."""
    metric, tally = judged.metric, judged.tally()
    complete = batch.is_labelled and not batch.is_released
    weighed = weigh(project.ledger, project.config, batch, release, judged, parts, counts=complete)
    verdict, reason = weighed.verdict, weighed.reason
    if not complete:
        verdict = "insufficient data"
        reason = f"{batch.labelled:,} of {batch.rows:,} rows have a label; {LABELLED_SHARE:.0%} are needed."
    if batch.is_released:
        reason = f"{batch.rows:,} rows out of quarantine: chosen by their faults, they are no evidence."
    interval = metric.interval(tally, CONFIDENCE) or (None, None)
    score = Score(
        release=release["id"],
        batch=batch.id,
        order=batch.order,
        metric=metric.name,
        value=metric.value(tally),
        low=interval[0],
        high=interval[1],
        confidence=CONFIDENCE,
        rows=batch.rows,
        labelled=batch.labelled,
        reference=metric.value(release["reference"]["tally"]),
        level=weighed.level,
        e_value=weighed.e_value,
        alarm_at=weighed.alarm_at,
        detectable=weighed.detectable,
        verdict=verdict,
        reason=reason,
        unseen=None if unseen is None else metric.value(judged.tally(unseen)),
        unseen_rows=0 if unseen is None else int(unseen.sum()),
        details={**judged.details(), "evidence": weighed.parts},
    )
    return score, weighed.evidence


def by_level(project: Project, live: str, *, as_json: bool) -> None:
    """Print the live release's score on all held-out rows, for every level of every category."""
    newest = project.ledger.batches.all()[-1]
    panel = hearing.seated(project, newest, BEFORE_ALL)
    columns = [column.name for column in project.contract().features if column.kind == "category"]
    found = panel.by_level(live, columns, CHOOSING, GATING)
    if as_json:
        print_json({"release": live, "metric": panel.metric.name, "levels": found})
        return
    if not found:
        project.console.say("No feature is a category: there are no levels to score.")
    wide = max((len(row["column"]) for row in found), default=0)
    widest = max((len(row["level"]) for row in found), default=0)
    for row in found:
        score, low, high = (figures.score(row[k], "–") for k in ("score", "low", "high"))
        where = f"{row['column']:<{wide}}  {row['level']:<{widest}}  {row['rows']:>7,} rows"
        project.console.say(f"{where}  {panel.metric.title} {score:>5}  [{low}, {high}]")


def command(project: Project, options: argparse.Namespace) -> None:
    """Score every batch that came after the live release's training data and has no score yet."""
    live = pointer.read(project.production)
    if live is None:
        project.console.say("Nothing is deployed yet. Run: python fullprocess.py")
        return
    if options.slices:
        by_level(project, live.release, as_json=options.json)
        return
    with project.locked(), begun(project, "scoring") as current:
        through = project.ledger.releases.known(live.release)["through"]
        batches = project.ledger.batches.all(after=through)
        if not batches:
            project.console.say("Every batch has its score.")
        for batch in batches:
            with current.step("scoring"):
                score = run(project, batch, live.release, run=current.number)
            project.console.say(f"{batch.name}: {score.verdict}. {score.reason}")


if __name__ == "__main__":
    cli = parser("Score the live model on batches that it has not met.")
    cli.add_argument(
        "--slices", action="store_true", help="score every level of every category, on held-out rows"
    )
    cli.add_argument("--json", action="store_true", help="print --slices as JSON")
    sys.exit(perform(command, cli.parse_args()))
