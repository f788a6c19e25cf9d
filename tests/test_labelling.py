"""From a prediction to the outcome that judged it, and from outcomes to rows that count."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import fullprocess
import labelling
from app import create_app
from tests.clocks import START, Clock
from tests.test_ingestion import as_anybody
from vigil import inspecting
from vigil.ledger import glance
from vigil.outcomes import store
from vigil.predictions import collecting
from vigil.project import Project

ROOT = Path(__file__).resolve().parents[1]
PRACTICE, SAMPLE = ROOT / "practicedata", ROOT / "sourcedata"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a first release on the sample's first file."""
    folder = tmp_path_factory.mktemp("trained")
    config = json.loads((SAMPLE.parent / "config.json").read_text())
    settings = {"input_folder_path": "arriving", "outcomes_folder_path": "outcomes", "settle_seconds": 0}
    (folder / "config.json").write_text(json.dumps({**config, **settings, "label_horizon": 10}))
    (folder / "arriving").mkdir()
    (folder / "outcomes").mkdir()
    (folder / "arriving" / "2026-01.csv").write_bytes((PRACTICE / "2026-01.csv").read_bytes())
    project = Project(folder / "config.json", clock=Clock())
    fullprocess.tick(project, report=False)
    project.close()
    return folder


@pytest.fixture
def site(trained: Path, tmp_path: Path) -> Any:
    """Give a copy of that project with its clock."""
    import shutil

    shutil.copytree(trained, tmp_path / "site")
    project = Project(tmp_path / "site" / "config.json", clock=Clock())
    yield project
    project.close()


def sample(count: int, name: str = "2026-02.csv") -> list[dict[str, str]]:
    """Return rows of a later month."""
    import csv

    with (SAMPLE / name).open(newline="") as file:
        return [row for row, _ in zip(csv.DictReader(file), range(count), strict=False)]


def ask(project: Project, rows: list[dict[str, str]]) -> Any:
    """Ask the project's service about rows without their target, and stop it."""
    app = create_app(project, environ={})
    asked = [{name: cell for name, cell in row.items() if name != "exited"} for row in rows]
    answer = app.test_client().post("/prediction", json={"rows": asked})
    app.extensions["vigil"].log.close()
    return answer


def send(project: Project, outcomes: list[dict[str, Any]]) -> Any:
    """Send outcomes to the project's service."""
    return create_app(project, environ={}).test_client().post("/outcomes", json={"outcomes": outcomes})


def scored(project: Project) -> list[tuple[str, int, bool]]:
    """Return each score's batch, labelled rows, and whether it moved the evidence."""
    names = {batch.id: batch.name for batch in project.ledger.batches.all()}
    rows = project.ledger.scores.find()
    return [(names[row["batch"]], row["labelled"], row["evidence"] is not None) for row in rows]


def test_one_prediction_is_followed_from_the_request_to_the_outcome_that_judged_it(site: Project) -> None:
    """Its request id names the stored answer, the outcome, the labelled row and so the score it moved."""
    rows = sample(40)
    answer = ask(site, rows)
    request = answer.headers["X-Request-Id"]
    outcomes = [{"request": request, "row": n, "outcome": row["exited"]} for n, row in enumerate(rows)]
    assert send(site, outcomes).json["accepted"] == 40
    fullprocess.tick(site, report=False)
    stored = collecting.table(site.output).rows().to_pylist()
    assert {row[collecting.REQUEST] for row in stored} == {request}
    assert scored(site) == []  # the day is not over
    site.clock.now += timedelta(days=1)
    fullprocess.tick(site, report=False)
    assert scored(site) == [("answered-2026-06-01.labelled.parquet", 40, True)]
    batch = site.ledger.batches.all()[-1]
    learnt = site.table.batch(batch.order).to_pylist()
    assert [row["exited"] for row in learnt] == [row["exited"] for row in rows]
    assert [row["corporation"] for row in learnt] == [row["corporation"] for row in rows]
    known = store.known(site.output)[f"request {request} 7"]
    assert [one.label for one in known] == [rows[7]["exited"]]
    release = answer.json["release"]
    assert site.ledger.scores.get(release, batch.id) is not None


