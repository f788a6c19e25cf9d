"""The whole story of a tick: new files in, the live model judged, retrained only when that is better.

Run by cron every ten minutes, by ``python app.py --schedule``, or by hand. A tick with nothing new
looks at the folder and ends; a tick after a crash takes up what was left.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vigil.ledger import glance

if TYPE_CHECKING:
    from vigil.batches.arrival import Arrival
    from vigil.policies import Proposal
    from vigil.project import Project
    from vigil.records import Batch, Decision, Score
    from vigil.run import Run


#: What the console calls a decision's outcome.
SAID = {
    "nothing": "stays",
    "train-first": "train",
    "retrain": "retrain",
    "refresh": "refresh",
    "replace": "replace",
    "renew": "renew",
    "promote": "promoted",
    "keep": "kept",
    "abstain": "kept",
    "fix": "repaired",
    "undo": "undone",
    "dismiss": "dismissed",
}

#: The steps of a tick, in its order; ``scoring`` also plans what a batch calls for.
STEPS = (
    "labelling",
    "ingestion",
    "scoring",
    "training",
    "deployment",
    "diagnostics",
    "upkeep",
    "reporting",
)

#: Gating rows that must have come since the last attempt for a refresh to be judged on these alone.
FRESH_ROWS = 200


def tick(
    project: Project,
    *,
    folder: Path | None = None,
    trigger: str = "command",
    force: bool = False,
    report: bool = True,
    steps: Collection[str] = STEPS,
) -> dict[str, Any]:
    """Take in new files; score, decide and act batch by batch; report. Return what happened.

    Each step works off what is unfinished, so that a tick after a crash is a tick like any other, and
    ``steps`` taken one at a time come to the same.
    """
    import diagnostics
    import ingestion
    import labelling
    import reporting
    import upkeep
    from vigil.run import begun

    seen_config = glance.digest_of(project.config_path.read_bytes())
    with project.locked():
        with begun(project, trigger, steps) as run:
            for line in run.take("labelling", lambda: labelling.run(project)) or []:
                project.console.say(line)
            took = run.take("ingestion", lambda: ingestion.run(project, run=run.number, folder=folder))
            arrivals = took or []
            decided = work_off(project, run, arrivals, force=force)
            run.news = run.news or bool(decided) or any(arrival.status != "waiting" for arrival in arrivals)
            run.take("diagnostics", lambda: diagnostics.run(project))
            run.take("upkeep", lambda: upkeep.run(project))
            run.summary = summary(arrivals, decided)
        documents = reporting.run(project) if report and "reporting" in steps else []
        waiting = any(arrival.status == "waiting" for arrival in arrivals)
        project.remember_as_idle(seen_config, idle=not waiting and set(steps) == set(STEPS))
    return {
        "run": run.number,
        "summary": run.summary,
        "files": [arrival.as_json() for arrival in arrivals],
        "decisions": decided,
        "reports": [str(path) for path in documents],
    }


def work_off(project: Project, run: Run, arrivals: list[Arrival], *, force: bool) -> list[dict[str, Any]]:
    """Decide about every batch that has no decision yet, in order; return the decisions' words.

    A plan that a step left out would have to carry out stays open, and holds up the batches after it.
    """
    unsaid = sorted(arrivals, key=lambda arrival: arrival.order)
    decided = finish_repairs(project, run) if run.wants("scoring") else []
    for interrupted, plan in interrupted_force(project):
        decided += carry_out(project, interrupted, plan, run)
    held_up = None
    while (batch := next_batch(project)) is not None and batch != held_up:
        held_up = batch
        while unsaid and unsaid[0].order <= batch.order:
            project.console.say(unsaid.pop(0).line)
        decided += cycle(project, batch, run, force=False)
    for arrival in unsaid:
        project.console.say(arrival.line)
    last = project.ledger.batches.all()[-1:]
    if force and last and not any(row["kind"] == "gate" for row in decided):
        decided += cycle(project, last[0], run, force=True)
    return decided


def finish_repairs(project: Project, run: Run) -> list[dict[str, Any]]:
    """Carry out what a person decided about faults, and score again what that changes; return the words."""
    import scoring
    from vigil import repairing

    words = []
    for decision in repairing.unfinished(project):
        for batch in repairing.carry_out(project, decision):
            with run.step("scoring"):
                scoring.run(project, batch, decision.release, run=run.number)
        repairing.finish(project, decision)
        about = project.ledger.batches.get(decision.batch)
        words += [told(project, about, decision)] if about is not None else []
    return words


def interrupted_force(project: Project) -> list[tuple[Batch, Decision]]:
    """Return the forced plans that a killed run left; their batches have been decided about already."""
    ledger = project.ledger
    done = ledger.decisions.decided_through()
    plans = [plan for plan in ledger.decisions.open() if plan.kind == "plan"]
    found = [(ledger.batches.get(plan.batch), plan) for plan in plans]
    return [(batch, plan) for batch, plan in found if batch is not None and batch.order <= done]


def next_batch(project: Project) -> Batch | None:
    """Return the batch to decide about: an interrupted one, else the first; before a release, the last.

    A first release is trained on everything that is in, so that one plan covers all batches.
    """
    from vigil.bundles import pointer

    batches = project.ledger.batches.all(after=project.ledger.decisions.decided_through())
    begun_plans = {plan.batch for plan in project.ledger.decisions.open() if plan.kind == "plan"}
    begun = [batch for batch in batches if batch.id in begun_plans]
    first = batches[-1:] if pointer.read(project.production) is None else batches[:1]
    return next(iter(begun + first), None)


def cycle(project: Project, batch: Batch, run: Run, *, force: bool) -> list[dict[str, Any]]:
    """Plan for one batch, and carry the plan out."""
    name = f"{batch.id}-forced-{run.number}" if force else f"{batch.id}-plan"
    plan = project.ledger.decisions.get(name)
    if plan is None:
        if not run.wants("scoring"):
            return []
        plan = make_plan(project, batch, run, name, force=force)
    return carry_out(project, batch, plan, run)


def carry_out(project: Project, batch: Batch, plan: Decision, run: Run) -> list[dict[str, Any]]:
    """Do what a plan says, as far as the steps go; asked again after a crash, finish it."""
    import deployment
    import training
    from vigil import handing

    ledger = project.ledger
    words = [told(project, batch, plan)]
    if "tried" in plan.evidence:
        # Counted from the plan and not before it: a run cut off in between would have used up the try.
        tried = plan.evidence["tried"]
        ledger.incidents.attempted(tried["incident"], attempts=tried["attempts"], rows=tried["rows"])
    if plan.outcome != "nothing":
        since, alone = plan.evidence["since"], plan.outcome in ("replace", "renew")
        fits = plan.evidence.get("fit", True)
        trained = run.take(
            "training", lambda: training.run(project, batch, since=since, alone=alone) if fits else []
        )
        candidates = handing.over(project, run, plan, trained)
        if candidates is None:
            return words
        with run.step("deployment"):
            gate = deployment.run(project, batch, candidates, plan=plan, run=run.number)
        words.append(told(project, batch, gate))
    ledger.decisions.carried_out(plan.id)
    return words


def make_plan(project: Project, batch: Batch, run: Run, name: str, *, force: bool) -> Decision:
    """Score the live release on a batch, hear the policy, and write down what follows."""
    import scoring
    from vigil.bundles import pointer
    from vigil.policies import Proposal
    from vigil.records import Decision

    live = pointer.read(project.production)
    broken = look_for_faults(project, batch, run, everything=live is None)
    if live is None:
        evidence: dict[str, Any] = {"since": 1, "attempt": 1}
        reason = "No model is live yet: a first one is trained."
        plan = Decision(name, "plan", batch.id, "", "train-first", reason, evidence)
    elif force:
        reason = "A person asked for challengers."
        plan = Decision(
            name, "plan", batch.id, live.release, "refresh", reason, trial(project, live.release, batch)
        )
    else:
        with run.step("scoring"):
            score = scoring.run(project, batch, live.release, run=run.number)
        proposal, tried = consider(project, batch, score)
        if broken and proposal.action != "nothing":
            # What a broken feed seems to ask for is not done; the alarm and its incident stand.
            proposal, tried = Proposal("nothing", "It is not trained on."), {}
        reason = f"{score.verdict}: {score.reason} {broken} {proposal.reason}".replace("  ", " ")
        evidence = {
            "e_value": score.e_value,
            "alarm_at": score.alarm_at,
            **trial(project, live.release, batch),
            **tried,
        }
        plan = Decision(name, "plan", batch.id, live.release, proposal.action, reason, evidence)
    return project.ledger.decisions.add(plan, order=batch.order, run=run.number)


def look_for_faults(project: Project, batch: Batch, run: Run, *, everything: bool) -> str:
    """Look at a batch, or at all up to it, before it is planned about; say what is broken in it."""
    import diagnostics

    said = ""
    with run.step("diagnostics"):
        first = 0 if everything else batch.order - 1
        for one in project.ledger.batches.all(after=first, through=batch.order):
            said = diagnostics.inspect(project, one, run=run.number)
    return said


def trial(project: Project, release: str, batch: Batch) -> dict[str, Any]:
    """Return which rows may judge challengers of the live release, and which attempt on them this is.

    Without an incident, only rows of the time that the live release was made for may judge it; those
    that came after the last attempt, where they are enough. On other rows the attempts count up.
    """
    from vigil import situation

    ledger = project.ledger
    incident = ledger.incidents.open_for(release) or {}
    facts = (ledger.releases.get(release) or {"facts": {"since": 1}})["facts"]
    since = incident.get("since", facts["since"])
    last = ledger.decisions.last_challenge()
    if last is None or since > last["order"]:
        return {"since": since, "attempt": 1}
    fresh = situation.labelled(project, last["order"] + 1, batch) * project.config.holdout / 2
    if not incident and fresh >= FRESH_ROWS:
        return {"since": since, "judged_since": last["order"] + 1, "attempt": 1}
    return {"since": since, "attempt": last["attempt"] + 1}


def consider(project: Project, batch: Batch, score: Score) -> tuple[Proposal, dict[str, Any]]:
    """Open an incident on an alarm, and ask the policy; return also what following it would take."""
    from vigil import breakers, policies, renewal, situation

    ledger = project.ledger
    facts = (ledger.releases.get(score.release) or {})["facts"]
    asks = policies.asks_freshness(project.config.policy)
    freshness = renewal.watch(project, batch, score) if asks else {}
    alarm = score.verdict == "degraded" and score.order > facts.get("evidence_after", 0)
    # A drift that is known and answered after every batch is no incident.
    alarm = alarm and not (freshness.get("drifting") and renewal.is_vote(project, score.release))
    if alarm and ledger.incidents.open_for(score.release) is None:
        ledger.incidents.open(score.release, batch, since=situation.first_changed(project, score))
    found = situation.of(project, batch, score, freshness)
    proposal = breakers.passed(project, policies.propose(project.config.policy, found))
    needs: dict[str, Any] = {"freshness": freshness} if freshness else {}
    aged = situation.made_elsewhere(project, score.release) if proposal.action == "nothing" else None
    if aged is not None:
        return aged, {**needs, "made_under": aged.reason}
    incident = ledger.incidents.open_for(score.release)
    if proposal.action in ("replace", "renew"):
        first = 1 if proposal.batches is None else max(1, batch.order - proposal.batches + 1)
        needs |= {"since": first, "fit": proposal.action == "replace" or proposal.batches is not None}
    elif incident and proposal.action == "retrain":
        tried = {"attempts": found.attempts + 1, "rows": found.rows_since_change}
        needs["tried"] = {"incident": incident["id"], **tried}
    return proposal, needs


def told(project: Project, batch: Batch, decision: Decision) -> dict[str, Any]:
    """Say a decision on the console, and return it for ``--json``."""
    project.console.say(f"  {SAID.get(decision.outcome, decision.outcome):<9} {decision.reason}")
    return {
        "batch": batch.name,
        **{k: getattr(decision, k) for k in ("kind", "outcome", "reason", "evidence")},
    }


def summary(arrivals: list[Arrival], decided: list[dict[str, Any]]) -> str:
    """Say a run in one line."""
    counts: dict[str, int] = {}
    for arrival in arrivals:
        counts[arrival.status] = counts.get(arrival.status, 0) + 1
    parts = [f"{count} {status}" for status, count in counts.items()]
    promoted = sum(row["outcome"] == "promote" for row in decided)
    parts += [f"{promoted} promoted"] if promoted else []
    return ", ".join(parts) or "nothing new"


def main(arguments: list[str] | None = None) -> int:
    """Run one tick, or answer one question, from the command line."""
    options = command_line().parse_args(arguments)
    asked = any((options.init, options.explain is not None, options.dry_run, options.force_retrain))
    asked = asked or options.steps or options.reproduce or options.pause or options.resume
    if not asked and glance.nothing_to_do(Path(options.config), options.input):
        glance.looked(Path(options.config))
        print("{}" if options.json else "Nothing new.")
        return 0
    # Late: a tick with nothing new has ended above, and has imported next to nothing.
    if options.reproduce:
        return reproduce(options)
    from vigil.asked import answer

    return answer(options, tick)


def reproduce(options: argparse.Namespace) -> int:
    """Rebuild a release in a clean folder, by the same training, and compare it byte by byte."""
    import training
    from vigil import reproducing
    from vigil.command import perform

    return perform(lambda project, chosen: reproducing.command(project, chosen, training.run), options)


def chosen_steps(text: str) -> tuple[str, ...]:
    """Read ``--steps``: names with commas between them."""
    names = [name.strip() for name in text.split(",")]
    wrong = [name for name in names if name not in STEPS]
    if wrong:
        raise argparse.ArgumentTypeError(f"{wrong[0]!r} is no step; there are {', '.join(STEPS)}")
    return tuple(name for name in STEPS if name in names)


def command_line() -> argparse.ArgumentParser:
    """Return the options of ``python fullprocess.py``."""
    parser = argparse.ArgumentParser(description="Run one tick: ingest, score, decide, retrain, report.")
    parser.add_argument("--config", default="config.json", metavar="PATH", help="the project's config file")
    parser.add_argument("--input", metavar="FOLDER", help="look here for files instead of input_folder_path")
    parser.add_argument(
        "--force-retrain", action="store_true", help="train and gate challengers without an alarm"
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
    parser.add_argument(
        "--steps",
        type=chosen_steps,
        metavar="NAMES",
        help=f"take only some, in this order: {','.join(STEPS)}",
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


if __name__ == "__main__":
    sys.exit(main())
