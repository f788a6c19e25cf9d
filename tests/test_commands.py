"""The commands as a person types them."""

import io
import json
import os
import re
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

import fullprocess
from vigil import contract as contracts
from vigil import intake
from vigil.batches import edits
from vigil.bundles import pointer

ROOT = Path(__file__).resolve().parents[1]
STEPS = (
    "fullprocess", "ingestion", "scoring", "training", "deployment", "diagnostics", "reporting", "upkeep",
    "app",
)  # fmt: skip


def call(file, *arguments, cwd=ROOT, code=0):
    """Run a command in a process of its own; return what it printed and what it complained of."""
    command = [sys.executable, str(ROOT / f"{file}.py"), *map(str, arguments)]
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in ended.stderr, ended.stderr
    assert ended.returncode == code, (ended.stdout, ended.stderr)
    return ended.stdout, ended.stderr


def tick(*arguments, code=0):
    """Run ``fullprocess.py`` in this process, which has its libraries already; return what it printed."""
    said, complained = io.StringIO(), io.StringIO()
    with redirect_stdout(said), redirect_stderr(complained):
        assert fullprocess.main(list(map(str, arguments))) == code, complained.getvalue()
    return said.getvalue(), complained.getvalue()


def states(root):
    """Return every path below a folder with its content and times."""
    found = {}
    for path in sorted(root.rglob("*")):
        is_file = path.is_file()
        found[str(path)] = (path.read_bytes(), path.stat().st_mtime_ns) if is_file else None
    return found


@pytest.mark.parametrize("step", STEPS)
def test_every_command_explains_itself(step):
    """--help says what the command is for and names --config."""
    out, _ = call(step, "--help")
    assert "--config" in out
    assert len(out.split("\n\n")[1].strip()) > 20


@pytest.mark.parametrize("step", STEPS)
def test_a_missing_config_is_one_message(step, tmp_path):
    """Every command ends with exit code 2 and the fault in words."""
    _, err = call(step, "--config", tmp_path / "none.json", code=2)
    assert "config-missing" in err
    assert err.count("\n") <= 3


@pytest.mark.parametrize("step", STEPS)
def test_a_wrong_config_tells_every_fault(step, site):
    """All faults of a config come at once, whichever command meets them."""
    site.configure(holdout=3, tolerence=0.1)
    _, err = call(step, "--config", site.config, code=2)
    assert "config-value holdout" in err
    assert "Did you mean 'tolerance'?" in err


@pytest.mark.parametrize(
    "setting", [{"policy": "vigl"}, {"model": "logstic"}, {"metric": "f7"}, {"model_settings": {"forst": {}}}]
)
def test_a_misspelt_plug_in_is_told_before_anything_is_done(site, setting):
    """A policy, model or metric that does not exist is a config fault, and no file is taken in."""
    site.configure(**setting)
    site.leavers("w-1.csv", 50)
    _, err = tick("--config", site.config, code=2)
    assert "Did you mean" in err
    assert not (site.root / "ingested").exists()


def test_a_metric_of_another_task_is_refused(site):
    """A binary task is not judged by the mean absolute error."""
    site.configure(metric="mae")
    site.leavers("w-1.csv", 300)
    _, err = tick("--config", site.config, code=2)
    assert "mae" in err
    assert not (site.root / "production/live.json").exists()


def test_a_missing_input_folder_is_said(site):
    """The message names the folder and the setting."""
    site.arriving.rmdir()
    _, err = tick("--config", site.config, code=1)
    assert "input_folder_path" in err


def test_a_damaged_ledger_is_said(site):
    """A ledger that is no database ends in words."""
    (site.root / "ledger.db").write_bytes(b"nonsense" * 200)
    _, err = tick("--config", site.config, code=1)
    assert "ledger" in err


def test_a_busy_project_is_no_fault(site):
    """While another run is at work a tick ends with exit code 0."""
    site.leavers("w-1.csv", 50)
    with site.project().locked():
        out, err = tick("--config", site.config)
    assert "another run is at work" in out + err


@pytest.mark.parametrize("options", [(), ("--force-retrain",)])
def test_a_dry_run_changes_nothing(site, options):
    """A rehearsal says what would happen and leaves every byte and time as it was."""
    site.leavers("w-1.csv", 400)
    site.tick()
    site.leavers("w-2.csv", 100, seed=2)
    before = states(site.root)
    out, _ = tick("--config", site.config, "--dry-run", *options)
    assert "w-2.csv: 100 of 100 rows ingested." in out
    assert "nothing was changed" in out
    assert states(site.root) == before


