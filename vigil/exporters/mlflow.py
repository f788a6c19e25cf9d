"""An MLflow tracking server, by its REST API alone: no client library is needed.

One experiment for each project, one run for each training, found again by a tag, so that exporting
twice adds nothing. Source: MLflow's REST API, version 2.0 (experiments, runs, log-batch).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import requests

from vigil.errors import VigilError

#: Seconds to wait for an answer.
PATIENCE = 30
#: The tag by which a training is found again.
TAG = "vigil.release"


def export(runs: Sequence[dict[str, Any]], url: str, project: str) -> int:
    """Send every training that the server does not have; return how many that were.

    Raises VigilError when the server cannot be reached or refuses.
    """
    server = Server(url)
    experiment = server.experiment(project)
    known = server.known(experiment)
    fresh = [run for run in reversed(runs) if run["id"] not in known]
    for run in fresh:
        server.send(experiment, run)
    return len(fresh)


class Server:
    """The part of the API that is needed."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()

    def experiment(self, name: str) -> str:
        """Return the experiment's id, made if it is not there."""
        found = self._ask("GET", "experiments/get-by-name", {"experiment_name": name}, absent_is_none=True)
        if found is None:
            found = {"experiment": self._ask("POST", "experiments/create", {"name": name})}
        identity: str = (found["experiment"] or {})["experiment_id"]
        return identity

    def known(self, experiment: str) -> set[str]:
        """Return the releases that are finished there, over all pages."""
        found: set[str] = set()
        page: str | None = None
        while True:
            query = {"experiment_ids": [experiment], "max_results": 1000, "filter": "status = 'FINISHED'"}
            answer = self._ask("POST", "runs/search", query | ({"page_token": page} if page else {})) or {}
            for run in answer.get("runs", []):
                found |= {tag["value"] for tag in run["data"].get("tags", []) if tag["key"] == TAG}
            page = answer.get("next_page_token")
            if not page:
                return found

    def send(self, experiment: str, run: dict[str, Any]) -> None:
        """Write one training: it counts as there only when it is whole."""
        begun = int(datetime.fromisoformat(f"{run['created']}+00:00").timestamp() * 1000)
        tags = [{"key": TAG, "value": run["id"]}, {"key": "vigil.state", "value": run["state"]}]
        name = f"{run['model']} on {run['window']} ({run['id']})"
        made = self._ask(
            "POST", "runs/create",
            {"experiment_id": experiment, "run_name": name, "start_time": begun, "tags": tags},
        )  # fmt: skip
        identity = (made or {})["run"]["info"]["run_id"]
        params = {"model": run["model"], "window": run["window"], "rows": run["rows"], **run["params"]}
        scores = {
            "out_of_fold": run["out_of_fold"],
            "held_out": run["held_out"],
            "threshold": run["threshold"],
        }
        metrics = [
            {"key": key, "value": value, "timestamp": begun, "step": 0}
            for key, value in scores.items()
            if value is not None
        ]
        listed = [{"key": key, "value": str(value)} for key, value in params.items()]
        self._ask("POST", "runs/log-batch", {"run_id": identity, "params": listed, "metrics": metrics})
        self._ask("POST", "runs/update", {"run_id": identity, "status": "FINISHED", "end_time": begun})

    def _ask(
        self, method: str, path: str, body: dict[str, Any], *, absent_is_none: bool = False
    ) -> dict[str, Any] | None:
        """Send one request; return the answer, or None for what may be absent and is."""
        place = f"{self._url}/api/2.0/mlflow/{path}"
        given: dict[str, Any] = {"params": body} if method == "GET" else {"json": body}
        try:
            answer = self._session.request(method, place, timeout=PATIENCE, allow_redirects=False, **given)
        except requests.RequestException as error:
            what = f"cannot be reached ({type(error).__name__})."
            raise VigilError(what, where=self._url, hint="Is the server running?") from error
        if answer.status_code == 404 and absent_is_none:
            return None
        if answer.status_code != 200:
            raise VigilError(f"answered {answer.status_code} to {path}: {answer.text[:200]}", where=self._url)
        found: dict[str, Any] = answer.json()
        return found