@contextmanager
def served(project: Project) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the service as a process that logs JSON; yield it and its address."""
    command = [sys.executable, str(SAMPLE.parent / "app.py"), "--config", str(project.config_path)]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*command, "--port", "0", "--log", "json"], **pipes) as child:
        try:
            yield child, child.stdout.readline().strip().removeprefix("Vigil serves ")  # type: ignore[union-attr]
        finally:
            child.kill()


def documented(page: str, heading: str) -> list[str]:
    """Return the commands that begin with curl in the part of a page below a heading."""
    part = (ROOT / "docs" / page).read_text().partition(f"### {heading}")[2].partition("\n## ")[0]
    shown = part.replace("\\\n", "").splitlines()
    return [line.removeprefix("$ ") for line in shown if line.startswith("$ curl")]


def shell(command: str, url: str, request: str = "") -> str:
    """Run a documented command against a service."""
    command = command.replace("http://127.0.0.1:8000", url).replace("REQUEST", request)
    return subprocess.run(["bash", "-c", command], check=True, capture_output=True, text=True).stdout


def test_a_curl_is_followed_through_log_line_and_metric_to_the_outcome_that_judged_it(site: Project) -> None:
    """The documented lines, the real server: one id leads from the answer to line, row, outcome and score."""
    predict, metrics, report = documented("operations.md", "Following one prediction")
    with served(site) as (child, url):
        answer = json.loads(shell(predict, url))
        request = answer["request"]
        numbers = shell(metrics, url)
        assert json.loads(shell(report, url, request))["accepted"] == 1
        child.terminate()
        assert child.wait(20) == 0
        lines = [json.loads(line) for line in child.stderr or ()]
    (line,) = [line for line in lines if line.get("request") == request]
    assert (line["route"], line["status"], line["rows"]) == ("/prediction", 200, 1)
    assert 'vigil_requests_total{method="POST",route="/prediction",status="200"} 1.0' in numbers
    assert "vigil_prediction_rows_total 1.0" in numbers
    site.clock.now = datetime.now(UTC) + timedelta(days=2)
    fullprocess.tick(site, report=False)
    (stored,) = collecting.table(site.output).rows().to_pylist()
    assert (stored[collecting.REQUEST], stored[collecting.RELEASE]) == (request, answer["release"])
    assert stored[collecting.LABEL] == answer["predictions"][0]["label"]
    (known,) = store.known(site.output)[f"request {request} 0"]
    batch = site.ledger.batches.all()[-1]
    assert batch.name.startswith("answered-")
    score = site.ledger.scores.get(answer["release"], batch.id)
    assert (known.label, score.labelled) == ("1", 1)
    assert site.table.batch(batch.order).to_pylist()[0]["corporation"] == "corp-0412"
    client = create_app(site, environ={}).test_client()
    assert client.get("/scoring").json["batch"]["name"] == batch.name


def test_rows_count_once_at_the_horizon_with_the_labels_that_came(site: Project) -> None:
    """Half the labels wait; at the horizon that half counts, and what comes later is noted and no more."""
    rows = sample(40)
    request = ask(site, rows).headers["X-Request-Id"]
    send(site, [{"request": request, "row": n, "outcome": rows[n]["exited"]} for n in range(20)])
    site.clock.now += timedelta(days=2)
    fullprocess.tick(site, report=False)
    standing = json.loads(site.ledger.facts.get(glance.LABELS) or "")
    assert [(one["rows"], one["labelled"]) for one in standing["waiting"]] == [(40, 20)]
    assert scored(site) == []
    site.clock.now += timedelta(days=9)
    fullprocess.tick(site, report=False)
    assert scored(site) == [("answered-2026-06-01.labelled.parquet", 20, True)]
    send(site, [{"request": request, "row": n, "outcome": rows[n]["exited"]} for n in range(20, 40)])
    flipped = "0" if rows[0]["exited"] == "1" else "1"
    send(site, [{"request": request, "row": 0, "outcome": flipped}])
    fullprocess.tick(site, report=False)
    assert len(scored(site)) == 1
    counted = json.loads(site.ledger.facts.get(glance.LABELS) or "")["counted"]
    assert counted["answered-2026-06-01"]["corrected"] == 1


def test_a_file_without_labels_gets_them_by_key(site: Project) -> None:
    """An outcomes file with key and target makes an unlabelled file a batch that counts."""
    rows = sample(60)
    keys = list({row["corporation"]: row for row in rows}.values())
    header = [name for name in rows[0] if name != "exited"]
    lines = [",".join([*header, "exited"]), *(",".join([*(row[n] for n in header), ""]) for row in keys)]
    (site.input / "2026-02.csv").write_text("\n".join(lines) + "\n")
    fullprocess.tick(site, report=False)
    assert [(name, counts) for name, _, counts in scored(site)] == [("2026-02.csv", False)]
    first = create_app(site, environ={}).test_client().get("/scoring").json
    assert first["estimate"]["rows"] == len(keys)
    assert "Estimated without labels: F1" in first["reason"]
    weighted = first["estimate"]["weighted"]
    assert weighted["effective"] > 50
    assert abs(weighted["score"] - first["estimate"]["score"]) < 0.2
    assert 0.02 < weighted["score"] - weighted["low"] < 0.5
    assert weighted["high"] - weighted["score"] == pytest.approx(weighted["score"] - weighted["low"])
    outcomes = ["corporation;exited", *(f"{row['corporation']};{row['exited']}" for row in keys)]
    assert site.outcomes is not None
    (site.outcomes / "late.csv").write_text("\n".join(outcomes) + "\n")
    said = labelling.run(site)
    assert said[0] == f"late.csv: {len(keys)} outcomes taken in."
    fullprocess.tick(site, report=False)
    assert [(labels, counts) for _, labels, counts in scored(site)][1:] == [(len(keys), True)]
    judged = create_app(site, environ={}).test_client().get("/scoring").json
    assert judged["details"]["estimate"]["score"] == pytest.approx(first["estimate"]["score"])
    assert judged["estimate"] is None
    assert labelling.run(site) == []


def unlabelled(project: Project, name: str, rows: list[dict[str, str]]) -> None:
    """Let rows arrive without their labels, and take them in."""
    header = [column for column in rows[0] if column != "exited"]
    lines = [",".join([*header, "exited"]), *(",".join([*(row[n] for n in header), ""]) for row in rows)]
    (project.input / name).write_text("\n".join(lines) + "\n")
    fullprocess.tick(project, report=False)


def whole(project: Project, name: str, rows: list[dict[str, str]]) -> None:
    """Let rows arrive with their labels, and take them in."""
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    (project.input / name).write_text("\n".join(lines) + "\n")
    fullprocess.tick(project, report=False)


def labels(project: Project, name: str, rows: list[dict[str, str]]) -> None:
    """Let the labels of rows arrive by key, and count them."""
    lines = ["corporation;exited", *(f"{row['corporation']};{row['exited']}" for row in rows)]
    assert project.outcomes is not None
    (project.outcomes / name).write_text("\n".join(lines) + "\n")
    fullprocess.tick(project, report=False)


def once(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Keep one row of each key."""
    return list({row["corporation"]: row for row in rows}.values())


