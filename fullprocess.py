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

from vigil import saying
from vigil.ledger import glance
from vigil.options import of_a_tick

if TYPE_CHECKING:
    from vigil.batches.arrival import Arrival
    from vigil.policies import Proposal
    from vigil.project import Project
    from vigil.records import Batch, Decision, Score
    from vigil.run import Run

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


def tick(
    project: Project,
    *,
    folder: Path | None = None,
    trigger: str = "command",
    force: bool = False,
    since: int | None = None,
    report: bool = True,
    steps: Collection[str] = STEPS,
) -> dict[str, Any]:
    """Take in new files; score, decide and act batch by batch; report. Return what happened.

    Each step works off what is unfinished, so that a tick after a crash is a tick like any other, and
    ``steps`` taken one at a time come to the same. Challengers that are asked for by ``force`` are also
    trained on the rows from the batch of order ``since`` on alone, and judged by rows from there on.
    """
    import alerting
    import diagnostics
    import ingestion
    import labelling
    import reporting
    import upkeep
    from vigil.run import begun

    seen_config = glance.digest_of(project.config_path.read_bytes())
    with project.locked():
        with alerting.telling_faults(project), begun(project, trigger, steps) as run:
            for line in run.take("labelling", lambda: labelling.run(project)) or []:
                project.console.say(line)
            took = run.take("ingestion", lambda: ingestion.run(project, run=run.number, folder=folder))
            arrivals = took or []
            decided = work_off(project, run, arrivals, force=force, since=since)
            run.news = run.news or bool(decided) or any(arrival.status != "waiting" for arrival in arrivals)
            run.take("diagnostics", lambda: diagnostics.run(project))
            run.take("upkeep", lambda: upkeep.run(project))
            run.summary = saying.summary(arrivals, decided)
        with alerting.telling_faults(project, of_reports=True):
            documents = reporting.run(project) if report and "reporting" in steps else []
        alerting.run(project)
        waiting = any(arrival.status == "waiting" for arrival in arrivals)
        project.remember_as_idle(seen_config, idle=not waiting and set(steps) == set(STEPS))
    alerting.ping(project.config.alerts)
    return {
        "run": run.number,
        "summary": run.summary,
        "files": [arrival.as_json() for arrival in arrivals],
        "decisions": decided,
        "reports": [str(path) for path in documents],
    }


def work_off(
    project: Project, run: Run, arrivals: list[Arrival], *, force: bool, since: int | None
) -> list[dict[str, Any]]:
    """Decide about every batch that has no decision yet, in order; return the decisions' words.

    A plan that a step left out would have to carry out stays open, and holds up the batches after it.
    """
    from vigil import unfinished

    unsaid = sorted(arrivals, key=lambda arrival: arrival.order)
    decided = finish_repairs(project, run) if run.wants("scoring") else []
    for interrupted, plan in unfinished.forced(project):
        decided += carry_out(project, interrupted, plan, run)
    held_up = None
    while (batch := unfinished.next_batch(project)) is not None and batch != held_up:
        held_up = batch
        while unsaid and unsaid[0].order <= batch.order:
            project.console.say(unsaid.pop(0).line)
        decided += cycle(project, batch, run, name=f"{batch.id}-plan")
    for arrival in unsaid:
        project.console.say(arrival.line)
    last = project.ledger.batches.all()[-1:]
    if force and last and not any(row["kind"] == "gate" for row in decided):
        name = f"{last[0].id}-forced-{run.number}"
        decided += cycle(project, last[0], run, name=name, force=True, since=since)
    return decided


def finish_repairs(project: Project, run: Run) -> list[dict[str, Any]]:
    """Carry out what a person decided about faults; score and plan again what that changes; tell it."""
    import scoring
    from vigil import repairing

    words = []
    for decision in repairing.unfinished(project):
        for batch in repairing.carry_out(project, decision):
            with run.step("scoring"):
                scoring.run(project, batch, decision.release, run=run.number)
        about = project.ledger.batches.get(decision.batch)
        words += [saying.told(project, about, decision)] if about is not None else []
        repairing.close_explained(project, decision)
        anew = repairing.to_decide_anew(project, decision)
        if anew is not None:
            words += cycle(project, anew, run, name=f"{anew.id}-plan-after-{decision.id}")
        repairing.finish(project, decision)
    return words


def cycle(
    project: Project, batch: Batch, run: Run, *, name: str, force: bool = False, since: int | None = None
) -> list[dict[str, Any]]:
    """Plan for one batch under a name that no other plan has, and carry the plan out."""
    plan = project.ledger.decisions.get(name)
    if plan is None:
        if not run.wants("scoring"):
            return []
        plan = make_plan(project, batch, run, name, force=force, since=since)
    return carry_out(project, batch, plan, run)


