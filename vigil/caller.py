"""Asking the project's own service: the one that runs already, else one started for as long as needed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vigil.access import secret
from vigil.errors import ServiceError
from vigil.project import Project

#: Seconds that an answer may take.
PATIENCE = 60


class Caller:
    """Asks one service for its answers."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Accept": "application/json"}
        self._headers |= {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str) -> dict[str, Any]:
        """Return an endpoint's JSON. Raises ServiceError when it does not answer with one."""
        import urllib.request  # late: a service that starts imports this file for a name alone

        request = urllib.request.Request(self._url + path, headers=self._headers)  # noqa: S310 — our own http URL
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                found: dict[str, Any] = json.loads(answer.read())
                return found
        except (OSError, ValueError) as error:
            hint = "Start it with: python app.py"
            raise ServiceError(f"{path} was not answered ({error}).", where=self._url, hint=hint) from error


@contextmanager
def service(project: Project) -> Iterator[Caller]:
    """Yield a caller of the project's service."""
    running = _running(project)
    if running is not None:
        yield running
        return
    with _started(project) as url:
        yield Caller(url, _token(project))


def note(project: Project) -> Path:
    """Return where a running service of the project notes its address."""
    return project.root / f".{project.name}.service.json"


def _running(project: Project) -> Caller | None:
    """Return a caller of the service that noted its address, if it answers."""
    try:
        noted = json.loads(note(project).read_text())
        alive = Caller(noted["url"]).get("/healthz")  # without the token: somebody else may be there
        return Caller(noted["url"], _token(project)) if alive.get("instance") == noted["instance"] else None
    except (OSError, ValueError, KeyError, ServiceError):
        return None


@contextmanager
def _started(project: Project) -> Iterator[str]:
    """Start ``app.py`` on a free loopback port; end it afterwards."""
    app = Path(__file__).parent.parent / "app.py"
    command = [sys.executable, str(app), "--config", str(project.config_path)]
    command += ["--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:  # noqa: S603
        try:
            assert child.stdout is not None  # noqa: S101 — it is a pipe
            line = child.stdout.readline()
            if "http://" not in line:
                child.kill()
                _, told = child.communicate()
                raise ServiceError(f"did not start: {told.strip() or line.strip()}", where="app.py")
            yield line[line.index("http://") :].split()[0]
        finally:
            child.terminate()


def _token(project: Project) -> str:
    """Return the token of the project's own questions, which no person has to hand over."""
    return secret.inner_token(secret.load(secret.place(project.root, project.name)))
