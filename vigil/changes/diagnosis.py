"""One batch, one release: everything that is written about them after the decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vigil import models, profiles
from vigil.bundles import load_manifest
from vigil.changes import drifting
from vigil.changes.drifting import Known
from vigil.ledger.ledger import Ledger
from vigil.ledger.shelf import Row
from vigil.profiles import Profile
from vigil.records import Batch, Contract
from vigil.table.store import Table
from vigil.trials import arrays, judged


def diagnose(ledger: Ledger, table: Table, bundles: Path, contract: Contract, pair: Row) -> Row | None:
    """Write the diagnosis of a release and a batch; return it, or None when the batch is gone.

    ``pair`` holds release, batch, order, run and verdict of a score. The batch's rows are read once, for
    the model's answers to them; drift is judged from profiles alone.
    """
    batch = ledger.batches.get(pair["batch"])
    if batch is None:
        return None
    release = ledger.releases.get(pair["release"]) or {}
    answers = _answers(table, bundles, contract, pair)
    found, known = _drift(ledger, bundles, contract, release, batch, answers)
    parts: Row = {"drift": found, "slices": {}, "moved": None, "state": known.as_json()}
    ledger.diagnoses.add(pair["release"], batch.id, order=batch.order, run=pair["run"], **parts)
    return parts


def _answers(table: Table, bundles: Path, contract: Contract, pair: Row) -> Profile:
    """Return the distribution of the release's answers to the batch, labelled or not."""
    answerer = models.open_answerer(bundles, pair["release"])
    features = judged.features(load_manifest(bundles, pair["release"]))
    asked = answerer.predict(arrays.features(table.batch(pair["order"]), features))
    return profiles.of_answers(asked.outcome, asked.probability, models.code_order(contract))


def _drift(
    ledger: Ledger, bundles: Path, contract: Contract, release: Row, batch: Batch, answers: Profile
) -> tuple[dict[str, Any], Known]:
    """Return the batch's drift, and what the next diagnosis of the release needs to know."""
    known = Known.from_json(ledger.diagnoses.state(release["id"], before=batch.order))
    trained = profiles.load(bundles / release["id"])
    if trained is None:
        return {"verdict": "too little data", "columns": []}, known
    held_out = release["reference"].get("answers")
    asked = Profile.from_json(held_out) if held_out else None
    reference = drifting.comparable(trained, asked, contract.columns)
    profile = Profile.from_json(ledger.batches.profiles(only=batch.id)[0])
    current = drifting.comparable(profile, answers, contract.columns)
    return drifting.compare(reference, current, known, batch.name)
