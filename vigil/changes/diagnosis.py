"""One batch, one release: everything that is written about them after the decision."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from vigil import models, profiles
from vigil.bundles import features, load_manifest
from vigil.changes import drifting, slicing
from vigil.changes.drifting import Known
from vigil.config import Config
from vigil.ledger.ledger import Ledger
from vigil.ledger.shelf import Row
from vigil.profiles import Profile
from vigil.records import Batch, Contract
from vigil.serving import Prediction
from vigil.slices import Answered
from vigil.stats.metrics import Metric
from vigil.table.store import Table
from vigil.trials import arrays, judged
from vigil.trials.snapshot import CHOOSING, GATING, TRAIN, Snapshot, snapshot

#: Verdicts on a score that ask why it moved.
ASKING = ("watch", "degraded")


@dataclass(frozen=True, slots=True)
class Sources:
    """What a diagnosis is made from: the parts of one project."""

    ledger: Ledger
    table: Table
    bundles: Path
    contract: Contract
    metric: Metric
    config: Config
    test_data: Path | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """Rows, the release's answers to all of them, and which have a label with what truth."""

    columns: arrays.Arrays
    prediction: Prediction
    truth: npt.NDArray[Any]
    labelled: npt.NDArray[np.bool_]

    def labelled_columns(self) -> arrays.Arrays:
        """Return the features of the labelled rows."""
        if self.labelled.all():
            return self.columns
        return {name: cells[self.labelled] for name, cells in self.columns.items()}


def diagnose(sources: Sources, pair: Row) -> None:
    """Write the diagnosis of a release and a batch, once.

    ``pair`` holds release, batch, order, run and verdict of a score. The batch's rows are read once, for
    the release's answers to them; drift is judged from profiles alone. Only a score that is watched or
    degraded is worth a look at the held-out rows.
    """
    ledger = sources.ledger
    batch, release = ledger.batches.get(pair["batch"]), ledger.releases.get(pair["release"])
    if batch is None or release is None:
        return
    asked = _ask(sources, release["id"], sources.table.batch(batch.order))
    state = ledger.diagnoses.state(release["id"], before=batch.order) or {}
    trained = profiles.load(sources.bundles / release["id"])
    drift, known = _drift(sources, release, batch, trained, asked.prediction, state)
    answered = _answered(sources, release, asked)
    columns = asked.labelled_columns()
    slices, tallies = slicing.look(
        answered, columns, trained, sources.contract, sources.config, state.get("tallies", {})
    )
    moved = _moved(sources, release, asked) if pair["verdict"] in ASKING else None
    ledger.diagnoses.add(
        release["id"],
        batch.id,
        order=batch.order,
        run=pair["run"],
        drift=drift,
        slices=slices,
        moved=moved,
        state={**known.as_json(), "tallies": tallies},
    )


def compare_rows(sources: Sources) -> list[str]:
    """Compare the rows of the newest diagnosed batch with its release's training rows; return lines.

    Nothing is written. It reads all rows that the release was trained on.
    """
    from vigil.changes import together

    found = sources.ledger.diagnoses.latest()
    release = sources.ledger.releases.get(found["release"]) if found else None
    if found is None or release is None:
        return ["No batch has met a release yet."]
    rows = _snapshot(sources, release)
    before = rows.take(rows.part(TRAIN, since=release["facts"].get("since", 1)))
    now = sources.table.batch(found["order"])
    return together.told(together.compare(before, now, sources.contract.features))


def _snapshot(sources: Sources, release: Row) -> Snapshot:
    """Return the rows that a release was made from, with their sides."""
    return snapshot(
        sources.table,
        sources.contract,
        through=release["through"],
        holdout=sources.config.holdout,
        test_data=sources.test_data,
    )


def _ask(sources: Sources, release: str, rows: pa.Table) -> _Asked:
    """Return a release's answers to rows, labelled or not."""
    looked_at = features(load_manifest(sources.bundles, release))
    columns = arrays.features(rows, looked_at)
    prediction = judged.answers(models.open_answerer(sources.bundles, release).predict, rows, looked_at)
    truth, labelled = arrays.labels(rows, sources.contract, models.code_order(sources.contract))
    return _Asked(columns, prediction, truth, labelled)


def _answered(sources: Sources, release: Row, asked: _Asked) -> Answered:
    """Return the labelled rows with the answers to them."""
    return Answered(
        sources.metric,
        asked.truth[asked.labelled],
        asked.prediction.outcome[asked.labelled],
        models.code_order(sources.contract),
        release["facts"].get("clip"),
    )


def _drift(
    sources: Sources,
    release: Row,
    batch: Batch,
    trained: Profile | None,
    prediction: Prediction,
    state: Row,
) -> tuple[dict[str, Any], Known]:
    """Return the batch's drift, and what the next diagnosis of the release needs to know."""
    known = Known.from_json(state) if state else Known()
    if trained is None:
        return {"verdict": "too little data", "columns": []}, known
    contract = sources.contract
    held_out = release["reference"].get("answers")
    reference = drifting.comparable(
        trained, Profile.from_json(held_out) if held_out else None, contract.columns
    )
    answers = profiles.of_answers(prediction.outcome, prediction.probability, models.code_order(contract))
    profile = Profile.from_json(sources.ledger.batches.profiles(only=batch.id)[0])
    current = drifting.comparable(profile, answers, contract.columns)
    return drifting.compare(reference, current, known, batch.name, target=contract.target.name)


def _moved(sources: Sources, release: Row, asked: _Asked) -> dict[str, Any] | None:
    """Return why the score differs from that on the rows which were held out for the release."""
    from vigil.changes import moving

    config, contract = sources.config, sources.contract
    rows = _snapshot(sources, release)
    held_out = rows.take(rows.part(CHOOSING, GATING, since=release["facts"].get("since", 1)))
    before = _ask(sources, release["id"], held_out)
    sides = [
        moving.Rows(
            side.labelled_columns(), side.truth[side.labelled], side.prediction.outcome[side.labelled]
        )
        for side in (before, asked)
    ]
    return moving.explain(
        sources.metric,
        *sides,
        features=contract.features,
        classes=len(models.code_order(contract)),
        clip=release["facts"].get("clip"),
        seed=config.seed,
    )