def carry_out(project: Project, batch: Batch, plan: Decision, run: Run) -> list[dict[str, Any]]:
    """Do what a plan says, as far as the steps go; asked again after a crash, finish it."""
    import deployment
    import training
    from vigil import handing

    ledger = project.ledger
    words = [saying.told(project, batch, plan)]
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
        words.append(saying.told(project, batch, gate))
    ledger.decisions.carried_out(plan.id)
    return words


def make_plan(
    project: Project, batch: Batch, run: Run, name: str, *, force: bool, since: int | None
) -> Decision:
    """Score the live release on a batch, hear the policy, and write down what follows."""
    import scoring
    from vigil import policies, situation
    from vigil.bundles import pointer
    from vigil.records import Decision

    live = pointer.read(project.production)
    broken = look_for_faults(project, batch, run, everything=live is None)
    if live is None:
        evidence: dict[str, Any] = {"since": 1, "attempt": 1}
        reason = "No model is live yet: a first one is trained."
        plan = Decision(name, "plan", batch.id, "", "train-first", reason, evidence)
    elif force:
        reason = "A person asked for challengers."
        rows = situation.judged_by(project, live.release, batch, since=since)
        plan = Decision(name, "plan", batch.id, live.release, "refresh", reason, rows)
    else:
        with run.step("scoring"):
            score = scoring.run(project, batch, live.release, run=run.number)
        proposal, tried = consider(project, batch, score)
        if broken and proposal.action != "nothing":
            # What a broken feed seems to ask for is not done; the alarm and its incident stand.
            proposal, tried = policies.Proposal("nothing", "It is not trained on."), {}
        reason = f"{score.verdict}: {score.reason} {broken} {proposal.reason}".replace("  ", " ")
        evidence = {
            "e_value": score.e_value,
            "alarm_at": score.alarm_at,
            **situation.judged_by(project, live.release, batch),
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


def consider(project: Project, batch: Batch, score: Score) -> tuple[Proposal, dict[str, Any]]:
    """Open an incident on an alarm, and ask the policy; return also what following it would take.

    A fresh release that is worse than the one before it is an incident too, and the policy is not asked.
    """
    from vigil import breakers, policies, probation, renewal, situation

    asks = policies.asks_freshness(project.config.policy)
    freshness = renewal.watch(project, batch, score) if asks else {}
    tried = probation.watch(project, batch, score.release)
    situation.open_incident(project, batch, score, freshness, tried)
    needs: dict[str, Any] = {"freshness": freshness} if freshness else {}
    needs |= {"probation": tried} if tried else {}
    if tried.get("worse"):
        proposal = policies.Proposal("restore", tried["words"])
        return breakers.passed(project, proposal), {**needs, "fit": False}
    found = situation.of(project, batch, score, freshness)
    proposal = breakers.passed(project, policies.propose(project.config.policy, found))
    aged = situation.made_elsewhere(project, score.release) if proposal.action == "nothing" else None
    if aged is not None and breakers.held_back(project, aged) is None:
        return aged, {**needs, "made_under": aged.reason}
    return proposal, needs | situation.taken(project, batch, proposal, found)


def main(arguments: list[str] | None = None) -> int:
    """Run one tick, or answer one question, from the command line."""
    import alerting

    options = of_a_tick(STEPS).parse_args(arguments)
    asked = any((options.init, options.explain is not None, options.dry_run, options.force_retrain))
    asked = asked or options.steps or options.reproduce or options.pause or options.resume
    asked = asked or options.target or options.since
    if not asked and glance.nothing_to_do(Path(options.config), options.input):
        glance.looked(Path(options.config))
        print("{}" if options.json else "Nothing new.")
        return alerting.after_idle(options)
    if options.reproduce:
        return reproduce(options)
    # Late: a tick with nothing new has ended above, and has imported next to nothing. SciPy is the first:
    # skops, which stores models, asks every module that was imported before it for each of its functions.
    if not asked or options.force_retrain:
        import scipy.special  # noqa: F401
    from vigil.asked import answer

    return answer(options, tick)


def reproduce(options: argparse.Namespace) -> int:
    """Rebuild a release in a clean folder, by the same training, and compare it byte by byte."""
    import training
    from vigil import reproducing
    from vigil.command import perform

    return perform(lambda project, chosen: reproducing.command(project, chosen, training.run), options)


if __name__ == "__main__":
    sys.exit(main())
