"""A project as ticks would have left it: real bundles, a real ledger, a service on top."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from app import create_app
from vigil import contract as contracts
from vigil import models, profiles
from vigil.alerts import desk
from vigil.alerts.finding import Finding
from vigil.alerts.settings import opened
from vigil.bundles import pointer
from vigil.project import Project
from vigil.records import Batch, Column, Contract, Decision, RowFault, Score

HOSTILE = "<script>alert('x')</script>"

FEATURES = (
    Column("activity", "number", minimum=0.0),
    Column("segment", "category"),
)
CONTRACT = Contract(
    version=1,
    task="binary",
    columns=(
        Column("corporation", "category", role="key", nullable=False),
        *FEATURES,
        Column("exited", "category", role="target", levels=("0", "1")),
    ),
    classes=("0", "1"),
    positive="1",
)


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Train bundles into a folder; give it, and their ids by name."""
    folder = tmp_path_factory.mktemp("bundles")
    ids = {name: _train(folder, seed) for seed, name in enumerate(("first", "second"))}
    ids["many"] = _train(folder, 2, task="multiclass", classes=("a", "b", "c"), metric="macro_f1")
    ids["value"] = _train(folder, 3, task="regression", classes=(), metric="mae")
    return folder, ids


def _train(
    folder: Path, seed: int, *, task: Any = "binary", classes: Any = ("0", "1"), metric: str = "f1"
) -> str:
    random = np.random.default_rng(seed)
    activity = random.gamma(2.0, 10.0, 240)
    segment = random.choice(np.array(["north", "south"], dtype=object), 240)
    shifted = activity + 8 * (segment == "north") + random.normal(0, 4, 240)
    y = shifted if task == "regression" else np.digitize(shifted, [25, 45][: len(classes) - 1])
    fitted = models.fit(
        "logistic",
        {"activity": activity, "segment": segment},
        y,
        task=task,
        classes=classes,
        features=FEATURES,
        metric=metric,
        seed=seed,
    )
    return models.pack(fitted, folder)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the next second."""
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class World:
    """A project, and what was put into it."""

    project: Project
    ids: dict[str, str]

    def app(self, **environ: str) -> Any:
        """Return the project's application."""
        return create_app(self.project, environ=environ)

    def client(self, **environ: str) -> Any:
        """Return a client of the project's application."""
        return self.app(**environ).test_client()


