"""A challenger beside the live release: begun and ended by people, each time with a decision."""

from __future__ import annotations

from pathlib import Path

from vigil import bundles
from vigil.bundles import trial
from vigil.bundles.trial import Kind, Trial
from vigil.errors import BundleError, VigilError
from vigil.ledger.ledger import Ledger
from vigil.records import Decision
from vigil.releases.switch import standing

#: The share of cases of which a canary cannot have less or more.
LEAST, MOST = 0.001, 0.5


def begin(
    ledger: Ledger,
    production: Path,
    models: Path,
    *,
    kind: Kind,
    release: str,
    share: float,
    by: str,
    run: int,
) -> Decision:
    """Let a release answer beside the live one; ``by`` says who wants it.

    The decision is written first, then the file that the service follows: killed in between, there is no
    trial, and it is begun by asking again. Raises VigilError when it cannot be tried.
    """
    _check(ledger, production, models, kind, release, share)
    part = "every row silently" if kind == "shadow" else f"{share:.1%} of the cases"
    reason = f"{release} answers {part}, asked for by {by}."
    evidence = {"share": share, "by": by}
    said = Decision(f"run-{run}-trial", "trial", "", release, kind, reason, evidence, done=True)
    decision = ledger.decisions.add(said, order=ledger.batches.last_order(), run=run)
    trial.write(production, Trial(decision.id, kind, release, share, ledger.decisions.now()))
    return decision


def end(ledger: Ledger, production: Path, *, by: str, run: int) -> Decision:
    """End the trial, also one whose file is damaged. Raises VigilError when there is none."""
    try:
        found = trial.read(production)
        release = found.release if found else ""
    except BundleError:
        release = "?"
    if not release:
        raise VigilError("there is no trial.", where=str(production))
    reason = f"the trial of {release} was ended by {by}; the live release answers alone."
    said = Decision(f"run-{run}-trial", "trial", "", release, "end", reason, {"by": by}, done=True)
    decision = ledger.decisions.add(said, order=ledger.batches.last_order(), run=run)
    trial.end(production)
    return decision


def _check(ledger: Ledger, production: Path, models: Path, kind: Kind, release: str, share: float) -> None:
    """Raise VigilError for what cannot be tried."""
    if trial.read(production) is not None:
        raise VigilError("there is a trial already.", hint="End it: python deployment.py --end-trial")
    live, row = standing(ledger, production), ledger.releases.get(release)
    if live is None:
        raise VigilError("nothing is deployed that a release could be tried beside.")
    if row is None or row["state"] == "held" or release == live.release:
        what = f"release {release} cannot be tried: it is unknown, held or live."
        raise VigilError(what, hint="See: python deployment.py --list")
    if bundles.verify(models, release)["classes"] != bundles.load_manifest(models, live.release)["classes"]:
        raise VigilError(f"release {release} knows other classes than the live one.")
    if kind == "canary":
        _check_canary(models, release, share)


def _check_canary(models: Path, release: str, share: float) -> None:
    if not LEAST <= share <= MOST:
        raise VigilError(f"a canary's share is from {LEAST} to {MOST}, and not {share:g}.")
    if not bundles.load_manifest(models, release)["compiled"]:
        hint = "Try it as a shadow, which holds nobody up."
        raise VigilError(f"release {release} has no compiled form: it would answer too slowly.", hint=hint)
