"""The income example's delivery workflow, step by step as a runner takes it: what passes, and what stops."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
INCOME = ROOT / "examples/income"
#: Columns that a careless edit of the contract drops; they tell most.
DROPPED = {
    "education", "education-num", "marital-status", "relationship", "occupation",
    "capital-gain", "capital-loss",
}  # fmt: skip
#: Rows that the live model was trained on, and rows that the change brings.
FIRST, MORE = 300, 5000


def run(*command, cwd=ROOT, check=True, **more):
    """Run a command as a person or a runner does."""
    line = [str(part) for part in command]
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True, check=check, **more)


def contract(dropped=()):
    """Return the example's contract, some columns ignored."""
    found = json.loads((INCOME / "contract.json").read_text())
    for column in found["columns"]:
        column["role"] = "ignored" if column["name"] in dropped else column["role"]
    return json.dumps(found)


def config(**changes):
    """Return the example's config; the linear model, which is quick."""
    return json.dumps(json.loads((INCOME / "config.json").read_text()) | {"model": "logistic"} | changes)


def laid_out(folder, lines, *, settings, rules):
    """Write what a repository of one's own holds: config, contract and one file of data."""
    for part in ("sourcedata", "ingesteddata"):
        (folder / part).mkdir(parents=True)
    (folder / "config.json").write_text(settings)
    (folder / "ingesteddata/contract.json").write_text(rules)
    (folder / f"sourcedata/census-{len(lines)}.csv").write_text("".join(lines))


@pytest.fixture(scope="module")
def census(tmp_path_factory):
    """The header and the rows of the example's first file."""
    folder = tmp_path_factory.mktemp("made")
    run(sys.executable, INCOME / "generate.py", "--out", folder)
    header, *rows = (folder / "practicedata/census-1.csv").read_text().splitlines(keepends=True)
    return header, rows


@pytest.fixture(scope="module")
def backup(census, tmp_path_factory):
    """The backup of a project with a live model."""
    header, rows = census
    folder = tmp_path_factory.mktemp("live")
    laid_out(folder, [header, *rows[:FIRST]], settings=config(), rules=contract())
    settings = ("--config", folder / "config.json")
    run(sys.executable, "fullprocess.py", *settings, "--steps", "ingestion,scoring,training,deployment")
    run(sys.executable, "upkeep.py", *settings, "--backup", folder / "backup.tar.gz")
    return folder / "backup.tar.gz"


@pytest.fixture
def deliver(census, backup, tmp_path):
    """Return a function that takes a change through the workflow, and gives the last step that ran."""
    header, rows = census
    (job,) = yaml.safe_load((INCOME / "delivery.yml").read_text())["jobs"].values()
    steps = job["steps"]
    # As on a runner, `python` and `pip` are the environment's; nothing is fetched, all of it being there.
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }

    def through(*, more=MORE, **change):
        laid_out(tmp_path, [header, *rows[FIRST : FIRST + more]], **change)
        fetching = tmp_path / "fetch-vigil-and-backup.sh"
        fetching.write_text(f"#!/bin/sh\nln -s '{ROOT}' vigil\ncp '{backup}' backup.tar.gz\n")
        fetching.chmod(0o755)
        for step in (step for step in steps if "run" in step):
            done = run("bash", "-e", "-c", step["run"], cwd=tmp_path, check=False, env=environment)
            if done.returncode:
                break
        return step, done, step is steps[-1]

    return through


def test_a_change_that_is_no_worse_passes_every_step(deliver):
    """More rows and another setting: the challenger takes over, and the last step ends well."""
    _, done, last = deliver(settings=config(slices=["race"]), rules=contract())
    assert (done.returncode, done.stderr, last) == (0, "", True)
    assert done.stdout.startswith("The challenger takes over: F1 ")
    assert "with the change" in done.stdout


def test_a_change_that_makes_the_model_worse_stops_at_the_gate(deliver):
    """Without the columns that tell most the new model beats the live one, which lacks them too: stopped."""
    _, done, last = deliver(settings=config(), rules=contract(DROPPED))
    assert (done.returncode, last) == (1, True)
    assert done.stderr == "Stopped: without the change the same data give a better model.\n"


def test_a_change_whose_challenger_the_gate_keeps_out_stops(deliver):
    """A few more rows give a model that is not shown to be as good: it stops with the tick's own words."""
    _, done, last = deliver(settings=config(), rules=contract(), more=40)
    assert (done.returncode, last) == (1, True)
    assert "too few rows for a verdict" in done.stdout
    assert done.stderr == "Stopped: what the change leads to would not go live.\n"
