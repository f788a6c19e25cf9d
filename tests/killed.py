"""Ingestion in a process of its own that is killed before one of its waits for the disk."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from tests.conftest import ROOT

_CODE = """
import os, signal, sys
sys.path.insert(0, {root!r})
from pathlib import Path
import ingestion
from vigil import intake
from vigil.console import Console
from vigil.project import Project
from vigil.run import begun
intake.block_size = lambda path, memory: {size} if path.name == {large!r} else 0
waits, wait = 0, os.fsync
def fsync(handle):
    global waits
    waits += 1
    if waits == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    wait(handle)
os.fsync = fsync
project = Project(Path("config.json"), console=Console(quiet=True))
with project.locked(), begun(project, "test") as run:
    ingestion.run(project, run=run.number)
project.close()
print(waits)
"""


def ingested(site: Any, point: int, *, large: str, size: int) -> subprocess.CompletedProcess[str]:
    """Take in what is new, killed before the ``point``-th wait; 0 kills nothing and prints their count.

    The file ``large`` is read in blocks of ``size`` bytes, the others whole.
    """
    code = _CODE.format(root=str(ROOT), large=large, size=size)
    command = [sys.executable, "-c", code, str(point)]
    return subprocess.run(command, cwd=site.root, capture_output=True, text=True, check=False)
