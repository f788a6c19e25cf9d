from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import app
from vigil.ledger import glance
from vigil.web.ticks import Watch


def test_the_watch_looks_again_and_again_and_stops(tmp_path: Path) -> None:
    """In child processes, one at a time; one that fails does not end it."""
    seen = tmp_path / "seen"
    code = f"open({str(seen)!r}, 'a').write('x'); raise SystemExit(1)"
    watch = Watch([sys.executable, "-c", code], tmp_path, every=0.3)
    watch.start()
    until = time.monotonic() + 20
    while not (seen.exists() and len(seen.read_text()) > 1) and time.monotonic() < until:
        time.sleep(0.05)
    watch.stop()
    assert len(seen.read_text()) > 1
    time.sleep(1)
    count = len(seen.read_text())
    time.sleep(1)
    assert len(seen.read_text()) == count


def test_the_services_watch_tells_that_ticks_have_stopped(world: Any) -> None:
    """The real command, on the project's own config."""
    project = world.project
    settings = json.loads(project.config_path.read_text())
    settings["alerts"] = {"channels": {"log": {"kind": "file", "path": "told.jsonl"}}}
    project.config_path.write_text(json.dumps(settings))
    mark = glance.mark(project.config_path)
    mark.touch()
    os.utime(mark, (1, 1))
    watch = app.watcher(project)
    watch._every = 0.1
    watch.start()
    told, until = project.root / "told.jsonl", time.monotonic() + 60
    while not (told.exists() and "Ticks have stopped." in told.read_text()) and time.monotonic() < until:
        time.sleep(0.1)
    watch.stop()
    assert "Ticks have stopped." in told.read_text()
