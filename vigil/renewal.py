"""A stream that drifts: how that is noticed without a fit, and what is made of past releases then.

After every batch the live release is asked whether its probabilities are still right (``stats.freshness``).
Once they are shown not to be, the stream is taken to drift: from then on every batch renews what answers,
as a vote of past releases, calibrated on the newest labels, and a policy may ask for a fit besides. A
release that came through the gate begins anew.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Any

from vigil import bundles, figures
from vigil.models import registry, voting
from vigil.models.voting import KIND
from vigil.records import Batch, Decision, Score
from vigil.stats import betting, freshness
from vigil.trials import judged, renewing
from vigil.trials.recent import Recent
from vigil.trials.renewing import LOOK_BACK, MEMBERS, RECIPES, Voter

if TYPE_CHECKING:
    from vigil.ledger.shelf import Row
    from vigil.project import Project
    from vigil.stats.metrics import Metric, Tally

#: Batches over which the records of the recipes are compared.
RECORD = 8
#: Releases that are opened besides the ones that may vote: some were fitted after the moment asked about.
SPARE = 4


def watch(project: Project, batch: Batch, score: Score) -> dict[str, Any]:
    """Return, in JSON values, what is known of the live release's freshness after a batch was scored.

    ``e_value`` is the evidence against its probabilities, ``drifting`` whether it has reached the alarm's
    mark, for this release or the one that its vote began with; then ``lasted`` is how many batches that one
    had met before the batch that showed it, ``good`` how many past releases are still good, ``past`` of how
    many, ``records`` how the recipes did on the batch, and ``losses`` how they have done so far.
    Empty for a regression task.
    """
    release = project.ledger.releases.known(score.release)
    if release["facts"]["task"] == "regression":
        return {}
    before = _before(project, batch, release)
    if not batch.is_labelled:
        return before
    rows = recent(project, batch)
    known = able(project, rows)
    since = release["facts"].get("evidence_after", 0) + 1
    drifting, lasted = bool(before.get("drifting")), before.get("lasted", 0)
    process = betting.Evidence.from_json(before["process"]) if before else freshness.fresh()
    if not drifting and rows.can_vote(score.release):
        trained = release["facts"]["trained_rows"]
        flaw = registry.get(release["model"]).FLAW if release["model"] in registry.names() else 0.0
        grown = renewing.log_growth(rows, score.release, batch.order, since=since, trained=trained, flaw=flaw)
        process = process if grown is None else betting.update(process, grown)
    e_value = math.exp(min(float(betting.log_e_value(process)), 690.0))
    if not drifting and e_value >= score.alarm_at:
        drifting, lasted = True, batch.order - since
    drifting = drifting and bool(known)
    found = {"order": batch.order, "release": score.release, "process": process.as_json()}
    found |= {"e_value": e_value, "drifting": drifting}
    if not drifting:
        return found
    metric = project.metric(release["facts"]["task"])
    good, past = renewing.still_good(rows, known, after=batch.order)
    found |= {"lasted": lasted, "past": past, "good": good}
    records = renewing.record(rows, known, metric, batch.order)
    found["losses"] = renewing.losses(before.get("losses", {}), records) or before.get("losses", {})
    return {**found, "records": {recipe: one.tally for recipe, one in records.items()}}


def is_vote(project: Project, release: str) -> bool:
    """Say whether a release is a vote of others."""
    return bool((project.ledger.releases.get(release) or {}).get("model") == KIND)


def recent(project: Project, batch: Batch) -> Recent:
    """Read the newest labelled batches up to one; asked again about the same rows, nothing is read."""
    found = project.ledger.batches.all(after=batch.order - LOOK_BACK, through=batch.order)
    batches = [one for one in found if one.labelled]
    contract = project.contract()
    # A repair writes rows anew under the same batch, and the table has another version then.
    of = (tuple(batches), project.table.version(), contract.version)
    known = project.opened.get("recent")
    if known is None or known[0] != of:
        made = Recent(
            project.table,
            contract,
            project.models,
            batches,
            holdout=project.config.holdout,
            opened=project.opened,
            earlier=None if known is None else known[1],
        )
        project.opened["recent"] = known = (of, made)
    rows: Recent = known[1]
    return rows


def voters(project: Project) -> list[Voter]:
    """Return the releases that may vote, oldest first: whatever was fitted and is not held."""
    return [Voter(row["id"], row["through"]) for row in project.ledger.releases.fitted(besides=KIND)]


def able(project: Project, rows: Recent) -> list[Voter]:
    """Return the newest releases that can vote, oldest first: as many as may, and a few that are too new."""
    can = (voter for voter in reversed(voters(project)) if rows.can_vote(voter.release))
    return list(islice(can, MEMBERS + SPARE))[::-1]


def make(project: Project, batch: Batch, plan: Decision) -> tuple[str, str, dict[str, Any]]:
    """Write the bundle that renews what answers; return its id, the reason in words, and the evidence."""
    metric = project.metric(project.contract().task)
    records = _records(project, batch, metric)
    losses = (plan.evidence.get("freshness") or {}).get("losses") or {}
    # A batch has too few rows for a score to tell the recipes apart; every row's log-loss does sooner.
    recipe = min(losses, key=lambda name: losses[name]) if losses else RECIPES[0]
    rows = recent(project, batch)
    known = able(project, rows)
    made = renewing.form(rows, known, metric.name, after=batch.order, recipe=recipe)
    release, form = voting.pack(
        project.models,
        made.members,
        made.weights,
        calibration=made.calibration,
        threshold=made.threshold,
        forms=[rows.form(member) for member in made.members],
    )
    judged.keep(project.opened, project.models, release, form)
    count = len(made.members)
    what = f"a vote of {count} releases" if count > 1 else f"release {made.members[0]}"
    _write_down(project, batch, release, made.members[-1], f"{what}, calibrated anew", made.threshold)
    threshold = "" if made.threshold is None else f", threshold {figures.score(made.threshold)}"
    free = "a gate" if known[-1].through == batch.order else "a fit or a gate"
    reason = f"Renewed without {free}: {what}, calibrated on the newest labels{threshold}."
    values = {name: metric.value(tally) for name, tally in records.items()}
    if len(values) == len(RECIPES) and None not in values.values():
        vote, latest = (figures.score(values[name]) for name in RECIPES)
        reason += f" On the last batches the vote had {metric.title} {vote}, its newest member {latest}."
    evidence = {"replaced": plan.release, "recipe": recipe, "records": values, "losses": losses}
    return release, reason, {**evidence, "weights": dict(zip(made.members, made.weights, strict=True))}


def _before(project: Project, batch: Batch, release: Row) -> dict[str, Any]:
    """Return what was known after the batch before, if it speaks of this release or of one it follows."""
    found: dict[str, Any] = project.ledger.decisions.plan_before(batch.order).get("freshness") or {}
    same = found.get("release") == release["id"]
    current = same and found["order"] > release["facts"].get("evidence_after", 0)
    followed = bool(found.get("drifting")) and release["model"] == KIND
    return {key: found[key] for key in found if key != "records"} if current or followed else {}


def _records(project: Project, batch: Batch, metric: Metric) -> dict[str, Tally]:
    """Return each recipe's record over the newest batches."""
    plans = project.ledger.decisions.plans(after=batch.order - RECORD, through=batch.order)
    each = [(plan["evidence"].get("freshness") or {}).get("records") or {} for plan in plans]
    found: dict[str, Tally] = {}
    for recipe in RECIPES:
        for tally in (one[recipe] for one in each if recipe in one):
            found[recipe] = metric.add(found[recipe], tally) if recipe in found else tally
    return found


def _write_down(
    project: Project, batch: Batch, release: str, newest: str, reason: str, threshold: float | None
) -> None:
    """Enter the vote among the releases, with its newest member's facts."""
    facts = project.ledger.releases.known(newest)["facts"]
    own = {"threshold": threshold, "out_of_fold": None, "through_name": batch.name}
    own |= {"size_bytes": bundles.size(project.models, release)}
    kept = {key: value for key, value in facts.items() if key != "evidence_after"}
    project.ledger.releases.add(
        release, model=KIND, batch=batch.id, through=batch.order, facts={**kept, **own}, reason=reason
    )
