"""What is known once a batch has been scored, and what follows from a policy's word about it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from vigil import renewal
from vigil.ledger.schema import decisions
from vigil.policies import Met, Proposal, Situation

if TYPE_CHECKING:
    from vigil.ledger.shelf import Row
    from vigil.project import Project
    from vigil.records import Batch, Score
    from vigil.stats.metrics import Metric, Tally

#: Gating rows that must have come since the last attempt for a refresh to be judged on these alone.
FRESH_ROWS = 200
#: As many scored batches are shown to a policy, the newest.
REMEMBERED = 1000


def of(project: Project, batch: Batch, score: Score, freshness: dict[str, Any]) -> Situation:
    """Gather from the ledger what a policy may look at, after the live release was scored on ``batch``.

    ``freshness`` is what ``renewal.watch`` found, empty when it was not asked.
    """
    release = project.ledger.releases.known(score.release)
    facts = release["facts"]
    incident = project.ledger.incidents.open_for(score.release) or {}
    return Situation(
        score=score,
        incident_open=bool(incident),
        attempts=incident.get("attempts", 0),
        tried_rows=incident.get("attempted_rows", 0),
        rows_since_change=labelled(project, incident.get("since", facts["since"]), batch),
        rows_since_training=labelled(project, release["through"] + 1, batch),
        trained_rows=facts["trained_rows"],
        batches_since_training=batch.order - release["through"],
        days_live=_days_live(project, release),
        read_met=lambda: _met(project, score, project.metric(facts["task"])),
        drifting=bool(freshness.get("drifting")),
        lasted=freshness.get("lasted", 0),
        past_releases=freshness.get("past", 1),
        still_good=freshness.get("good", 1.0),
        voting=renewal.is_vote(project, score.release),
        batches_since_fit=batch.order - max(voter.through for voter in renewal.voters(project)),
    )


def open_incident(
    project: Project, batch: Batch, score: Score, freshness: dict[str, Any], tried: dict[str, Any]
) -> None:
    """Open an incident on an alarm, or where a release on probation is worse, unless one is open.

    ``freshness`` is what ``renewal.watch`` found, ``tried`` what ``probation.watch`` did.
    """
    ledger, worse = project.ledger, bool(tried.get("worse"))
    facts = ledger.releases.known(score.release)["facts"]
    alarm = score.verdict == "degraded" and score.order > facts.get("evidence_after", 0)
    # A drift that is known and answered after every batch is no incident.
    alarm = alarm and not (freshness.get("drifting") and renewal.is_vote(project, score.release))
    if (alarm or worse) and ledger.incidents.open_for(score.release) is None:
        since = tried["since"] if worse else _first_changed(project, score)
        ledger.incidents.open(score.release, batch, since=since)


def taken(project: Project, batch: Batch, proposal: Proposal, found: Situation) -> dict[str, Any]:
    """Return, for the plan's evidence, which rows a proposal trains on, or which try of an incident it is."""
    if proposal.action in ("replace", "renew"):
        first = 1 if proposal.batches is None else max(1, batch.order - proposal.batches + 1)
        return {"since": first, "fit": proposal.action == "replace" or proposal.batches is not None}
    incident = project.ledger.incidents.open_for(found.score.release)
    if incident and proposal.action == "retrain":
        tried = {"attempts": found.attempts + 1, "rows": found.rows_since_change}
        return {"tried": {"incident": incident["id"], **tried}}
    return {}


def made_elsewhere(project: Project, release: str) -> Proposal | None:
    """Ask for a refresh of a release that was trained under another scikit-learn, once for each version here.

    Its compiled form goes on answering, until a newer release that is not worse takes over. The policy
    ``never`` leaves also this to a person.
    """
    from vigil import bundles

    policy = project.config.policy
    found = bundles.made_under(project.models, release)
    if found is None or "never" in (policy, policy["name"] if isinstance(policy, dict) else ""):
        return None
    reason = (
        f"The release was made under scikit-learn {found[0]}, and {found[1]} is installed: it is retrained."
    )
    tried = project.ledger.decisions.find(
        decisions.c.kind == "plan", decisions.c.release == release, columns=[decisions.c.evidence]
    )
    if any(row["evidence"].get("made_under") == reason for row in tried):
        return None
    return Proposal("refresh", reason)


def judged_by(project: Project, release: str, batch: Batch, *, since: int | None = None) -> dict[str, Any]:
    """Return which rows may judge challengers of the live release, and which attempt on them this is.

    Without an incident, only rows of the time that the live release was made for may judge it; those
    that came after the last attempt, where they are enough. On other rows the attempts count up. A person
    may say since which batch's order they count.
    """
    ledger = project.ledger
    incident = ledger.incidents.open_for(release) or {}
    facts = (ledger.releases.get(release) or {"facts": {"since": 1}})["facts"]
    since = since or incident.get("since", facts["since"])
    last = ledger.decisions.last_challenge(since=since)
    if last is None:
        return {"since": since, "attempt": 1}
    fresh = labelled(project, last["order"] + 1, batch) * project.config.holdout / 2
    if not incident and fresh >= FRESH_ROWS:
        return {"since": since, "judged_since": last["order"] + 1, "attempt": 1}
    return {"since": since, "attempt": last["attempt"] + 1}


def labelled(project: Project, since: int, through: Batch) -> int:
    """Return the labelled rows of batches from order ``since`` to ``through``, held ones left out."""
    return sum(batch.labelled for batch in project.ledger.sound(after=since - 1, through=through.order))


def _first_changed(project: Project, score: Score) -> int:
    """Return the order of the first batch after the change that an alarm speaks of."""
    from vigil.stats import changepoint

    release = project.ledger.releases.known(score.release)
    begins = release["facts"].get("evidence_after", 0)
    rows = project.ledger.scores.of_release(score.release, after=begins, through=score.order)
    counted = [row for row in rows if row["evidence"] is not None]
    metric = project.metric(release["facts"]["task"])
    counts = [metric.counts(row["tally"]) for row in counted]
    found = changepoint.locate(
        [hits for hits, _ in counts],
        [misses for _, misses in counts],
        held_out=metric.counts(release["reference"]["tally"]),
    )
    return int(counted[found.index]["order"])


def _days_live(project: Project, release: Row) -> float:
    """Return for how many days a release has been live, by the project's clock."""
    if not release["live_since"]:
        return 0.0
    return (project.clock() - datetime.fromisoformat(release["live_since"])).total_seconds() / 86400


def _met(project: Project, score: Score, metric: Metric) -> tuple[Met, ...]:
    """Return the newest scored batches up to this one, oldest first."""
    rows = project.ledger.scores.met_through(score.order, limit=REMEMBERED)
    return tuple(
        Met(
            order=row["order"],
            release=row["release"],
            merit=row["value"] if row["value"] is None or metric.higher_is_better else -row["value"],
            rows=row["labelled"],
            wrong=_wrong(metric, row["tally"]),
        )
        for row in rows
    )


def _wrong(metric: Metric, tally: Tally) -> float:
    """Return how many rows were answered wrongly; where answers are not right or wrong, what was lost."""
    from vigil.stats import metrics

    counted = metrics.get("accuracy") if "confusion" in tally else metric
    return counted.counts(tally)[1]
