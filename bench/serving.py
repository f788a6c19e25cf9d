"""What an answer costs: Vigil's service against the usual ways to serve a model, under the same load.

    python -m bench.serving [--seconds 5] [--soak 60] [--only single,many,switch,overload,start]
                            [--runner waitress|gunicorn|granian]

Every server runs on this machine in its turn, loaded by wrk. Vigil has its checks, its prediction log
and its metrics on. The plain app is Flask with pandas and a scikit-learn pipeline on Waitress;
``mlflow models serve`` is asked too where an interpreter with mlflow is named by MLFLOW_PYTHON.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
NUMBERS = [f"number_{i}" for i in range(20)]
LEVELS = {f"category_{i}": [f"level-{j}" for j in range(4 + 2 * i)] for i in range(5)}
ROWS = 4_000

PLAIN = """
import sys, joblib, pandas as pd
from flask import Flask, jsonify, request
from waitress import serve
model = joblib.load(sys.argv[1])
app = Flask(__name__)

@app.post("/prediction")
def prediction():
    body = request.get_json()
    frame = pd.DataFrame(body["rows"] if "rows" in body else body["columns"])
    return jsonify(predictions=model.predict_proba(frame)[:, 1].tolist())

serve(app, host="127.0.0.1", port=int(sys.argv[2]), threads=4)
"""

MLFLOW = """
import json, sys, pandas as pd, mlflow.sklearn
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
data = json.load(open(sys.argv[1]))
frame = pd.DataFrame(data["columns"])
numbers = [name for name in frame if name.startswith("number")]
texts = [name for name in frame if name.startswith("category")]
model = make_pipeline(
    make_column_transformer((StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), texts)),
    LogisticRegression(max_iter=500),
).fit(frame, data["target"])
mlflow.sklearn.save_model(
    model, sys.argv[2], pip_requirements=[], serialization_format="cloudpickle", input_example=frame[:1]
)
"""

WRK = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local file = io.open(os.getenv("BODY"), "rb")
wrk.body = file:read("*a")
done = function(summary, latency, requests)
  local e = summary.errors
  print(string.format("FOUND %d %d %f %f %d %d", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
"""


@dataclass(frozen=True)
class Load:
    """What wrk saw: requests a second, milliseconds, and failures by kind."""

    rate: float
    p50: float
    p99: float
    refused: int
    broken: int

    def __str__(self) -> str:
        return f"{self.rate:8,.0f}/s  p50 {self.p50:.2f} ms  p99 {self.p99:.2f} ms"