def two_months_unlabelled(project: Project) -> list[dict[str, str]]:
    """Let two files come without their labels; return the rows of the first one."""
    first, second = once(sample(3500, "2026-02.csv")), once(sample(3000, "2026-03.csv"))
    unlabelled(project, "2026-02.csv", first)
    unlabelled(project, "2026-03.csv", second)
    return first


def test_labels_that_come_a_month_late_are_trained_on(site: Project) -> None:
    """Rows whose labels come after the next file are no duplicate and no late file: nothing holds them."""
    first = two_months_unlabelled(site)
    labels(site, "of-2026-02.csv", first)
    late = site.ledger.batches.all()[-1]
    assert late.name.startswith("labels-of-2026-02.csv")
    assert site.ledger.faults.through(late.order) == []
    (plan,) = site.ledger.decisions.of_batch(late.id)
    assert "broken" not in plan.reason


def test_a_file_that_comes_again_with_its_labels_is_trained_on(site: Project) -> None:
    """The same rows, first without labels and later with them, are no duplicate; with them twice they are."""
    first = two_months_unlabelled(site)
    whole(site, "2026-02-labelled.csv", first)
    again = site.ledger.batches.all()[-1]
    assert (again.rows, again.labelled) == (len(first), len(first))
    assert site.ledger.faults.through(again.order) == []
    whole(site, "2026-02-copied.csv", [{**row, "corporation": f"again-{i}"} for i, row in enumerate(first)])
    (found,) = site.ledger.faults.through(again.order + 1)
    assert found["fault"] == "duplicated"