def test_a_dry_run_before_anything_exists(site):
    """The very first tick can be rehearsed too."""
    site.leavers("w-1.csv", 300)
    before = states(site.root)
    out, _ = tick("--config", site.config, "--dry-run", "--json")
    assert json.loads(out)["decisions"][-1]["outcome"] == "promote"
    assert states(site.root) == before


@pytest.mark.parametrize("style", ["absolute", "above"])
def test_a_dry_run_spares_folders_elsewhere(new_site, tmp_path, style):
    """Folders outside the config's own are rehearsed on copies like the others."""
    site = new_site("inner", key=["customer"])
    prefix = f"{tmp_path / 'outer'}/" if style == "absolute" else "../outer/"
    (tmp_path / "outer").mkdir()
    folders = {"output_folder_path": "ing", "output_model_path": "mod", "prod_deployment_path": "prod"}
    site.configure(**{key: prefix + name for key, name in folders.items()})
    for name, seed in (("w-1.csv", 1), ("w-2.csv", 2)):
        site.leavers(name, 300, seed=seed)
        before = states(tmp_path)
        out, _ = tick("--config", site.config, "--dry-run")
        assert f"{name}: 300 of 300 rows ingested." in out
        assert states(tmp_path) == before
        site.tick()


def test_a_dry_run_knows_the_test_rows(site):
    """A rehearsal ends in the same decision, on the same held-out rows, as the tick."""
    site.configure(test_data_path="tests")
    (site.root / "tests").mkdir()
    site.leavers("t.csv", 100, seed=7).rename(site.root / "tests/t.csv")
    site.leavers("w-1.csv", 300)
    out, _ = tick("--config", site.config, "--dry-run", "--json")
    rehearsed = json.loads(out)["decisions"][-1]
    assert rehearsed["evidence"]["rows"] == site.tick()["decisions"][-1]["evidence"]["rows"]


@pytest.mark.parametrize("made", ["by the tick", "before"])
def test_a_metric_of_another_task_is_said_before_anything_is_taken_in(site, made):
    """The first file's task decides, or that of a contract there is; once corrected, the file comes in."""
    site.configure(metric="mae")
    if made == "before":
        contract, _ = edits.first(intake.read(site.leavers("w-1.csv", 300)), site.project().config)
        contracts.save(contract, site.root / "ingested")
    site.leavers("w-1.csv", 300)
    _, err = tick("--config", site.config, code=2)
    assert "config-metric metric: 'mae' does not measure a binary task. For binary: accuracy" in err
    assert not (site.root / "ingested/table").exists()
    assert (site.root / "ingested/contract.json").exists() == (made == "before")
    site.configure(metric="accuracy")
    out, _ = tick("--config", site.config)
    assert "w-1.csv: 300 of 300 rows ingested." in out
    assert "promoted" in out


def test_test_data_that_is_not_there_is_said_before_anything_is_taken_in(site):
    """Rows that must never be trained on may not be left out in silence."""
    site.configure(test_data_path="test")
    site.leavers("w-1.csv", 300)
    _, err = tick("--config", site.config, code=1)
    assert "the test data does not exist. Put it there, or correct 'test_data_path' in config.json." in err
    assert not (site.root / "ingested/table").exists()


def test_another_projects_live_release_is_said_before_anything_is_taken_in(new_site):
    """A second project that names the first one's folder of the live release takes nothing in beside it."""
    one, two = new_site("one"), new_site("two")
    one.leavers("w-1.csv", 300)
    one.tick()
    two.leavers("w-1.csv", 300)
    two.configure(prod_deployment_path="../one/production")
    _, err = tick("--config", two.config, code=1)
    assert "is live, and the ledger knows nothing of it. If 'prod_deployment_path' is another" in err
    assert not (two.root / "ingested/table").exists()


def test_a_folder_of_outcomes_that_is_not_there_is_said(site):
    """Labels that nobody reads would be missed late."""
    site.configure(outcomes_folder_path="outcome")
    site.leavers("w-1.csv", 300)
    site.tick()
    out, _ = tick("--config", site.config, "--force-retrain")
    assert "outcome: this folder of outcomes does not exist ('outcomes_folder_path')." in out


