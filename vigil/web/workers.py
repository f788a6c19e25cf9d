"""Several worker processes under Gunicorn or Granian, with the same limits and numbers that add up."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from vigil.errors import ServiceError
from vigil.web.admission import WAITING
from vigil.web.punctual import REFUSING
from vigil.web.service import LIMITS

#: What the worker processes are told by the one that starts them.
CONFIG, HOST, INSTANCE, LOG = "VIGIL_CONFIG", "VIGIL_HOST", "VIGIL_INSTANCE", "VIGIL_LOG"

#: Connections that wait in the system's queue; further ones are refused.
BACKLOG = 1024

#: Connections that a Gunicorn process takes up beyond those that its threads are at. The others wait in the
#: system's queue, and the shorter this is, the sooner those that are taken up are answered.
TAKEN_UP = 32

#: Granian's threads beyond those at work. It does not say how long a request has waited, so that requests
#: wait for their turn in the application, which turns away those for which there is no room.
ROOM = WAITING + REFUSING

#: Seconds that requests under way may take after the service was told to stop.
GRACE = 30

#: Seconds after which those who are to stop, and have not, are told so again.
AGAIN = 0.5


class Workers:
    """A server with several worker processes, as one child process of ours."""

    def __init__(self, kind: str, *, host: str, port: int, workers: int, threads: int, folder: Path) -> None:
        if find_spec(kind) is None:
            hint = "Install it with the extra: pip install '.[servers]'"
            raise ServiceError(f"{kind} is not installed.", where="service", hint=hint)
        self.port = port or free_port(host)
        address = (host, self.port)
        make = {"gunicorn": _gunicorn, "granian": _granian}[kind]
        self._command = [sys.executable, "-m", kind, *make(*address, workers, threads)]
        self._folder = folder
        self._forgets = kind == "granian"
        self._numbers = Path(tempfile.mkdtemp(prefix="vigil-metrics-"))
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, environ: Mapping[str, str]) -> None:
        """Start the server; the folder of numbers is empty, so that nothing of an earlier run is counted."""
        told = {**environ, "PROMETHEUS_MULTIPROC_DIR": str(self._numbers), LIMITS: str(self._numbers)}
        self._child = subprocess.Popen(  # noqa: S603  (a server of ours, by our own interpreter)
            self._command, cwd=self._folder, env=told, process_group=0
        )

    def wait(self) -> int:
        """Wait until the server has ended; return its exit code."""
        assert self._child is not None  # noqa: S101  (`start` comes first)
        return self._child.wait()

    def stop(self) -> None:
        """Let requests under way be answered, then end the server, and forget its numbers."""
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            if not self._ends(self._child):
                os.killpg(self._child.pid, signal.SIGKILL)
        shutil.rmtree(self._numbers, ignore_errors=True)

    def _ends(self, child: subprocess.Popen[bytes]) -> bool:
        """Wait for the end of a server that was told to stop; tell whether it came in time.

        A process of Granian's that has not begun to serve forgets that it was to stop, and is told again.
        """
        until = time.monotonic() + GRACE + 5
        while time.monotonic() < until:
            with suppress(subprocess.TimeoutExpired):
                child.wait(AGAIN if self._forgets else GRACE + 5)
                return True
            if self._forgets:
                os.killpg(child.pid, signal.SIGTERM)
        return False


def free_port(host: str) -> int:
    """Return a port that nothing listens on just now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _gunicorn(host: str, port: int, workers: int, threads: int) -> list[str]:
    shown = f"[{host}]" if ":" in host else host
    return [
        "app:worker()", "--bind", f"{shown}:{port}", "--workers", str(workers), "--threads", str(threads),
        "--worker-class", "gthread", "--backlog", str(BACKLOG), "--graceful-timeout", str(GRACE),
        "--worker-connections", str(threads + TAKEN_UP),
        "--timeout", "60", "--keep-alive", "2", "--log-level", "warning", "--limit-request-line", "8190",
        "--worker-tmp-dir", "/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir(),  # noqa: S108, PTH112
    ]  # fmt: skip


def _granian(host: str, port: int, workers: int, threads: int) -> list[str]:
    return [
        "app:worker", "--factory", "--interface", "wsgi", "--host", host, "--port", str(port), "--no-ws",
        "--workers", str(workers), "--blocking-threads", str(threads + ROOM), "--backlog", str(BACKLOG),
        "--backpressure", str(threads + ROOM), "--log-level", "warning",
        "--workers-kill-timeout", str(GRACE),
    ]  # fmt: skip