def test_a_copy_is_still_found_beside_labels_that_come_late(site: Project) -> None:
    """A file that repeats the features of rows labelled late is named as duplicated, by its own share."""
    first = once(sample(3500, "2026-02.csv"))
    unlabelled(site, "2026-02.csv", first)
    labels(site, "of-2026-02.csv", first)
    unlabelled(site, "2026-03.csv", [{**row, "corporation": f"again-{i}"} for i, row in enumerate(first)])
    (found,) = site.ledger.faults.through(len(site.ledger.batches.all()))
    assert found["fault"] == "duplicated"
    assert found["evidence"]["largest_before"] < 0.5


def test_a_few_late_labels_do_not_stand_for_a_whole_file(site: Project) -> None:
    """Where less than half of a file got labels, later ones are held against the file itself."""
    rows = once(sample(400, "2026-02.csv"))
    unlabelled(site, "2026-02.csv", rows)
    labels(site, "of-2026-02.csv", rows[:40])
    site.clock.now += timedelta(days=11)
    fullprocess.tick(site, report=False)
    *_, late = site.ledger.batches.all()
    assert late.is_labelled_late
    assert late.rows == 40
    unlabelled(site, "2026-03.csv", once(sample(400, "2026-03.csv")))
    newest = site.ledger.batches.all()[-1]
    sizes = inspecting.case(site, newest).files
    assert [rows for rows, _ in sizes] == [5000, len(rows)]


def test_what_was_known_at_a_moment_can_be_asked_again(site: Project) -> None:
    """A correction is a later word: before it the earlier one stands, in whatever order they are read."""
    key = {"key": "corp-1", "valid_for": "2026-06-01"}
    send(site, [{**key, "outcome": "0"}])
    labelling.run(site)
    between = site.clock.now + timedelta(seconds=1)
    site.clock.now += timedelta(seconds=2)
    send(site, [{**key, "outcome": "1"}])
    labelling.run(site)
    case = 'key ["corp-1"]'
    assert [one.label for one in store.known(site.output)[case]] == ["1"]
    assert [one.label for one in store.known(site.output, by=between)[case]] == ["0"]
    assert store.known(site.output, by=START) == {}


@pytest.mark.parametrize(
    "outcome",
    [
        {"outcome": "1"},
        {"outcome": "1", "key": "a", "request": "b"},
        {"outcome": "perhaps", "key": "a"},
        {"outcome": "1", "key": {"another": "a"}},
        {"outcome": "1", "key": "?"},
        {"outcome": "1", "key": "a", "valid_for": "soon"},
        {"outcome": "1", "key": "a", "colour": "red"},
        {"outcome": None, "key": "a"},
    ],
)
def test_an_outcome_that_says_nothing_is_refused_with_all_beside_it(site: Project, outcome: Any) -> None:
    """One bad outcome: a 422 that names its place, and none of the request is taken."""
    answer = send(site, [{"outcome": "1", "key": "a"}, outcome])
    assert answer.status_code == 422
    assert "utcome" in answer.json["error"]["what"]
    assert labelling.run(site) == []