@pytest.fixture
def empty(tmp_path: Path, bundles: tuple[Path, dict[str, str]]) -> Iterator[World]:
    """Give a project on which nothing has run."""
    config = {
        "name": "attrition",
        "input_folder_path": "sourcedata",
        "output_folder_path": "ingesteddata",
        "output_model_path": "models",
        "prod_deployment_path": "production",
        "target": "exited",
        "key": ["corporation"],
        "server": {"max_body_mb": 1},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    project = Project(tmp_path / "config.json", clock=Clock())
    shutil.copytree(bundles[0], project.models)
    yield World(project, bundles[1])
    project.close()


@pytest.fixture
def world(empty: World) -> World:
    """Give a project with three runs: a first release, a clean batch, an alarm with a promotion."""
    project, ledger, first, second = (
        empty.project,
        empty.project.ledger,
        empty.ids["first"],
        empty.ids["second"],
    )
    project.output.mkdir()
    contracts.save(CONTRACT, project.output)

    run = ledger.runs.start("command")
    january = _batch(project, run, 1, "2026-01.csv")
    _release(project, first, january, "logistic on all rows", 0.75)
    decision = Decision(
        "b1-plan-gate", "gate", january.id, first, "promote", "F1 0.750; a constant has 0.330."
    )
    ledger.decisions.add(decision, order=1, run=run)
    _go_live(project, first, None)
    ledger.runs.finish(run, status="done", news=True, summary="1 batch; first release.", steps=_steps(0.5))

    run = ledger.runs.start("schedule")
    february = _batch(project, run, 2, f"2026-02 {HOSTILE}.csv", missing=20)
    _score(project, run, first, february, 0.74, "steady", 0.4)
    ledger.files.record(
        "sourcedata/broken.csv",
        (10, 10, 10),
        digest="d",
        status="refused",
        batch=None,
        reason="no column 'exited'.",
        contract_version=1,
        run=run,
        details={"name": "broken.csv", "rows": 9, "faults": []},
    )
    ledger.runs.finish(
        run, status="done", news=True, summary="1 batch steady, 1 file refused.", steps=_steps(0.7)
    )

    run = ledger.runs.start("schedule")
    march = _batch(project, run, 3, "2026-03.csv")
    _score(project, run, first, march, 0.55, "degraded", 900.0)
    ledger.incidents.open(first, march, since=3)
    _release(project, second, march, "logistic on rows since 2026-03.csv", 0.73)
    decision = Decision("b3-plan-gate", "gate", march.id, second, "promote", "Better.", {"p": 0.001})
    ledger.decisions.add(decision, order=3, run=run)
    _go_live(project, second, first)
    ledger.incidents.close(first, by="b3-plan-gate")
    ledger.runs.finish(
        run, status="done", news=True, summary="Alarm; retrained; promoted.", steps=_steps(0.9)
    )

    _alert(project)
    return empty


def _alert(project: Project) -> None:
    """Raise an alert about a release that went live, and leave its message in the outbox."""
    raw = {"channels": {"log": {"kind": "file", "path": "alerts.jsonl"}}}
    words = {"title": f"worse {HOSTILE}", "what": "It got worse.", "sure": "certain.", "do": "Look."}
    found = Finding("incident", "i1", "critical", since=project.ledger.runs.now(), page="/runs/3", **words)
    desk.settle(project.ledger, opened(raw), [found], project=project.name, looked_at=())


@pytest.fixture
def client(world: World) -> Any:
    """Give a client of the project with three runs."""
    return world.client()


def _steps(seconds: float) -> list[dict[str, Any]]:
    return [{"step": "ingestion", "seconds": seconds}, {"step": "scoring", "seconds": seconds / 2}]


def _batch(project: Project, run: int, order: int, name: str, *, missing: int = 0) -> Batch:
    """Write an ingested batch of 100 rows with its profile and its file."""
    cells = [None] * missing + [float(n) for n in range(100 - missing)]
    rows = {
        "corporation": [f"corp-{n}" for n in range(100)],
        "activity": pa.array(cells, pa.float64()),
        "segment": ["north", HOSTILE] * 50,
        "exited": ["0", "0", "0", "1"] * 25,
    }
    profile = profiles.profile(pa.table(rows), CONTRACT.columns).to_json()
    batch = Batch(f"batch{order}", order, name, f"sourcedata/{name}", f"digest{order}", 100, 100, 2, 0, 1)
    project.ledger.batches.add_pending(batch, run=run, profile=profile)
    project.ledger.batches.settle([batch.id])
    fault = {"line": 7, "column": HOSTILE, "value": "12 apples", "rule": "not a number"}
    assert fault.keys() == set(RowFault.__dataclass_fields__)
    counts = {"rows": 102, "accepted": 100, "quarantined": 2, "duplicates": 0, "labelled": 100}
    project.ledger.files.record(
        batch.path, (order, order, order), digest=batch.digest, status="ingested", batch=batch.id, reason="",
        contract_version=1, run=run, details={"name": name, "order": order, **counts, "faults": [fault]},
    )  # fmt: skip
    return batch


def _release(project: Project, release: str, batch: Batch, reason: str, score: float) -> None:
    facts = {"task": "binary", "trained_rows": 240, "features": 2, "threshold": 0.4, "size_bytes": 20_480}
    reference = {
        "score": score,
        "interval": [score - 0.03, score + 0.03],
        "rows": 612,
        "baseline": 0.33,
        "metric": "f1",
    }
    project.ledger.releases.add(
        release,
        model="logistic",
        batch=batch.id,
        through=batch.order,
        reference=reference,
        level={"value": score - 0.05},
        facts={**facts, "through_name": batch.name},
        reason=reason,
    )


def _go_live(project: Project, release: str, previous: str | None) -> None:
    pointer.write(project.production, release, previous)
    project.ledger.releases.make_live(release)


def _score(
    project: Project, run: int, release: str, batch: Batch, value: float, verdict: Any, e_value: float
) -> None:
    score = Score(
        release=release,
        batch=batch.id,
        order=batch.order,
        metric="f1",
        value=value,
        low=value - 0.03,
        high=value + 0.03,
        confidence=0.95,
        rows=100,
        labelled=100,
        reference=0.75,
        level=0.70,
        e_value=e_value,
        alarm_at=200.0,
        detectable=0.043,
        verdict=verdict,
        reason=f"F1 is {value}.",
        unseen=0.73,
        unseen_rows=21,
        details={"labels": ["0", "1"], "confusion": [[60, 15], [10, 15]], "auc": 0.8},
    )
    evidence = {"process": {"log_wealth": [], "batches": batch.order - 1, "spent": 0.1}, "since": {}}
    project.ledger.scores.add(score, tally={}, evidence=evidence, run=run)


@pytest.fixture
def score() -> Callable[..., None]:
    """Write one more score into a project's ledger."""
    return _score


@pytest.fixture
def batch() -> Callable[..., Batch]:
    """Write one more batch into a project's ledger."""
    return _batch