def test_json_and_explain(site):
    """--explain prints a run's files and decisions with their evidence, as text or as JSON."""
    site.leavers("w-1.csv", 300)
    site.tick()
    out, _ = tick("--config", site.config, "--explain", 1)
    assert "w-1.csv  ingested  sha256" in out
    assert "plan → train-first" in out
    assert "baseline:" in out
    out, _ = tick("--config", site.config, "--explain", 1, "--json")
    found = json.loads(out)
    assert found["run"]["run"] == 1
    assert [row["kind"] for row in found["decisions"]] == ["plan", "gate"]


def test_explain_tells_notes_as_sentences(site):
    """What was guessed about one file is one sentence after another."""
    labels = ["yes", "no", "no"]
    rows = [f"c{n};{n % 28 + 1}/03/2026;{n % 7},5;{labels[n % 3]}" for n in range(90)]
    site.write("w-1.csv", "\n".join(["customer;seen;size;left", *rows]) + "\n")
    site.tick(steps=["ingestion"])
    out, _ = tick("--config", site.config, "--explain", 1)
    assert "  Read with a decimal comma: size. Dates read with the day first: seen." in out


@pytest.mark.parametrize("number", [0, 99])
def test_a_run_that_is_not_there_is_said(site, number):
    """Explaining an unknown run names the newest."""
    site.leavers("w-1.csv", 100)
    site.tick()
    _, err = tick("--config", site.config, "--explain", number, code=1)
    assert f"there is no run {number}. The newest is 1." in err


def test_init_writes_a_config_that_works(tmp_path):
    """From one CSV to a first tick: --init, copy the file, run. An existing config is left alone."""
    from tests.conftest import leavers

    (tmp_path / "customers.csv").write_text(leavers(300))
    out, _ = call("fullprocess", "--init", "customers.csv", cwd=tmp_path)
    assert "target: 'left' (binary)" in out
    settings = json.loads((tmp_path / "config.json").read_text())
    assert settings["name"] == "customers"
    _, err = call("fullprocess", "--init", "customers.csv", cwd=tmp_path, code=1)
    assert "exists already" in err
    os.rename(tmp_path / "customers.csv", tmp_path / "arriving/customers.csv")
    config = {**settings, "settle_seconds": 0, "model": "logistic"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    out, _ = call("fullprocess", "--json", cwd=tmp_path)
    found = json.loads(out)
    assert found["decisions"][-1]["outcome"] == "promote"
    assert len(found["reports"]) == 1
    assert Path(found["reports"][0]).read_bytes().startswith(b"%PDF")


def test_init_is_told_the_target(tmp_path):
    """--target names the column to predict; a wrong name is answered with those that there are."""
    from tests.conftest import leavers

    (tmp_path / "customers.csv").write_text(leavers(300))
    made = ("--init", "customers.csv", "--config", "mine/config.json")
    _, err = call("fullprocess", *made, "--target", "salary", cwd=tmp_path, code=2)
    assert "does not have the column of target 'salary'" in err
    assert "It has: " in err
    assert not (tmp_path / "mine").exists()
    out, _ = call("fullprocess", *made, "--target", "staff", cwd=tmp_path)
    assert "target: 'staff' (regression)" in out
    assert json.loads((tmp_path / "mine/config.json").read_text())["target"] == "staff"
    _, err = call("fullprocess", "--config", "mine/config.json", "--target", "left", cwd=tmp_path, code=1)
    assert "--target: goes with --init." in err


def test_init_keeps_rows_where_few_different_ones_are_possible(tmp_path):
    """Answers by yes and no repeat: --init has each row counted, where dropping copies would leave a few."""
    rows = [f"{'yes' if n % 2 else 'no'},{n % 3 > 0},{int(n % 2 and n % 7)}" for n in range(300)]
    (tmp_path / "survey.csv").write_text("\n".join(["a,b,left", *(row.replace(",6", ",1") for row in rows)]))
    out, _ = call("fullprocess", "--init", "survey.csv", "--target", "left", cwd=tmp_path)
    assert "of 300 rows equal an earlier row." in out
    settings = json.loads((tmp_path / "config.json").read_text())
    assert settings["duplicates"] == "keep"
    os.rename(tmp_path / "survey.csv", tmp_path / "arriving/survey.csv")
    (tmp_path / "config.json").write_text(json.dumps({**settings, "settle_seconds": 0}))
    out, _ = call("ingestion", cwd=tmp_path)
    assert "300 of 300 rows ingested." in out


def test_init_says_where_a_role_is_changed(tmp_path):
    """The note leads to the file that decides; a config that says otherwise is told before any row is in."""
    rows = [f"c-{n:05d},{n % 37},{n % 5},{'yes' if n % 37 > 20 else 'no'}" for n in range(200)]
    (tmp_path / "customers.csv").write_text("\n".join(["client,visits,age,left", *rows]) + "\n")
    out, _ = call("fullprocess", "--init", "customers.csv", cwd=tmp_path)
    assert "ignored; its role is key if rows are about it." in out
    assert 'Give such a column the role "key" or "time".' in out
    contract = json.loads((tmp_path / "ingested/contract.json").read_text())
    contract["columns"][0] = {"name": "client", "kind": "category", "role": "key"}
    (tmp_path / "ingested/contract.json").write_text(json.dumps(contract))
    os.rename(tmp_path / "customers.csv", tmp_path / "arriving/customers.csv")
    settings = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**settings, "settle_seconds": 0, "key": "visits"}))
    _, err = call("fullprocess", "--steps", "ingest", cwd=tmp_path, code=2)
    assert (
        "the config's key is visits, the contract's client. Once rows are in, this cannot be changed." in err
    )
    assert not (tmp_path / "ingested/table").exists()
    (tmp_path / "ingested/contract.json").unlink()
    call("fullprocess", "--steps", "ingest", cwd=tmp_path)
    contract = json.loads((tmp_path / "ingested/contract.json").read_text())
    assert [one["name"] for one in contract["columns"] if one["role"] == "key"] == ["visits"]


