"""``make cron``: the line that it adds, and what cron makes of it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import leavers

ROOT = Path(__file__).parents[2]
#: Stands in for crontab(1): keeps the lines in a file, and says what the real one says without any.
CRONTAB = """#!/bin/sh
kept="$HOME/crontab"
if [ "$1" = "-l" ]; then
    [ -f "$HOME/broken" ] && { echo "cannot open your crontab: Permission denied" >&2; exit 1; }
    [ -f "$kept" ] || { echo "no crontab for you" >&2; exit 1; }
    cat "$kept"
else
    cat > "$kept"
fi
"""


@pytest.fixture(params=["vigil", "my %1 vigil's"])
def place(request, tmp_path):
    """A project's folder with the files that the target needs, and a home with a crontab of its own."""
    folder = tmp_path / request.param
    (folder / "ops").mkdir(parents=True)
    for name in ("Makefile", "cronjob.txt", "ops/cron.py"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "fullprocess.py").symlink_to(ROOT / "fullprocess.py")
    (folder / ".venv").symlink_to(sys.prefix)
    program = tmp_path / "bin" / "crontab"
    program.parent.mkdir()
    program.write_text(CRONTAB)
    program.chmod(0o755)
    return folder


def make(place, code=0):
    """Run the target; the environment is taken to be there. Return what it said, and the crontab."""
    home = place.parent
    path = f"{home / 'bin'}:{os.environ['PATH']}"
    ended = subprocess.run(
        ["make", "--no-print-directory", "-o", ".venv/.core", "cron"],
        cwd=place,
        env={**os.environ, "HOME": str(home), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode == 0) == (code == 0), ended.stderr
    kept = home / "crontab"
    return ended.stdout + ended.stderr, kept.read_text().splitlines() if kept.exists() else []


def test_the_line_is_added_once_and_others_stay(place):
    """Again it takes the place of its own line; that of a neighbour whose name begins alike stays."""
    others = [
        "MAILTO=you",
        f"*/10 * * * * cd {place}2 && .venv/bin/python fullprocess.py --trigger cron >> logs/cron.log 2>&1",
        "0 4 * * * backup",
    ]
    (place.parent / "crontab").write_text("\n".join(others) + "\n")
    said, lines = make(place)
    assert said == f"added: {lines[-1]}\n"
    assert lines[:-1] == others
    assert make(place)[1] == lines


def test_cron_runs_a_tick_by_it(place):
    """With cron's poor environment the line runs a tick in the project's folder, and logs what it said."""
    (place / "arriving").mkdir()
    (place / "arriving" / "w-1.csv").write_text(leavers(120))
    folders = {"input_folder_path": "arriving", "output_folder_path": "ingested"}
    more = {"output_model_path": "models", "prod_deployment_path": "production", "target": "left"}
    settings = {**folders, **more, "key": "customer", "settle_seconds": 0}
    (place / "config.json").write_text(json.dumps(settings))
    (line,) = make(place)[1]
    # What cron does with a line: the times go, an escaped percent sign is one, /bin/sh runs the rest.
    command = line.split(maxsplit=5)[5].replace(r"\%", "%")
    poor = {"HOME": str(place.parent), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "you"}
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=place.parent, env=poor, capture_output=True, timeout=120, check=False
    )
    log = (place / "logs" / "cron.log").read_text()
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), log
    assert "w-1.csv: 120 of 120 rows ingested." in log


def test_a_crontab_that_cannot_be_read_is_left_alone(place):
    """It is not taken to be empty."""
    (place.parent / "crontab").write_text("0 4 * * * backup\n")
    (place.parent / "broken").touch()
    said, lines = make(place, code=2)
    assert "Permission denied. Nothing was changed." in said
    assert lines == ["0 4 * * * backup"]


def test_without_cron_another_way_is_named(place):
    """Where there is no crontab at all, the service can start the ticks."""
    command = [sys.executable, str(place / "ops" / "cron.py")]
    ended = subprocess.run(
        command, cwd=place, env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("crontab is not installed here.")
    assert "Traceback" not in ended.stderr
