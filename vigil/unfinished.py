"""What a tick still has to decide about, and what a killed one left."""

from __future__ import annotations

from vigil.bundles import pointer
from vigil.project import Project
from vigil.records import Batch, Decision


def forced(project: Project) -> list[tuple[Batch, Decision]]:
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
    batches = project.ledger.batches.all(after=project.ledger.decisions.decided_through())
    begun_plans = {plan.batch for plan in project.ledger.decisions.open() if plan.kind == "plan"}
    begun = [batch for batch in batches if batch.id in begun_plans]
    first = batches[-1:] if pointer.read(project.production) is None else batches[:1]
    return next(iter(begun + first), None)