def test_what_was_refused_is_no_news(site):
    """An acknowledgement of nothing leaves no failed run, and no report by the next tick."""
    site.leavers("w-1.csv", 300)
    site.tick()
    _, err = call("deployment", "--config", site.config, "--acknowledge", code=1)
    assert "there is no open incident" in err
    runs = site.project().ledger.runs
    (last,) = runs.latest(limit=1)
    assert (last["status"], last["news"], last["summary"]) == ("refused", False, "there is no open incident.")
    assert site.tick()["reports"] == []
    assert runs.latest(limit=1)[0]["news"] is False


def test_init_that_guessed_wrong_says_how_to_name_it(tmp_path):
    """A last column that cannot be a target: not the task is wrong, the guess is."""
    lines = [f"{n / 7},{n % 5},note {n}" for n in range(60)]
    (tmp_path / "notes.csv").write_text("\n".join(["size,count,remark", *lines]) + "\n")
    _, err = call("fullprocess", "--init", "notes.csv", cwd=tmp_path, code=2)
    assert (
        "'remark' was guessed: name the column to predict with --target. It has: size, count, remark." in err
    )


def test_commands_that_are_told_can_be_typed(tmp_path):
    """With a config of one's own every command in an answer names it, in faults and in advice."""
    from tests.conftest import leavers

    (tmp_path / "customers.csv").write_text(leavers(60))
    _, err = call("fullprocess", "--config", "my own/config.json", cwd=tmp_path, code=2)
    assert "python fullprocess.py --config 'my own/config.json' --init data.csv" in err
    made = ("--config", "my own/config.json")
    out, _ = call("fullprocess", "--init", "customers.csv", *made, cwd=tmp_path)
    assert out.endswith("then python fullprocess.py --config 'my own/config.json'\n")
    out, _ = call("fullprocess", "--pause", *made, cwd=tmp_path)
    assert "They go on with: python fullprocess.py --config 'my own/config.json' --resume" in out
    out, _ = call("scoring", *made, cwd=tmp_path)
    assert "Run: python fullprocess.py --config 'my own/config.json'" in out


@pytest.mark.parametrize("name", ["données.csv", "-a-.csv", "1 2.csv", "…….csv"])
def test_init_makes_a_name_that_a_config_may_have(tmp_path, name):
    """Whatever the file is called, the config that is written can be read."""
    from tests.conftest import leavers
    from vigil import starting
    from vigil.config import load_config

    (tmp_path / name).write_text(leavers(60))
    starting.init(tmp_path / name, tmp_path / "config.json")
    assert load_config(tmp_path / "config.json").target == "left"


