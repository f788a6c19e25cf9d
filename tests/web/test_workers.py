from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from vigil.web.workers import GRACE

ROOT = Path(__file__).parents[2]


@contextmanager
def service(
    world: Any, *arguments: str, until_healthy: bool = True
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start app.py with arguments on a free port; yield process and address once it answers."""
    command = [
        sys.executable,
        "app.py",
        "--config",
        str(world.project.config_path),
        "--port",
        "0",
        *arguments,
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            line = child.stdout.readline().strip()
            assert line.startswith("Vigil serves "), child.communicate()
            url = line.removeprefix("Vigil serves ")
            until = time.monotonic() + 40
            while until_healthy:
                try:
                    urllib.request.urlopen(f"{url}/healthz", timeout=5).close()
                    break
                except OSError:
                    assert time.monotonic() < until
                    time.sleep(0.1)
            yield child, url
        finally:
            child.terminate()
            child.wait(20)


def ask(url: str, rows: int, sent: threading.Event | None = None) -> int:
    """Ask for predictions, say when all of the request was sent, and return how many came."""
    body = json.dumps({"rows": [{"activity": n, "segment": "north"} for n in range(rows)]}).encode()
    with closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)) as connection:
        connection.request("POST", "/prediction", body, {"Content-Type": "application/json"})
        if sent is not None:
            sent.set()
        return len(json.loads(connection.getresponse().read())["predictions"])


@pytest.mark.parametrize("runner", ["gunicorn", "granian"])
def test_a_limit_holds_for_all_workers_together(world: Any, runner: str) -> None:
    """Whichever of two processes a connection comes to, one client gets its burst and no more."""
    path = world.project.config_path
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"server": {**config.get("server", {}), "requests_per_second": 1}}))
    with service(world, "--runner", runner, "--workers", "2") as (_, url):
        begun = time.monotonic()
        statuses = [status_of(f"{url}/healthz") for _ in range(20)]
        allowed = 2 + (time.monotonic() - begun)
    assert statuses.count(200) <= allowed
    assert set(statuses) == {200, 429}


def status_of(url: str) -> int:
    """Return the status of a GET on a connection of its own."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("runner", ["gunicorn", "granian"])
def test_workers_count_together_and_stop_gracefully(world: Any, runner: str) -> None:
    """Two processes: one instance, one sum of what all have counted, and no request cut off at the end."""
    with service(world, "--runner", runner, "--workers", "2", "--log", "json") as (child, url):
        assert [ask(url, 5) for _ in range(20)] == [5] * 20
        instances = {
            json.loads(urllib.request.urlopen(f"{url}/healthz", timeout=5).read())["instance"]
            for _ in range(10)
        }
        noted = json.loads((world.project.root / ".attrition.service.json").read_text())
        assert instances == {noted["instance"]}
        text = urllib.request.urlopen(f"{url}/metrics", timeout=5).read().decode()
        assert "vigil_prediction_rows_total 100.0" in text
        assert 'vigil_release_loaded{project="attrition"} 1.0' in text
        found: list[int] = []
        sent = threading.Event()
        asking = threading.Thread(target=lambda: found.append(ask(url, 10_000, sent)))
        asking.start()
        assert sent.wait(20)
        time.sleep(0.1)
        child.send_signal(signal.SIGTERM)
        asking.join(30)
        assert child.wait(40) == 0
        assert found == [10_000]
    assert not (world.project.root / ".attrition.service.json").exists()


@pytest.mark.parametrize("delay", [0.3, 1.0])
def test_granian_stops_while_it_starts(world: Any, delay: float) -> None:
    """Told to stop before its processes serve, it is gone in seconds, and not after the time of grace."""
    with service(world, "--runner", "granian", "--workers", "2", until_healthy=False) as (child, _):
        time.sleep(delay)
        begun = time.monotonic()
        child.send_signal(signal.SIGTERM)
        assert child.wait(40) == 0
        assert time.monotonic() - begun < GRACE / 2


def test_chunked_bodies_are_read_by_every_runner(world: Any) -> None:
    """A body without a length is answered, and one without an end in sight refused."""
    for runner in ("waitress", "gunicorn", "granian"):
        with service(world, "--runner", runner) as (_, url):
            for parts, status in (
                ([b'{"rows": [{"activity"', b": 3}]}"], 200),
                ([b"x" * 65536] * 20, 413),
            ):
                connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
                headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
                try:
                    connection.request("POST", "/prediction", iter(parts), headers, encode_chunked=True)
                    assert connection.getresponse().status == status, runner
                except (BrokenPipeError, ConnectionResetError):
                    assert status == 413, runner
                connection.close()


def test_gunicorn_turns_malformed_requests_away_in_plain_lines(world: Any) -> None:
    """Chunks that are none and heads that are none get a 400, and one line of the log without a traceback."""
    head = b"POST /prediction HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    malformed = [
        head + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n",
        head + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n",
        head + b"Content-Length: +2\r\n\r\n{}",
    ]
    with service(world, "--runner", "gunicorn", "--log", "json") as (child, url):
        host, _, port = url.removeprefix("http://").partition(":")
        for content in malformed:
            with closing(socket.create_connection((host, int(port)), timeout=20)) as connection:
                connection.sendall(content)
                assert connection.recv(12) == b"HTTP/1.1 400"
        child.terminate()
        lines = child.communicate()[1].splitlines()
    said = [json.loads(line) for line in lines]
    assert "Invalid HTTP Header" in next(line["what"] for line in said if line["from"] == "gunicorn.error")
    assert not [line for line in said if "trace" in line]


def test_granian_says_so_when_there_is_no_room(world: Any) -> None:
    """Of many large requests at once some get 503 with a Retry-After, the others their answers."""
    body = json.dumps({"rows": [{"activity": n, "segment": "north"} for n in range(10_000)]}).encode()
    found: list[tuple[int, str | None]] = []

    def asked(url: str) -> None:
        request = urllib.request.Request(f"{url}/prediction", body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                found.append((answer.status, None))
        except urllib.error.HTTPError as refused:
            found.append((refused.code, refused.headers["Retry-After"]))

    with service(world, "--runner", "granian") as (_, url):
        askers = [threading.Thread(target=asked, args=(url,)) for _ in range(60)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        assert set(found) == {(200, None), (503, "1")}
        assert ask(url, 5) == 5


def test_only_one_process_starts_ticks(world: Any) -> None:
    """With a schedule and two workers, one tick runs at once, and not two."""
    settings = json.loads(world.project.config_path.read_text())
    (world.project.root / settings["input_folder_path"]).mkdir(exist_ok=True)
    before = len(world.project.ledger.runs.latest(limit=50))
    with service(world, "--runner", "gunicorn", "--workers", "2", "--schedule"):
        until = time.monotonic() + 40
        while len(world.project.ledger.runs.latest(limit=50)) == before and time.monotonic() < until:
            time.sleep(0.2)
        time.sleep(2)
    assert len(world.project.ledger.runs.latest(limit=50)) == before + 1


def test_waitress_has_one_process(world: Any) -> None:
    """Said in words, with what to use instead."""
    command = [sys.executable, "app.py", "--config", str(world.project.config_path), "--workers", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, env=dict(os.environ))
    assert (done.returncode, "gunicorn" in done.stderr) == (1, True)
