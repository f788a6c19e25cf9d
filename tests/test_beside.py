"""A challenger beside the live release, from the command line to the gate's word on what came of it."""

from __future__ import annotations

import json
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fullprocess
import training
from app import create_app
from tests.clocks import Clock
from vigil import beside
from vigil.bundles import pointer, trial
from vigil.bundles.trial import Trial
from vigil.errors import BundleError, VigilError
from vigil.ledger.schema import decisions
from vigil.predictions import collecting
from vigil.project import Project
from vigil.web import endpoints

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A project with a live logistic release, and a boosting candidate beside it."""
    folder = tmp_path_factory.mktemp("beside")
    config = json.loads((ROOT / "config.json").read_text())
    config |= {"input_folder_path": "arriving", "settle_seconds": 0}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "arriving").mkdir()
    shutil.copy(ROOT / "practicedata" / "2026-01.csv", folder / "arriving")
    project = Project(folder / "config.json", clock=Clock())
    fullprocess.tick(project, report=False)
    project.close()
    (folder / "config.json").write_text(json.dumps({**config, "model": "boosting"}))
    project = Project(folder / "config.json", clock=Clock())
    (candidate,) = training.run(project, project.ledger.batches.all()[-1])
    project.close()
    return folder, candidate


@pytest.fixture
def site(trained: tuple[Path, str], tmp_path: Path) -> Any:
    """Give a copy of it, with the candidate's name."""
    shutil.copytree(trained[0], tmp_path / "site")
    project = Project(tmp_path / "site" / "config.json", clock=Clock())
    live = pointer.read(project.production)
    assert live is not None
    yield SimpleNamespace(project=project, live=live.release, candidate=trained[1])
    project.close()


def command(project: Project, **given: Any) -> str:
    """Ask for something as ``deployment.py`` does; return what was said."""
    options = dict.fromkeys(("shadow", "canary", "trial", "end_trial", "promote_trial")) | given
    said: list[str] = []
    project.console.say = said.append  # type: ignore[method-assign,assignment]
    beside.answer(project, SimpleNamespace(**options))  # type: ignore[arg-type]
    return said[-1]


def served(project: Project) -> Any:
    """Return a client of the service, the trial's release loaded."""
    app = create_app(project, environ={})
    service = app.extensions["vigil"]
    end = time.monotonic() + 20
    while service.trial.current() is None and trial.read(project.production) and time.monotonic() < end:
        time.sleep(0.02)
    return SimpleNamespace(client=app.test_client(), service=service)


def cases(count: int) -> list[dict[str, Any]]:
    """Return rows of a later month, with a key each."""
    import csv

    with (ROOT / "sourcedata" / "2026-02.csv").open(newline="") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(count), strict=False)]
    return [{**rows[n % len(rows)], "corporation": f"c-{n}"} for n in range(count)]


def ask(client: Any, rows: list[dict[str, Any]]) -> Any:
    """Ask about rows without their target."""
    asked = [{name: cell for name, cell in row.items() if name != "exited"} for row in rows]
    return client.post("/prediction", json={"rows": asked}).json


def log_of(world: Any) -> list[tuple[str, int, str, str]]:
    """Return what was written down: request, row, release and role."""
    answered = threading.Event()
    world.service.silent.hand(answered.set)  # one thread works them off in their order
    assert answered.wait(20)
    world.service.log.close()
    from vigil import contract, models

    project = world.service.project
    found = contract.load(project.output)
    assert found is not None
    collecting.collect(project.output, found, models.code_order(found))
    rows = collecting.table(project.output).rows().to_pylist()
    names = (collecting.REQUEST, collecting.ROW, collecting.RELEASE, collecting.ROLE)
    return [tuple(row[name] for name in names) for row in rows]  # type: ignore[misc]


def test_a_shadow_answers_silently_and_is_written_down(site: Any) -> None:
    """The caller sees the live release alone; the log has both, on the same rows."""
    command(site.project, shadow=site.candidate)
    world = served(site.project)
    answer = ask(world.client, cases(5))
    assert answer["release"] == site.live
    assert set(answer["predictions"][0]) == {"label", "probability", "warnings"}
    found = log_of(world)
    one = answer["request"]
    assert sorted(found) == sorted(
        [(one, n, site.live, "live") for n in range(5)]
        + [(one, n, site.candidate, "shadow") for n in range(5)]
    )