@pytest.mark.parametrize("content", ["", "\n\n", "a,b\n"])
def test_init_on_a_file_without_rows_is_said(tmp_path, content):
    """Nothing to guess from: words, and no config is left behind."""
    (tmp_path / "empty.csv").write_text(content)
    _, err = call("fullprocess", "--init", "empty.csv", cwd=tmp_path, code=1)
    assert "empty.csv" in err or "row" in err
    assert not (tmp_path / "config.json").exists()


def test_forced_challengers_from_the_command_line(site):
    """--force-retrain trains without an alarm, when nothing else is new."""
    site.leavers("w-1.csv", 400)
    site.tick()
    site.leavers("w-2.csv", 400, seed=2)
    site.tick()
    out, _ = call("fullprocess", "--config", site.config, "--force-retrain", "--json")
    decisions = json.loads(out)["decisions"]
    assert [row["kind"] for row in decisions] == ["plan", "gate"]
    assert "A person asked for challengers." in decisions[0]["reason"]


def test_check_tells_what_would_become_of_a_file(site):
    """``ingestion.py --check`` reads one file, says its end, and takes nothing in."""
    site.leavers("w-1.csv", 100)
    site.tick()
    path = site.leavers("w-2.csv", 50, seed=2)
    path.write_text(path.read_text().replace("c2-3,", ",", 1))
    out, _ = call("ingestion", "--config", site.config, "--check", path)
    assert "would be ingested: 49 of 50 rows." in out
    assert "line 5, customer" in out
    assert site.project().table.count() == 100
    _, err = call("ingestion", "--config", site.config, "--check", "nope.csv", code=1)
    assert "nope.csv" in err
    assert "next tick" not in err


def test_releases_are_listed_and_rolled_back(site):
    """``deployment.py`` lists releases; --rollback needs an earlier one, and holds the later."""
    site.leavers("w-1.csv", 600)
    site.tick()
    _, err = call("deployment", "--config", site.config, "--rollback", code=1)
    assert "no earlier release" in err
    site.leavers("w-2.csv", 900, seed=3, turned=True)
    site.tick()
    live = pointer.read(site.root / "production")
    out, _ = call("deployment", "--config", site.config, "--rollback")
    assert f"from {live.release} to {live.previous}" in out
    out, _ = call("deployment", "--config", site.config)
    assert f"{live.release}  held" in out
    assert f"{live.previous}  live" in out
    out, _ = call("deployment", "--config", site.config, "--lift", live.release)
    assert "may be promoted again" in out
    _, err = call("deployment", "--config", site.config, "--acknowledge", code=1)
    assert "no open incident" in err


def test_steps_alone_do_their_part(site):
    """Ingestion, training, scoring and diagnostics run by themselves, in any state."""
    for step in ("training", "scoring", "diagnostics", "reporting"):
        call(step, "--config", site.config)
    site.leavers("w-1.csv", 300)
    out, _ = call("ingestion", "--config", site.config)
    assert "w-1.csv: 300 of 300 rows ingested." in out
    out, _ = call("training", "--config", site.config)
    assert "candidate " in out
    out, _ = call("diagnostics", "--config", site.config, "--json")
    assert {"packages", "advice"} <= set(json.loads(out))
    _, err = call("reporting", "--config", site.config, "--run", 7, code=1)
    assert "has no stored answers" in err


def test_output_that_nobody_reads_to_its_end_is_no_fault():
    """As with ``| head``: the command ends without a word."""
    code = "import sys; from vigil.command import guarded\n"
    code += "sys.exit(guarded(lambda: print('a line\\n' * 100_000)))"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout.readline() == "a line\n"
        run.stdout.close()
        assert (run.stderr.read(), run.wait(60)) == ("", 0)


@pytest.mark.parametrize("file", sorted(path.stem for path in ROOT.glob("*.py")))
def test_a_python_without_the_packages_is_told_what_helps(file):
    """Every root file says in one line which package is missing, and the command that helps."""
    # Isolated and without site-packages, as a system's own Python has none of the project's.
    command = [sys.executable, "-S", "-E", str(ROOT / f"{file}.py"), "--config", str(ROOT / "none.json")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert re.fullmatch(r".+ has no package '\w+'\. In .+ type: .*source .venv/bin/activate\n", ended.stderr)
