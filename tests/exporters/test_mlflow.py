"""Trainings reach a real MLflow server, once each, whatever happens in between."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from vigil import exporters
from vigil.comparing import runs
from vigil.errors import VigilError
from vigil.exporters.mlflow import TAG


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server on a free port; `make tracking` made its program, unless VIGIL_MLFLOW names another."""
    program = os.environ.get("VIGIL_MLFLOW", f"{sys.prefix}/mlflow/bin/mlflow")
    if not Path(program).is_file():
        pytest.skip("VIGIL_MLFLOW names no mlflow program, and `make tracking` was not run")
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = ["--backend-store-uri", f"sqlite:///{folder}/store.db", "--default-artifact-root", str(folder)]
    command = [program, "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", *store]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _wait(url, process):
    """Wait until the server answers."""
    for _ in range(240):
        assert process.poll() is None
        try:
            if requests.get(f"{url}/health", timeout=2).status_code == 200:
                return
        except requests.RequestException:
            time.sleep(0.5)
    pytest.fail("the server did not answer within two minutes")


@pytest.fixture
def trained(site):
    """A project with one training."""
    site.leavers("a-1.csv", 300, seed=1)
    site.tick()
    return site


def there(server, name):
    """Return the runs of an experiment as the server tells them."""
    api = f"{server}/api/2.0/mlflow"
    found = requests.get(
        f"{api}/experiments/get-by-name", params={"experiment_name": name}, timeout=30
    ).json()
    body = {"experiment_ids": [found["experiment"]["experiment_id"]]}
    return requests.post(f"{api}/runs/search", json=body, timeout=30).json()["runs"]


def test_a_training_arrives_with_its_settings_and_scores(server, trained):
    """Parameters, metrics and the release's id are what the ledger says."""
    listed = runs.rows(trained.project())
    assert exporters.export("mlflow", listed, server, "first") == 1
    (run,) = there(server, "first")
    params = {item["key"]: item["value"] for item in run["data"]["params"]}
    metrics = {item["key"]: item["value"] for item in run["data"]["metrics"]}
    assert params["model"] == "logistic"
    assert params["rows"] == str(listed[0]["rows"])
    assert metrics["held_out"] == listed[0]["held_out"]
    assert {"key": TAG, "value": listed[0]["id"]} in run["data"]["tags"]
    assert run["info"]["status"] == "FINISHED"


def test_exporting_twice_adds_nothing(server, trained):
    """What is there is found again; only what is new is sent."""
    listed = runs.rows(trained.project())
    assert exporters.export("mlflow", listed, server, "second") == 1
    assert exporters.export("mlflow", listed, server, "second") == 0
    more = [{**listed[0], "id": "000000000000"}, *listed]
    assert exporters.export("mlflow", more, server, "second") == 1
    assert len(there(server, "second")) == 2


def test_a_server_that_is_not_there_is_said(trained):
    """One message with the address, and no traceback."""
    with pytest.raises(VigilError, match="cannot be reached"):
        exporters.export("mlflow", runs.rows(trained.project()), "http://127.0.0.1:9", "none")


def test_an_unknown_exporter_is_said():
    """The names that there are stand in the message."""
    with pytest.raises(VigilError, match="mlflow"):
        exporters.export("elsewhere", [], "http://127.0.0.1:9", "none")