def test_what_a_file_of_outcomes_cannot_say_is_counted_and_named(site: Project) -> None:
    """Each line that is no outcome is left out, and the first is named with its line and reason."""
    assert site.outcomes is not None
    lines = ["corporation,exited", "a,1", "b,perhaps", ",1", "c,", "d,1,1", "e,0"]
    (site.outcomes / "late.csv").write_text("\n".join(lines) + "\n")
    said = labelling.run(site)[0]
    assert (
        said == "late.csv: 2 outcomes taken in, 4 left out. Line 3 has 'perhaps', and exited is one of 0, 1."
    )
    assert sorted(store.known(site.output)) == ['key ["a"]', 'key ["e"]']


def test_outcomes_about_no_known_row_are_said_once(site: Project) -> None:
    """A wrong key or request is told by the tick, and counted in the answer; the right ones are not."""
    rows = sample(5)
    request = ask(site, rows).headers["X-Request-Id"]
    send(
        site,
        [{"request": request, "row": 0, "outcome": "1"}, {"request": request, "row": 99, "outcome": "1"}],
    )
    send(site, [{"key": rows[1]["corporation"], "outcome": "0"}, {"key": "nobody", "outcome": "1"}])
    said = labelling.run(site)[-1]
    assert said.startswith(
        "2 outcomes match no row that was answered or came without a label; the newest is "
    )
    answer = create_app(site, environ={}).test_client().get("/scoring").json
    assert answer["labels"]["unmatched"] == 2
    send(site, [{"key": rows[2]["corporation"], "outcome": "0"}])
    assert labelling.run(site) == ["1 outcome received."]


def test_a_key_that_the_contract_alone_names_is_written_down(site: Project) -> None:
    """The config says nothing of a key: answers keep it all the same, and outcomes by it are found."""
    settings = json.loads(site.config_path.read_text())
    del settings["key"]
    site.config_path.write_text(json.dumps(settings))
    rows = sample(5)
    project = Project(site.config_path, clock=site.clock)
    answer = ask(project, rows).json
    assert not [one["warnings"] for one in answer["predictions"] if one["warnings"]]
    send(project, [{"key": row["corporation"], "outcome": row["exited"]} for row in rows])
    assert labelling.run(project) == ["5 predictions taken in.", "5 outcomes received."]
    standing = json.loads(project.ledger.facts.get(glance.LABELS) or "")
    assert [one["labelled"] for one in standing["waiting"]] == [5]
    project.close()


def test_a_file_that_names_no_cases_is_refused_once(site: Project) -> None:
    """A person reads what is missing, and the next tick leaves the file alone."""
    assert site.outcomes is not None
    (site.outcomes / "bad.csv").write_text("exited\n1\n")
    assert "corporation" in labelling.run(site)[0]
    assert labelling.run(site) == []