def main() -> None:
    """Run the parts that are asked for, printing each figure with its ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each load lasts")
    parser.add_argument("--soak", type=float, default=60.0, help="how long the switching goes on")
    parser.add_argument(
        "--only", default="start,single,boosting,many,switch,overload", help="parts, by comma (%(default)s)"
    )
    parser.add_argument("--runner", default="waitress", help="what Vigil runs on, with one process")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        world = World(Path(scratch), given.seconds, given.runner)
        parts: dict[str, Callable[[], None]] = {
            "start": world.start,
            "single": world.single,
            "boosting": world.boosting,
            "many": world.many,
            "switch": lambda: world.switch(given.soak),
            "overload": world.overload,
        }
        for name in given.only.split(","):
            parts[name]()


class World:
    """The data, the models trained on it, and a project whose service is measured."""

    def __init__(self, folder: Path, seconds: float, runner: str) -> None:
        self.folder = folder
        self.runner = runner
        self.seconds = seconds
        self.data, self.target = _data()
        columns = {name: cells.tolist() for name, cells in self.data.items()}
        self.bodies = {
            "one": {"rows": [_row(columns, 0)]},
            "other": {"rows": [_row(columns, 1)]},
            "records": {"rows": [_row(columns, i) for i in range(1000)]},
            "columns": {"columns": {name: cells[:1000] for name, cells in columns.items()}},
            "mlflow": {"dataframe_records": [_row(columns, 0)]},
            "mlflow-records": {"dataframe_records": [_row(columns, i) for i in range(1000)]},
            "data": {"columns": columns, "target": self.target.tolist()},
        }
        for name, body in self.bodies.items():
            (folder / f"{name}.json").write_text(json.dumps(body))
        (folder / "load.lua").write_text(WRK)
        (folder / "plain.py").write_text(PLAIN)
        self.releases = {kind: self._trained(kind) for kind in ("logistic", "boosting")}
        (folder / "config.json").write_text(json.dumps(_config()))
        for name in ("arriving", "ingested", "production"):
            (folder / name).mkdir()

    def _trained(self, kind: str) -> str:
        """Train one model; keep it as a bundle for Vigil and as a file for the plain app."""
        import joblib
        import pandas as pd
        from sklearn.compose import make_column_transformer
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        from vigil import models
        from vigil.records import Column

        features = [Column(name, "number") for name in NUMBERS] + [Column(n, "category") for n in LEVELS]
        fitted = models.fit(
            kind, self.data, self.target, task="binary", classes=("0", "1"), features=features,
            metric="f1", seed=0,
        )  # fmt: skip
        coding = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        prepared = make_column_transformer((StandardScaler(), NUMBERS), (coding, list(LEVELS)))
        model = LogisticRegression(max_iter=500) if kind == "logistic" else HistGradientBoostingClassifier()
        plain = make_pipeline(prepared, model).fit(pd.DataFrame(self.data), self.target)
        joblib.dump(plain, self.folder / f"{kind}.joblib")
        return models.pack(fitted, self.folder / "models")

    @contextmanager
    def vigil(self, kind: str = "logistic") -> Iterator[Server]:
        """Serve a release by Vigil."""
        self.switch_to(kind)
        config = str(self.folder / "config.json")
        command = [sys.executable, str(ROOT / "app.py"), "--config", config, "--runner", self.runner]
        with _serving([*command, "--port"]) as server:
            yield server

    @contextmanager
    def plain(self, kind: str = "logistic") -> Iterator[Server]:
        """Serve a model of the same kind by the plain app."""
        command = [sys.executable, str(self.folder / "plain.py"), str(self.folder / f"{kind}.joblib")]
        with _serving(command) as server:
            yield server

    @contextmanager
    def mlflow(self) -> Iterator[Server | None]:
        """Serve a logistic model by mlflow, where there is one; its own training, its own libraries."""
        python = os.environ.get("MLFLOW_PYTHON")
        if not python:
            print("  mlflow: MLFLOW_PYTHON names no interpreter; skipped")
            yield None
            return
        model = self.folder / "mlflow-model"
        if not model.exists():
            given = [str(self.folder / "data.json"), str(model)]
            subprocess.run([python, "-W", "ignore", "-c", MLFLOW, *given], check=True, capture_output=True)
        command = [python, "-m", "mlflow", "models", "serve", "-m", str(model), "--env-manager", "local"]
        with _serving([*command, "-h", "127.0.0.1", "-p"], path="/ping", seconds=120) as server:
            yield server

    def switch_to(self, kind: str) -> None:
        """Make a release the live one."""
        from vigil.bundles import pointer

        pointer.write(self.folder / "production", self.releases[kind], None)

    def load(self, server: Server, body: str, *, connections: int = 1, path: str = "/prediction") -> Load:
        """Load a server, after a moment of warming up."""
        _wrk(self.folder, server.port, body, 1.0, connections, path)
        return _wrk(self.folder, server.port, body, self.seconds, connections, path)

    def start(self) -> None:
        """Say how soon the service answers, and what it holds in memory before the first request."""
        print("start, until /readyz answers")
        with self.vigil() as server:
            print(f"  vigil: {server.ready:.2f} s, {server.memory():.0f} MB idle")
        with self.plain() as server:
            print(f"  plain: {server.ready:.2f} s, {server.memory():.0f} MB idle")

    def single(self) -> None:
        """One row, one connection, logistic on 20 numbers and 5 categories."""
        print("one row, one connection, logistic")
        with self.vigil() as server:
            own = self.load(server, "one")
        print(f"  vigil:  {own}")
        with self.plain() as server:
            _compare("plain:  ", own, self.load(server, "one"))
        with self.mlflow() as server:
            if server:
                _compare("mlflow: ", own, self.load(server, "mlflow", path="/invocations"))

    def boosting(self) -> None:
        """One row, one connection, gradient boosting."""
        print("one row, one connection, boosting")
        with self.vigil("boosting") as server:
            own = self.load(server, "one")
        print(f"  vigil:  {own}")
        with self.plain("boosting") as server:
            _compare("plain:  ", own, self.load(server, "one"))

    def many(self) -> None:
        """Ask for 1,000 rows on one connection, as records and as columns."""
        print("1,000 rows, one connection, logistic")
        with self.vigil() as server:
            records, columns = self.load(server, "records"), self.load(server, "columns")
        print(f"  vigil records: {records}\n  vigil columns: {columns}")
        with self.plain() as server:
            plain = self.load(server, "records")
            _compare("plain records, against records:", records, plain)
            _compare("plain records, against columns:", columns, plain)

    def switch(self, seconds: float) -> None:
        """32 connections while the live release changes every 5 s: errors, mixed answers, memory."""
        print(f"32 connections for {seconds:.0f} s, a switch every 5 s")
        with self.vigil() as server:
            expected = self._expected(server)
            before = server.memory()
            seen = _Seen()
            end = time.monotonic() + seconds
            askers = [
                threading.Thread(target=self._ask, args=(server, expected, seen, end)) for _ in range(32)
            ]
            for asker in askers:
                asker.start()
            held = [server.memory()]
            while time.monotonic() < end:
                time.sleep(min(5.0, max(0.0, end - time.monotonic())))
                self.switch_to(("boosting", "logistic")[len(held) % 2])
                held.append(server.memory())
            for asker in askers:
                asker.join()
            turns = len(held) - 1
            print(f"  {seen.answers:,} answers, {turns} switches, {seen.errors} errors, {seen.mixed} mixed")
            print(
                f"  memory: {before:.0f} MB before, {server.memory():.0f} MB after; "
                f"at each switch {', '.join(f'{each:.0f}' for each in held[1:])} MB"
            )
            later = held[len(held) // 2 :]
            print(f"  in the second half it grew by {max(later) - later[0]:.1f} MB")

    def overload(self) -> None:
        """Ask four times as often as can be answered: who is accepted should be answered soon."""
        print("overload, at 4 times what 4 connections got")
        for body in ("one", "columns"):
            with self.vigil() as server:
                alone = self.load(server, body, connections=4)
                print(f"  {body}, 4 connections: {alone}")
                self._flood(server, body, 4 * alone.rate)

    def _flood(self, server: Server, body: str, rate: float) -> None:
        """Flood a server, then see how soon it answers again."""
        done = subprocess.run(
            [sys.executable, "-m", "bench._flood", str(server.port), str(self.folder / f"{body}.json"),
             "--rate", str(rate), "--seconds", str(self.seconds)],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        begun = time.monotonic()
        while _request(server.port, (self.folder / "one.json").read_bytes())[0] != 200:
            time.sleep(0.01)
        back = time.monotonic() - begun
        found = json.loads(done.stdout)
        for status, some in sorted(found["seconds"].items()):
            p50, p99 = 1000 * np.percentile(some, [50, 99])
            print(f"  {rate:,.0f}/s: {len(some):,} answers {status}: p50 {p50:.0f} ms, p99 {p99:.0f} ms")
        print(f"  {found['broken']} broken; {found['unsent']:,} not sent, as 400 connections were at it")
        print(f"  answers again after {back:.3f} s; {server.memory():.0f} MB")

    def _expected(self, server: Server) -> dict[str, list[Any]]:
        """Return each release's own answers to the two rows."""
        found = {}
        for kind, release in self.releases.items():
            self.switch_to(kind)
            bodies = [(self.folder / f"{name}.json").read_bytes() for name in ("one", "other")]
            found[release] = [_request(server.port, body)[1]["predictions"] for body in bodies]
        return found

    def _ask(self, server: Server, expected: dict[str, list[Any]], seen: _Seen, end: float) -> None:
        """Ask in turn for two rows on one connection, and compare with the release that is named."""
        bodies = [(self.folder / f"{name}.json").read_bytes() for name in ("one", "other")]
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        turn = 0
        while time.monotonic() < end:
            turn += 1
            try:
                status, answer = _asked(line, bodies[turn % 2])
            except (OSError, http.client.HTTPException):
                seen.errors += 1
                line.close()
                continue
            seen.answers += 1
            seen.errors += status != 200
            right = status == 200 and answer["predictions"] == expected[answer["release"]][turn % 2]
            seen.mixed += status == 200 and not right


