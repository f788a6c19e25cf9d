"""The atomic switch. The pointer says what is live; the ledger and people's copies follow it."""

from __future__ import annotations

from pathlib import Path

from vigil import bundles
from vigil.bundles import pointer
from vigil.errors import BundleError, VigilError
from vigil.ledger.ledger import Ledger
from vigil.records import Decision
from vigil.storage import durable


def promote(ledger: Ledger, production: Path, release: str, *, by: str, after: int) -> None:
    """Make a release live; doing it twice is doing it once.

    Its evidence begins with the batch after the order ``after``.
    """
    live = standing(ledger, production)
    if live is None or live.release != release:
        # A release that comes back begins a new life: what spoke against its first one is spent.
        _start_afresh(ledger, release, after)
        live = pointer.Pointer(release, live.release if live else None)
        pointer.write(production, live.release, live.previous)
    if live.previous:
        ledger.incidents.close(live.previous, by=by)
    ledger.releases.make_live(release)
    names = "".join(f"{batch.name}\n" for batch in ledger.batches.all())
    durable.write_atomic(production / "ingestedfiles.txt", names.encode())


def standing(ledger: Ledger, production: Path) -> pointer.Pointer | None:
    """Return what is live; where the pointer is damaged, what the ledger says was."""
    try:
        return pointer.read(production)
    except BundleError:
        return _by_ledger(ledger)


def _by_ledger(ledger: Ledger) -> pointer.Pointer | None:
    """Return what the ledger says is live."""
    deployed = ledger.releases.deployed()
    live = next((row["id"] for row in deployed if row["state"] == "live"), None)
    before = next((row["id"] for row in deployed if row["state"] == "retired"), None)
    return pointer.Pointer(live, before) if live else None


def restore(
    ledger: Ledger, production: Path, *, run: int, release: str = "", models: Path | None = None
) -> Decision:
    """Put an earlier release back, the one before if none is named, and hold the live one until it is lifted.

    Where the pointer is damaged or lost, the live one may be named itself: the pointer is written anew.
    Raises VigilError when there is no earlier release, the named one is none, or the bundle of either in the
    folder ``models`` is not whole.
    """
    lost = _lost(ledger, production)
    if lost is not None and lost.release == release:
        return _pointed_again(ledger, production, lost, run, models)
    live = standing(ledger, production)
    earlier = release or (live.previous if live else None)
    if live is None or earlier is None:
        hint = "Only a release that followed another one can be rolled back."
        raise VigilError("there is no earlier release.", where=str(production), hint=hint)
    if release:
        _may_return(ledger, release)
    if models is not None:
        bundles.verify(models, earlier)
    reason = f"rolled back from {live.release} to {earlier} by a person; {live.release} is held."
    decision = _said(ledger, "rollback", earlier, reason, run, {"from": live.release})
    after = ledger.decisions.decided_through()
    put_back(ledger, production, earlier, live.release, by=decision.id, after=after)
    return decision


def _lost(ledger: Ledger, production: Path) -> pointer.Pointer | None:
    """Return what the ledger says is live where no pointer tells it, else None."""
    try:
        return _by_ledger(ledger) if pointer.read(production) is None else None
    except BundleError:
        return _by_ledger(ledger)


def _pointed_again(
    ledger: Ledger, production: Path, lost: pointer.Pointer, run: int, models: Path | None
) -> Decision:
    """Write the pointer to the live release anew; its evidence goes on."""
    if models is not None:
        bundles.verify(models, lost.release)
    pointer.write(production, lost.release, lost.previous)
    reason = f"the pointer to {lost.release}, which is live, was lost; a person had it written anew."
    return _said(ledger, "repoint", lost.release, reason, run, {})


def _may_return(ledger: Ledger, release: str) -> None:
    """Raise VigilError when a release was never live, is live already, or was rolled back."""
    row = ledger.releases.get(release)
    if row is None or row["state"] != "retired":
        state = "not known" if row is None else row["state"]
        hint = "Only a retired release can be put back. See: python deployment.py --list"
        raise VigilError(f"release {release} is {state}.", hint=hint)


def put_back(ledger: Ledger, production: Path, release: str, held: str, *, by: str, after: int) -> None:
    """Let an earlier release answer again and hold the live one; doing it twice is doing it once.

    Its evidence begins with the batch after the order ``after``. No further step back is left: what
    was before it lost to it at the gate.
    """
    pointer.write(production, release, None)
    ledger.incidents.close(held, by=by)
    ledger.releases.make_live(release)
    ledger.releases.update(held, state="held")
    _start_afresh(ledger, release, after)


def acknowledge(ledger: Ledger, production: Path, *, run: int) -> Decision:
    """Close the live release's incident by a person's word. Raises VigilError when none is open."""
    live = pointer.read(production)
    incident = ledger.incidents.open_for(live.release) if live else None
    if live is None or incident is None:
        raise VigilError("there is no open incident.", where=str(production))
    reason = f"incident {incident['id']} was acknowledged by a person; the evidence starts afresh."
    decision = _said(ledger, "acknowledge", live.release, reason, run, {"incident": incident["id"]})
    ledger.incidents.close(live.release, by=decision.id)
    _start_afresh(ledger, live.release, ledger.decisions.decided_through())
    return decision


def lift(ledger: Ledger, release: str) -> None:
    """Let a held release be promoted again. Raises VigilError when it is not held."""
    row = ledger.releases.get(release)
    if row is None or row["state"] != "held":
        raise VigilError(f"release {release} is not held.", hint="See: python deployment.py --list")
    ledger.releases.update(release, state="retired")


def _said(
    ledger: Ledger, kind: str, release: str, reason: str, run: int, evidence: dict[str, str]
) -> Decision:
    """Write down what a person decided."""
    decision = Decision(f"run-{run}-{kind}", kind, "", release, kind, reason, evidence, done=True)
    return ledger.decisions.add(decision, order=ledger.batches.last_order(), run=run)


def _start_afresh(ledger: Ledger, release: str, after: int) -> None:
    """Let a release's evidence begin after a batch; later ones may be in the table already."""
    facts = (ledger.releases.get(release) or {"facts": {}})["facts"]
    ledger.releases.update(release, facts={**facts, "evidence_after": after})