def test_a_failing_or_slow_shadow_does_not_touch_the_answer(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The live release has answered before a shadow fails, and answers where a canary does."""
    command(site.project, shadow=site.candidate)
    world = served(site.project)
    real, gate, failed = endpoints.prediction.asked, threading.Event(), threading.Semaphore(0)

    def broken(loaded: Any, typed: Any) -> Any:
        if loaded.id == site.candidate:
            gate.wait(20)
            failed.release()
            raise RuntimeError("on purpose")
        return real(loaded, typed)

    monkeypatch.setattr(endpoints.prediction, "asked", broken)
    for _ in range(3):
        assert len(ask(world.client, cases(2))["predictions"]) == 2
    assert not failed.acquire(blocking=False)  # all three have their answers, and no shadow has given one
    gate.set()
    assert all(failed.acquire(timeout=20) for _ in range(3))
    command(site.project, end_trial=True)
    command(site.project, canary=[site.candidate, "0.5"])
    time.sleep(0.3)
    world.service.trial.current()
    time.sleep(0.5)
    answer = ask(world.client, cases(40))
    assert {one["role"] for one in answer["predictions"]} == {"live"}


def test_a_canary_gets_its_share_of_keys_and_always_the_same(site: Any) -> None:
    """Of 10,000 keys within five standard errors; each answer says who gave it, and does so again."""
    command(site.project, canary=[site.candidate, "0.2"])
    world = served(site.project)
    rows = cases(10_000)
    roles = [one["role"] for one in ask(world.client, rows)["predictions"]]
    assert abs(roles.count("canary") - 2000) < 5 * (10_000 * 0.2 * 0.8) ** 0.5
    again = [ask(world.client, [row])["predictions"][0] for row in rows[:30]]
    assert [one["role"] for one in again] == roles[:30]
    assert {(one["role"], one["release"]) for one in again} == {
        ("live", site.live),
        ("canary", site.candidate),
    }
    names = list(rows[0])
    body = {"columns": {name: [row[name] for row in rows[:50]] for name in names if name != "exited"}}
    by_columns = world.client.post("/prediction", json=body).json["predictions"]
    assert [one["role"] for one in by_columns] == roles[:50]


def test_the_gate_compares_both_on_what_came_of_the_rows_and_alone_promotes(site: Any) -> None:
    """With too few labels it abstains; where the challenger is right and the champion not, it takes over."""
    command(site.project, shadow=site.candidate)
    world = served(site.project)
    rows = cases(1500)
    answer = ask(world.client, rows)
    log_of(world)
    assert "0 of them have a label" in command(site.project, trial=True)
    assert "promote" not in command(site.project, promote_trial=True)
    stored = collecting.table(site.project.output).rows().to_pylist()
    silent = {r[collecting.ROW]: r[collecting.LABEL] for r in stored if r[collecting.ROLE] == "shadow"}
    outcomes = [{"request": answer["request"], "row": n, "outcome": silent[n]} for n in range(len(rows))]
    assert world.client.post("/outcomes", json={"outcomes": outcomes}).json["accepted"] == len(rows)
    fullprocess.tick(site.project, report=False)
    assert "The challenger takes over" in command(site.project, trial=True)
    assert trial.read(site.project.production) is not None  # to look decides nothing
    shown = world.client.get("/models").json["trial"]
    assert shown.startswith(f"{site.candidate} answers every row silently")
    assert "The challenger takes over" in shown
    command(site.project, promote_trial=True)
    newest = site.project.ledger.runs.latest(limit=1)[0]["run"]
    for path in ("/", "/runs", f"/runs/{newest}", "/models", "/scoring"):
        page = world.client.get(path, headers={"Accept": "text/html"})
        assert page.status_code == 200, path
    assert pointer.read(site.project.production) == pointer.Pointer(site.candidate, site.live)
    assert trial.read(site.project.production) is None
    row = site.project.ledger.releases.get(site.candidate)
    assert (row["state"], bool(row["level"])) == ("live", True)
    kinds = [one["kind"] for one in site.project.ledger.decisions.find(decisions.c.batch == "")]
    assert kinds.count("trial") == 1
    assert kinds.count("gate") == 2


def heard_out(site: Any) -> None:
    """Let the release on trial be right about every row."""
    command(site.project, shadow=site.candidate)
    world = served(site.project)
    rows = cases(1500)
    answer = ask(world.client, rows)
    log_of(world)
    stored = collecting.table(site.project.output).rows().to_pylist()
    silent = {r[collecting.ROW]: r[collecting.LABEL] for r in stored if r[collecting.ROLE] == "shadow"}
    outcomes = [{"request": answer["request"], "row": n, "outcome": silent[n]} for n in range(len(rows))]
    world.client.post("/outcomes", json={"outcomes": outcomes})
    fullprocess.tick(site.project, report=False)


@pytest.mark.parametrize(
    ("budgets", "words"),
    [({"calibration": 1e-6}, "off by"), ({"latency_ms": 1e-6}, "ms to answer one row")],
)
def test_a_trial_is_held_against_the_budgets_of_a_retraining(site: Any, budgets: Any, words: str) -> None:
    """A release that beats the live one on every row stays on trial when it costs too much."""
    heard_out(site)
    assert "The challenger takes over" in command(site.project, trial=True)
    path = site.project.config_path
    path.write_text(json.dumps(json.loads(path.read_text()) | {"budgets": budgets}))
    site.project = Project(path, clock=Clock())
    assert words in command(site.project, trial=True)
    said = command(site.project, promote_trial=True)
    assert said.startswith("The champion stays: ")
    assert words in said
    assert pointer.read(site.project.production).release == site.live
    assert trial.read(site.project.production) is not None
    gated = site.project.ledger.decisions.find(decisions.c.kind == "gate", decisions.c.batch == "")
    assert set(gated[-1]["evidence"]) & {"calibration_gap", "latency_ms"}


def test_a_trial_is_held_against_the_slices(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice of the answered rows where it is worse keeps it out; one that was not kept is named."""
    heard_out(site)
    path = site.project.config_path
    path.write_text(json.dumps(json.loads(path.read_text()) | {"slices": ["number_of_employees", "absent"]}))
    site.project = Project(path, clock=Clock())
    about = trial.read(site.project.production)
    assert about is not None
    _, result, found = beside.compared(site.project, about, attempt=1)
    assert result.promote
    assert found["slices_unknown"] == ["absent"]
    real = beside.paired.pairs

    def worse_somewhere(*given: Any) -> Any:
        pairs = real(*given)
        odd = np.arange(len(pairs.truth)) % 5 == 0
        rows = pairs.rows.append_column("where", pa.array(np.where(odd, "odd", "even")))
        answers = {
            "champion": np.where(odd, pairs.truth, 1 - pairs.truth),
            "challenger": np.where(odd, 1 - pairs.truth, pairs.truth),
        }
        return replace(pairs, rows=rows, **answers)

    monkeypatch.setattr(beside.paired, "pairs", worse_somewhere)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"slices": ["where"]}))
    site.project = Project(path, clock=Clock())
    _, result, found = beside.compared(site.project, about, attempt=1)
    assert (result.promote, set(found["worse_slices"])) == (False, {"where = odd"})


