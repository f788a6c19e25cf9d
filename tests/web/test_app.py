from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from app import commands
from vigil.web.ticks import Ticks

ROOT = Path(__file__).parents[2]


@contextmanager
def service(world: Any, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start app.py on a free port; yield the process and its address."""
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
        assert child.stdout is not None
        line = child.stdout.readline().strip()
        assert line.startswith("Vigil serves http://127.0.0.1:"), line or child.communicate()
        try:
            yield child, line.removeprefix("Vigil serves ")
        finally:
            child.kill()


def test_it_says_where_and_stops_when_told(world: Any) -> None:
    """The line names the port, the address is noted for reports, and SIGTERM ends it with status 0."""
    note = world.project.root / ".attrition.service.json"
    with service(world) as (child, url):
        with urllib.request.urlopen(f"{url}/readyz", timeout=10) as answer:
            assert json.loads(answer.read())["release"] == world.ids["second"]
        noted = json.loads(note.read_text())
        with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
            assert noted == {"url": url, "instance": json.loads(answer.read())["instance"]}
        child.send_signal(signal.SIGTERM)
        assert child.wait(10) == 0
    assert not note.exists()


def test_a_compiled_release_answers_without_the_training_libraries(world: Any) -> None:
    """Started and asked for a prediction and every page, the process has no scikit-learn and no pandas."""
    code = """
import sys
from pathlib import Path
from app import create_app
from vigil.project import Project
client = create_app(Project(Path(sys.argv[1])), environ={}).test_client()
found = client.post('/prediction', json={'rows': [{'activity': 3, 'segment': 'north'}]}).json
assert found['answered_by'] == 'compiled', found
for path in ('/', '/scoring', '/summarystats', '/diagnostics', '/runs/2', '/models', '/metrics'):
    assert client.get(path).status_code == 200, path
heavy = ('sklearn', 'pandas', 'scipy', 'pyarrow', 'matplotlib', 'deltalake', 'boto3')
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(world.project.config_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_it_does_not_listen_to_others_without_a_token(world: Any) -> None:
    """The refusal is one sentence and a hint, and no traceback."""
    command = [sys.executable, "app.py", "--config", str(world.project.config_path), "--host", "0.0.0.0"]
    environ = {key: value for key, value in os.environ.items() if key != "VIGIL_TOKEN"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environ, timeout=30)
    assert done.returncode == 1
    assert "VIGIL_TOKEN" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_config_is_said_in_words(tmp_path: Path) -> None:
    """Status 2 and a hint."""
    command = [sys.executable, "app.py", "--config", str(tmp_path / "none.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_a_request_under_way_is_answered_before_it_stops(world: Any) -> None:
    """SIGTERM while 10,000 rows are being answered: the answer arrives whole."""
    rows = json.dumps({"rows": [{"activity": n, "segment": "north"} for n in range(10_000)]}).encode()
    found: list[int] = []
    sent = threading.Event()

    def ask(url: str) -> None:
        with closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)) as connection:
            connection.request("POST", "/prediction", rows, {"Content-Type": "application/json"})
            sent.set()
            found.append(len(json.loads(connection.getresponse().read())["predictions"]))

    with service(world) as (child, url):
        urllib.request.urlopen(f"{url}/readyz", timeout=10).close()
        asking = threading.Thread(target=ask, args=(url,))
        asking.start()
        assert sent.wait(20)
        time.sleep(0.03)
        child.send_signal(signal.SIGTERM)
        asking.join(20)
        assert child.wait(10) == 0
    assert found == [10_000]


def test_commands_name_files_that_exist(world: Any) -> None:
    """What a page may start is this project's own steps on this config."""
    for command in commands(world.project).values():
        assert Path(command[1]).is_file()
        assert str(world.project.config_path) in command


def test_ticks_start_at_once_and_never_two_at_a_time(tmp_path: Path) -> None:
    """The first tick starts without waiting; stopping ends it."""
    log = tmp_path / "log"
    code = f"import time; open({str(log)!r}, 'a').write('x'); time.sleep(60)"
    ticks = Ticks([sys.executable, "-c", code], tmp_path)
    ticks.start(minutes=1)
    until = time.monotonic() + 10
    while not log.exists() and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.2)
    assert log.read_text() == "x"
    begun = time.monotonic()
    ticks.stop()
    assert time.monotonic() - begun < 5


def test_the_example_client_is_answered(world: Any, tmp_path: Path) -> None:
    """It sends a file, prints an answer for each row, and names the request."""
    rows = tmp_path / "rows.csv"
    rows.write_text("activity,segment\n3,north\n60,south\n")
    with service(world) as (_, url):
        code = (ROOT / "examples/client.py").read_text().replace("http://127.0.0.1:8000", url)
        (tmp_path / "client.py").write_text(code)
        done = subprocess.run(
            [sys.executable, tmp_path / "client.py", rows], capture_output=True, text=True, timeout=30
        )
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2), done.stderr
    assert world.ids["second"] in done.stderr
