"""Lets the driver tell one story, cut off at a few points."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def told(made: Path, scratch: Path, name: str, count: int) -> list[dict[str, Any]]:
    """Return what became of each point at which a story was cut off."""
    command = [sys.executable, HERE / "driver.py", made, scratch, name, count]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()][1:]