@dataclass
class _Seen:
    """What the askers of one run saw."""

    answers: int = 0
    errors: int = 0
    mixed: int = 0


@dataclass(frozen=True)
class Server:
    """A process that serves, and the seconds it took to get ready."""

    process: subprocess.Popen[bytes]
    port: int
    ready: float

    def memory(self) -> float:
        """Return the megabytes that it holds."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", text)
        return int(found.group(1)) / 1024 if found else float("nan")


@contextmanager
def _serving(command: list[str], *, path: str = "/readyz", seconds: float = 30) -> Iterator[Server]:
    """Start a server on a free port, wait until it answers, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.monotonic()
    path_of = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "PATH": path_of}
    process = subprocess.Popen(
        [*command, str(port)], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        while not _answers(port, path):
            if time.monotonic() > begun + seconds or process.poll() is not None:
                raise SystemExit(f"{command[0]} did not start")
            time.sleep(0.02)
        yield Server(process, port, time.monotonic() - begun)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _answers(port: int, path: str) -> bool:
    """Tell whether a server says anything but that it is not ready."""
    try:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        line.request("GET", path)
        return line.getresponse().status != 503
    except OSError:
        return False


def _request(port: int, body: bytes) -> tuple[int, dict[str, Any]]:
    """Ask once on a connection of its own."""
    return _asked(http.client.HTTPConnection("127.0.0.1", port, timeout=10), body)


def _asked(line: http.client.HTTPConnection, body: bytes) -> tuple[int, dict[str, Any]]:
    line.request("POST", "/prediction", body, {"Content-Type": "application/json"})
    answer = line.getresponse()
    return answer.status, json.loads(answer.read())


def _wrk(folder: Path, port: int, body: str, seconds: float, connections: int, path: str) -> Load:
    """Load a server with one body over and over."""
    done = subprocess.run(
        ["wrk", "-t", "1", "-c", str(connections), "-d", f"{max(1, round(seconds))}s", "--timeout", "10s",
         "-s", str(folder / "load.lua"), f"http://127.0.0.1:{port}{path}"],
        env={**os.environ, "BODY": str(folder / f"{body}.json")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = re.search(r"FOUND (\d+) (\d+) ([\d.]+) ([\d.]+) (\d+) (\d+)", done.stdout)
    assert found, done.stdout
    count, microseconds, p50, p99, status, broken = found.groups()
    rate = int(count) / (int(microseconds) / 1e6)
    return Load(rate, float(p50) / 1e3, float(p99) / 1e3, int(status), int(broken))


def _compare(name: str, own: Load, other: Load) -> None:
    print(f"  {name} {other}   vigil {own.rate / other.rate:.1f} x")


def _data() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return rows of 20 numbers and 5 categories, and a target that depends on both."""
    random = np.random.default_rng(0)
    data: dict[str, np.ndarray] = {name: random.normal(size=ROWS).round(4) for name in NUMBERS}
    score = sum(data[name] * (i % 5 - 2) / 4 for i, name in enumerate(NUMBERS))
    for name, levels in LEVELS.items():
        place = random.integers(len(levels), size=ROWS)
        data[name] = np.array(levels, dtype=object)[place]
        score = score + (place == 0)
    return data, (score + random.logistic(size=ROWS) > 1).astype(np.int64)


def _row(columns: dict[str, list[Any]], place: int) -> dict[str, Any]:
    return {name: cells[place] for name, cells in columns.items()}


def _config() -> dict[str, Any]:
    return {
        "name": "bench",
        "input_folder_path": "arriving",
        "output_folder_path": "ingested",
        "output_model_path": "models",
        "prod_deployment_path": "production",
        "target": "target",
    }


if __name__ == "__main__":
    main()
