"""The service: answers predictions, shows how the model does, and starts a tick every few minutes.

    python app.py [--config PATH] [--host H] [--port N] [--schedule]

It listens on this machine only, unless the environment's VIGIL_TOKEN holds 16 characters or more.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vigil.caller import note
from vigil.errors import VigilError
from vigil.project import Project
from vigil.table import durable

if TYPE_CHECKING:
    from flask import Flask

    from vigil.web.service import Service

HERE = Path(__file__).resolve().parent


def create_app(
    project: Project, *, environ: Mapping[str, str] = os.environ, host: str | None = None
) -> Flask:
    """Return the Flask application of a project.

    Raises ServiceError when `host` (by default the config's) needs a token that is absent or too short.
    """
    from vigil.web.application import build
    from vigil.web.service import open_service

    host = host or project.config.server.host
    return build(open_service(project, commands=commands(project), environ=environ, host=host))


def commands(project: Project) -> dict[str, list[str]]:
    """Return what a page may start, each as a child process under the project's own lock."""
    tick = [sys.executable, str(HERE / "fullprocess.py"), "--config", str(project.config_path)]
    back = [sys.executable, str(HERE / "deployment.py"), "--config", str(project.config_path), "--rollback"]
    return {"run": tick, "rollback": back}


def run(project: Project, *, host: str | None, port: int | None, schedule: bool) -> None:
    """Serve until told to stop; requests under way are answered first."""
    from vigil.web.application import build
    from vigil.web.server import bind
    from vigil.web.service import open_service
    from vigil.web.ticks import Ticks

    settings = project.config.server
    host = host or settings.host
    service = open_service(project, commands=commands(project), environ=os.environ, host=host)
    app = build(service)
    server = bind(app, host, settings.port if port is None else port, settings.threads)
    shown = f"[{host}]" if ":" in host else host
    print(f"Vigil serves http://{shown}:{server.effective_port}", flush=True)
    address = _note_address(project, service, shown, server.effective_port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    ticks = Ticks([*commands(project)["run"], "--trigger", "schedule"], HERE)
    try:
        if schedule:
            ticks.start(minutes=project.config.schedule)
        server.run()
    finally:
        ticks.stop()
        server.close()
        if _noted(project) == address:
            note(project).unlink(missing_ok=True)
        project.close()


def _note_address(project: Project, service: Service, shown: str, port: int) -> str:
    """Leave word where reports can ask, so that they start no second service; return the word."""
    nearest = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(shown, shown)  # noqa: S104  (only compared)
    address = json.dumps({"url": f"http://{nearest}:{port}", "instance": service.instance})
    durable.write_atomic(note(project), address.encode())
    return address


def _noted(project: Project) -> str:
    try:
        return note(project).read_text()
    except OSError:
        return ""


def _stop(_number: int, _frame: Any) -> None:
    """Leave the server's loop the way it knows."""
    raise SystemExit(0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--config", type=Path, default=Path("config.json"), help="the project's config")
    parser.add_argument("--host", help="where to listen; the config's server.host by default")
    parser.add_argument("--port", type=int, help="the port; 0 takes a free one")
    parser.add_argument("--schedule", action="store_true", help="start a tick every `schedule` minutes")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    try:
        run(Project(given.config), host=given.host, port=given.port, schedule=given.schedule)
    except VigilError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
