"""Candidates meet the gate; the one that is really better goes live, in one atomic switch.

This step decides what is good enough: the first release must beat the best constant answer; a later one
must beat the live one (after an alarm) or match it (a refresh), on rows that neither has seen.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from vigil import beside, breakers, cards, figures, hearing, probation, renewal
from vigil.bundles import pointer
from vigil.command import parser, perform
from vigil.project import Project
from vigil.records import Batch, Decision
from vigil.releases import switch
from vigil.run import begun
from vigil.trials import gating, leaks
from vigil.trials.snapshot import BEFORE_ALL, CHOOSING, GATING


def run(project: Project, batch: Batch, candidates: list[str], *, plan: Decision, run: int) -> Decision:
    """Decide once about the candidates of a plan, and carry it out; asked again, finish what stands.

    The plan's evidence holds ``since``, the order of the first batch whose rows may judge, and
    ``attempt``, which counts the tries on these rows, from 1. A plan ``refresh`` asks for "not worse by
    more than the margin" and not "better"; ``replace`` and ``renew`` for no gate, ``restore`` for one back.
    """
    name, ledger = f"{plan.id}-gate", project.ledger
    decision = ledger.decisions.get(name)
    if decision is None:
        live = pointer.read(project.production)
        eligible = [release for release in candidates if _eligible(project, release)]
        if live is None:
            decision = first_release(project, batch, eligible)
        elif plan.outcome == "replace":
            decision = replacement(project, batch, eligible, live.release, plan)
        elif plan.outcome == "renew":
            decision = renewed(project, batch, live.release, plan)
        elif plan.outcome == "restore":
            decision = probation.step_back(batch, plan)
        else:
            decision = challenge(project, batch, eligible, live.release, plan)
        reason = decision.reason + leaks.told(ledger.releases.get(decision.release))
        made = replace(decision, id=name, reason=reason)
        decision = ledger.decisions.add(made, order=batch.order, run=run)
    if not decision.done:
        if decision.outcome == "promote":
            switch.promote(ledger, project.production, decision.release, by=decision.id, after=batch.order)
        elif decision.outcome == "rollback":
            held = decision.evidence["from"]
            switch.put_back(
                project.ledger, project.production, decision.release, held, by=decision.id, after=batch.order
            )
        ledger.decisions.carried_out(decision.id)
    return decision


def first_release(project: Project, batch: Batch, candidates: list[str]) -> Decision:
    """Take the best candidate if it beats the best constant answer on all held-out rows."""
    if not candidates:
        return _gate(batch, "", "nothing", "No candidate could be trained.", {})
    panel = hearing.seated(project, batch, BEFORE_ALL)
    best = panel.best(candidates)
    held = panel.judged(best, CHOOSING, GATING)
    value, constant = panel.metric.value(held.tally()), panel.baseline(held)
    evidence: dict[str, Any] = {"score": value, "baseline": constant, "rows": len(held.truth)}
    evidence["candidates"] = candidates
    found = f"{panel.metric.title} {figures.score(value)} on {len(held.truth):,} held-out rows"
    if not panel.beats(value, constant):
        reason = f"{found}, a constant answer {figures.score(constant)}"
        reason += ": the data shows no skill, so nothing is deployed."
        return _gate(batch, best, "nothing", reason, evidence)
    hearing.write_down(project, panel, best, (CHOOSING, GATING), choices=len(candidates))
    reason = f"{found}; the best constant answer has {figures.score(constant)}."
    return _gate(batch, best, "promote", reason, evidence)


def challenge(
    project: Project, batch: Batch, candidates: list[str], champion: str, plan: Decision
) -> Decision:
    """Choose a challenger on one half of the holdout, and gate it against the champion on the other."""
    if not candidates:
        return _gate(batch, champion, "nothing", "No challenger differs from the live release.", {})
    since, attempt = plan.evidence.get("judged_since", plan.evidence["since"]), plan.evidence["attempt"]
    panel = hearing.seated(project, batch, since)
    best = panel.best(candidates)
    # What went live by being better: many refreshes, each merely as good, could lose a margin each.
    anchors = [
        one for one in project.ledger.decisions.won(since=plan.evidence["since"]) if _eligible(project, one)
    ]
    rules = hearing.rules(project, attempt=attempt, refresh=plan.outcome == "refresh", anchors=anchors)
    result, more = gating.gated(panel, best, champion, rules)
    new, old = panel.judged(best, GATING), panel.judged(champion, GATING)
    if result.promote:
        # The rows that promoted it flatter it; on the other half it was only chosen among a few.
        hearing.write_down(project, panel, best, (CHOOSING,), choices=len(candidates))
    scores = {"champion": panel.metric.value(old.tally()), "challenger": panel.metric.value(new.tally())}
    evidence: dict[str, Any] = {"champion": champion, "challenger": best, "candidates": candidates}
    evidence |= {"scores": scores, "since": since, "attempt": attempt, **asdict(result)}
    for told in ("promote", "outcome", "reason") + (("buckets",) if result.buckets is None else ()):
        del evidence[told]
    evidence |= more
    release = best if result.promote else champion
    return _gate(batch, release, result.outcome, result.reason, evidence)


def replacement(
    project: Project, batch: Batch, candidates: list[str], replaced: str, plan: Decision
) -> Decision:
    """Take the best candidate without asking whether it is better than the live one."""
    if not candidates:
        return _gate(batch, replaced, "nothing", "The new model is the live one over again.", {})
    panel = hearing.seated(project, batch, plan.evidence["since"])
    best = panel.best(candidates)
    held = panel.judged(best, CHOOSING, GATING)
    hearing.write_down(project, panel, best, (CHOOSING, GATING), choices=len(candidates))
    value = panel.metric.value(held.tally())
    evidence = {"replaced": replaced, "candidates": candidates, "score": value, "rows": len(held.truth)}
    reason = (
        f"Deployed without a gate, as the policy asks: {panel.metric.title} {figures.score(value)} on "
        f"{len(held.truth):,} held-out rows; it was not compared with the live release."
    )
    return _gate(batch, best, "promote", reason, evidence)


def renewed(project: Project, batch: Batch, live: str, plan: Decision) -> Decision:
    """Let past releases vote, calibrated anew; their record on the newest batches says in which form."""
    release, reason, evidence = renewal.make(project, batch, plan)
    if release == live:
        return _gate(batch, live, "nothing", "What answers is what it was.", evidence)
    panel = hearing.seated(project, batch, max(1, batch.order - renewal.RECORD + 1))
    # Neither fits nor votes have used the gating rows.
    hearing.write_down(project, panel, release, (GATING,), choices=1)
    return _gate(batch, release, "promote", reason, evidence)


def _eligible(project: Project, release: str) -> bool:
    """Leave out what is live already, and what was rolled back and is held."""
    row = project.ledger.releases.get(release)
    return row is not None and row["state"] not in ("live", "held")


def _gate(batch: Batch, release: str, outcome: str, reason: str, evidence: dict[str, Any]) -> Decision:
    return Decision("", "gate", batch.id, release, outcome, reason, evidence)


def command(project: Project, options: argparse.Namespace) -> None:
    """Show what is live, or a model card; roll back, acknowledge an incident, lift a hold, or pause."""
    if options.pause or options.resume:
        with project.locked():
            project.console.say((breakers.pause if options.pause else breakers.resume)(project))
    elif options.card:
        print(cards.markdown(cards.gathered(project, options.card)), end="")
    elif beside.is_asked(options):
        beside.answer(project, options)
    elif options.lift:
        with project.locked():
            switch.lift(project.ledger, options.lift)
        project.console.say(f"release {options.lift} may be promoted again.")
    elif options.rollback is not None or options.acknowledge:
        back = partial(switch.restore, release=options.rollback or "", models=project.models)
        act = switch.acknowledge if options.acknowledge else back
        with project.locked(), begun(project, "deployment") as current:
            current.summary = act(project.ledger, project.production, run=current.number).reason
            current.news = True
        project.console.say(current.summary)
    else:
        for row in project.ledger.releases.all():
            project.console.say(f"{row['id']}  {row['state']:<9}  {row['reason']}")


if __name__ == "__main__":
    cli = parser(__doc__.splitlines()[0])
    one = cli.add_mutually_exclusive_group()
    one.add_argument("--list", action="store_true", help="list the releases (what it does anyway)")
    back = "put the release before the live one back, or the named earlier one"
    one.add_argument("--rollback", nargs="?", const="", metavar="RELEASE", help=back)
    one.add_argument("--acknowledge", action="store_true", help="close the open incident as understood")
    one.add_argument("--card", metavar="RELEASE", help="print a release's model card, as Markdown")
    one.add_argument("--pause", action="store_true", help="train and deploy nothing until --resume")
    one.add_argument("--resume", action="store_true", help="end a pause")
    one.add_argument("--lift", metavar="RELEASE", help="let a release that was rolled back be promoted again")
    beside.add_options(one)
    sys.exit(perform(command, cli.parse_args()))