def test_what_cannot_be_tried_is_said(site: Any) -> None:
    """An unknown or live release, too large a share, a second trial, and the end of none."""
    for given_options in ({"shadow": "nobody"}, {"shadow": site.live}, {"canary": [site.candidate, "0.9"]}):
        with pytest.raises(VigilError):
            command(site.project, **given_options)
    with pytest.raises(VigilError, match="no trial"):
        command(site.project, end_trial=True)
    command(site.project, shadow=site.candidate)
    with pytest.raises(VigilError, match="a trial already"):
        command(site.project, canary=[site.candidate, "0.1"])
    (site.project.production / trial.NAME).write_text("{")
    command(site.project, end_trial=True)
    assert command(site.project, trial=True) == "There is no trial."


def test_killed_before_the_file_there_is_no_trial(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state is the file: the word that was written first changes nothing, and asking again begins it."""

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trial, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            command(site.project, shadow=site.candidate)
    assert command(site.project, trial=True) == "There is no trial."
    command(site.project, shadow=site.candidate)
    assert site.candidate in command(site.project, trial=True)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60) | st.dictionaries(st.text(max_size=5), st.integers()).map(json.dumps))
def test_any_file_is_a_trial_none_or_damaged(tmp_path: Path, content: Any) -> None:
    """Nothing else comes out, and what was written is read."""
    raw = content if isinstance(content, bytes) else content.encode()
    (tmp_path / trial.NAME).write_bytes(raw)
    with pytest.raises(BundleError):
        trial.read(tmp_path)
    written = Trial("run-1-trial", "canary", "abc123", 0.1, "2026-01-01T00:00:00.000000Z")
    trial.write(tmp_path, written)
    assert trial.read(tmp_path) == written
    trial.end(tmp_path)
    assert trial.read(tmp_path) is None