def test_outcomes_that_the_disk_does_not_take_leave_nothing_behind(site: Project) -> None:
    """The client is told to try again, no file stays open, and later outcomes are taken in as ever."""
    client = create_app(site, environ={}).test_client()
    body = {"outcomes": [{"outcome": "1", "key": "a"}]}
    client.post("/outcomes", json={"outcomes": []})
    opened = len(os.listdir("/proc/self/fd"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        answers = [client.post("/outcomes", json=body) for _ in range(3)]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {(one.status_code, one.json["error"]["code"]) for one in answers} == {(503, "not-written")}
    assert len(os.listdir("/proc/self/fd")) <= opened
    assert list(store.folder(site.output).iterdir()) == []
    assert client.post("/outcomes", json=body).status_code == 200
    assert labelling.run(site)[0] == "1 outcome received."


def test_whatever_a_client_names_is_said_on_one_line(site: Project) -> None:
    """A request that nobody made neither begins a line of the log nor fills it."""
    send(site, [{"request": "x\n2026-03-01 INFO all is well\r" + 5_000 * "y", "outcome": "1"}])
    (line,) = (line for line in labelling.run(site) if "matches no row" in line)
    assert "request x 2026-03-01 INFO all is well y" in line
    assert len(line.splitlines()) == 1
    assert len(line) < 400


def test_a_file_of_outcomes_may_have_any_name(site: Project) -> None:
    """What is said and written down of it is valid text on one line."""
    assert site.outcomes is not None
    odd = site.outcomes / os.fsdecode(b"a\xff\n\x1b[31m.csv")
    odd.write_text("corporation,exited\na,1\n")
    said = labelling.run(site)[0]
    assert said == "a\ufffd\ufffd\ufffd[31m.csv: 1 outcome taken in."
    assert labelling.run(site) == []


def test_a_file_that_cannot_be_read_now_is_looked_at_again(site: Project) -> None:
    """Without the right to read it nothing is wrong with the file: it is taken in once it can be read."""
    assert site.outcomes is not None
    path = site.outcomes / "late.csv"
    path.write_text("corporation,exited\na,1\n")
    path.chmod(0)
    with as_anybody(site.root):
        said = labelling.run(site)
    assert said == ["late.csv: cannot be read (Permission denied). The next tick tries again."]
    path.chmod(0o644)
    assert labelling.run(site)[0] == "late.csv: 1 outcome taken in."


@pytest.mark.parametrize("moment", ["0001-01-01 00:00+14:00", "9999-12-31 23:59-12:00", "soon"])
def test_an_outcome_of_no_moment_is_left_out(site: Project, moment: str) -> None:
    """What no calendar has stops no tick: a request with it is refused, a line with it named and left out."""
    assert site.outcomes is not None
    assert send(site, [{"outcome": "1", "key": "a", "valid_for": moment}]).status_code == 422
    lines = ["corporation,exited,valid_for", f"a,1,{moment}", "b,1,2026-03-01", "c,1,"]
    (site.outcomes / "late.csv").write_text("\n".join(lines) + "\n")
    said = "late.csv: 2 outcomes taken in, 1 left out. Line 2 has a valid_for that is not a date."
    assert labelling.run(site)[0] == said
    assert sorted(store.known(site.output)) == ['key ["b"]', 'key ["c"]']


def past_estimates(project: Project, count: int, verdict: Any) -> None:
    """Let a release have so many labelled batches behind it, each estimated 0.05 too high."""
    from vigil.bundles import pointer
    from vigil.records import Score

    live = pointer.read(project.production)
    assert live is not None
    for place in range(count):
        numbers = {"value": 0.7, "low": 0.6, "high": 0.8, "confidence": 0.95, "rows": 100, "labelled": 100}
        more = {"reference": 0.7, "level": 0.6, "e_value": 1.0, "alarm_at": 200.0, "detectable": 0.1}
        score = Score(
            release=live.release, batch=f"b{place}", order=-place, metric="f1", verdict=verdict, reason="",
            details={"estimate": {"score": 0.75}}, **numbers, **more,
        )  # fmt: skip
        project.ledger.scores.add(
            score, tally={"confusion": [[60, 10], [10, 20]]}, evidence={"process": {"batches": 0}}, run=1
        )


@pytest.mark.parametrize(
    ("count", "verdict", "said"),
    [
        (19, "steady", "± 0.050."),
        (18, "steady", "no band before 19 labelled batches"),
        (19, "watch", "No estimate without labels"),
    ],
)
def test_an_estimate_is_as_sure_as_past_ones_were_right(
    site: Project, count: int, verdict: str, said: str
) -> None:
    """The band is as wide as past estimates were off, needs 19 of them, and gives way to a moved meaning."""
    past_estimates(site, count, verdict)
    rows = sample(60)
    header = [name for name in rows[0] if name != "exited"]
    lines = [",".join([*header, "exited"]), *(",".join([*(row[n] for n in header), ""]) for row in rows)]
    (site.input / "2026-02.csv").write_text("\n".join(lines) + "\n")
    fullprocess.tick(site, report=False)
    shown = create_app(site, environ={}).test_client().get("/scoring").json
    assert said in shown["reason"]
    assert ("low" in (shown["estimate"] or {})) == ("±" in said)
