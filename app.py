"""The service: answers predictions, shows how the model is doing, and starts a tick every few minutes.

    python app.py [--config PATH] [--host H] [--port N] [--schedule]
    python app.py token add NAME --role read|predict|admin [--days N]
    python app.py token list
    python app.py token revoke NAME

It listens on this machine only, unless a token was made, or is in the environment's VIGIL_TOKEN.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vigil.caller import note
from vigil.command import perform
from vigil.console import person, runnable
from vigil.errors import ServiceError, VigilError
from vigil.project import Project
from vigil.storage import durable

if TYPE_CHECKING:
    from flask import Flask

    from vigil.web.service import Service
    from vigil.web.ticks import Watch

#: Seconds after which a thread lets others go on; shorter than usual, so that the one which reads requests
#: and sends answers need not wait for those that make them.
SWITCH = 0.0002

HERE = Path(__file__).resolve().parent


def create_app(
    project: Project, *, environ: Mapping[str, str] = os.environ, host: str | None = None
) -> Flask:
    """Return the Flask application of a project.

    Raises ServiceError when `host` (by default the config's) needs a token that is absent or too short.
    """
    from vigil.web.application import build

    return build(_service(project, host or project.config.server.host, environ))


def _service(project: Project, host: str, environ: Mapping[str, str] = os.environ) -> Service:
    """Open what the endpoints of a project need."""
    from vigil.web.service import open_service

    return open_service(project, commands=commands(project), environ=environ, host=host, folder=HERE)


def commands(project: Project) -> dict[str, list[str]]:
    """Return what a page may start, each as a child process under the project's own lock.

    The last four are given the id of a fault.
    """
    config = ["--config", str(project.config_path)]
    tick = [sys.executable, str(HERE / "fullprocess.py"), *config]
    switch = [sys.executable, str(HERE / "deployment.py"), *config]
    settle = [sys.executable, str(HERE / "diagnostics.py"), *config]
    return {
        "run": [*tick, "--trigger", "page"],
        "pause": [*tick, "--pause"],
        "resume": [*tick, "--resume"],
        "rollback": [*switch, "--rollback"],
        "acknowledge": [*switch, "--acknowledge"],
        "repair": [*settle, "--apply", "--fix"],
        "dismiss": [*settle, "--dismiss"],
        "confirm": [*settle, "--confirm"],
        "undo": [*settle, "--undo"],
    }


def watcher(project: Project) -> Watch:
    """Return what looks whether ticks go on."""
    from vigil.web.ticks import Watch

    command = [sys.executable, str(HERE / "alerting.py"), "--config", str(project.config_path), "--watch"]
    return Watch(command, HERE)


def run(project: Project, options: argparse.Namespace) -> None:
    """Serve until told to stop; requests under way are answered first. Only this process starts ticks."""
    from vigil.web import logs
    from vigil.web.following import Following
    from vigil.web.ticks import Ticks
    from vigil.web.workers import LOG

    settings = project.config.server
    os.environ[LOG] = options.log or settings.log  # worker processes write in the same way
    logs.configure(os.environ[LOG])
    kind, workers = options.runner or settings.runner, options.workers or settings.workers
    host = options.host or settings.host
    port = settings.port if options.port is None else options.port
    if kind == "waitress" and workers > 1:
        hint = "Add --runner gunicorn, or granian."
        raise ServiceError("Waitress runs as one process only.", where="service", hint=hint)
    ticks = Ticks([*commands(project)["run"], "--trigger", "schedule"], HERE)
    watch, following = watcher(project), Following(project)
    following.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    serving = _one if kind == "waitress" else _several
    with serving(project, host, port, kind, workers) as (address, serve):
        try:
            gc.enable()
            if options.schedule:
                ticks.start(minutes=project.config.schedule)
            if project.config.alerts:
                watch.start()
            serve()
        finally:
            ticks.stop()
            watch.stop()
            following.stop()
            if _noted(project) == address:
                note(project).unlink(missing_ok=True)
    project.close()


@contextmanager
def _one(project: Project, host: str, port: int, *_: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Serve from this process."""
    from vigil.web.application import build
    from vigil.web.server import bind

    service = _service(project, host)
    server = bind(build(service), host, port, project.config.server.threads, service.traffic)
    service.waiting = lambda: len(server.task_dispatcher.queue)
    sys.setswitchinterval(SWITCH)
    gc.freeze()  # what is here stays; to search it for rubbish again and again would hold requests up
    try:
        yield _announce(project, host, server.effective_port, service.instance), server.run
    finally:
        server.close()
        if service.log is not None:
            service.log.close()


@contextmanager
def _several(
    project: Project, host: str, port: int, kind: str, count: int
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Serve from several worker processes, each of which builds the application anew."""
    from vigil.web.workers import CONFIG, HOST, INSTANCE, Workers

    # Once here: a ledger out of reach, or a missing token, is said before anything is started.
    service = _service(project, host)
    threads = project.config.server.threads
    if service.log is not None:
        service.log.close()  # each worker process has its own
    workers = Workers(kind, host=host, port=port, workers=count, threads=threads, folder=HERE)
    told = {CONFIG: str(project.config_path), HOST: host, INSTANCE: service.instance}
    try:
        workers.start({**os.environ, **told})
        yield _announce(project, host, workers.port, service.instance), workers.wait
    finally:
        workers.stop()


def worker() -> Flask:
    """Return the application of a worker process, told by the environment what it belongs to."""
    from vigil.web import logs
    from vigil.web.application import build
    from vigil.web.punctual import Punctual
    from vigil.web.workers import CONFIG, HOST, LOG

    project, host = Project(Path(os.environ[CONFIG])), os.environ[HOST]
    logs.configure(os.environ.get(LOG) or project.config.server.log)
    service = _service(project, host)
    if service.log is not None:
        atexit.register(service.log.close)
    app, threads = build(service), project.config.server.threads
    app.wsgi_app = Punctual(app.wsgi_app, service.traffic, threads)  # type: ignore[method-assign]
    return app


def _announce(project: Project, host: str, port: int, instance: str) -> str:
    """Say where it listens, and leave word of it."""
    shown = f"[{host}]" if ":" in host else host
    print(f"Vigil serves http://{shown}:{port}", flush=True)
    return _note_address(project, instance, shown, port)


def _note_address(project: Project, instance: str, shown: str, port: int) -> str:
    """Leave word where reports can ask, so that they start no second service; return the word."""
    nearest = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(shown, shown)  # noqa: S104  (only compared)
    address = json.dumps({"url": f"http://{nearest}:{port}", "instance": instance})
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


def manage_tokens(project: Project, options: argparse.Namespace) -> None:
    """Make a token and show it once, list them, or take one back; each is written into the audit log."""
    from vigil.access import tokens

    ledger, who = project.ledger, person()
    if options.act == "add":
        made = (ledger.tokens, options.name, options.role)
        number, token = tokens.add(*made, days=options.days, clock=project.clock)
        ledger.audits.add(
            who=who, what="token add", outcome="done", details=f"{options.name}, {options.role}"
        )
        project.console.say(f"{token}")
        print(f"It is token {number}, and is not shown again.", file=sys.stderr)
    elif options.act == "revoke":
        row = tokens.revoke(ledger.tokens, options.name, project.clock)
        ledger.audits.add(who=who, what="token revoke", outcome="done", details=row["name"])
        project.console.say(f"{row['name']} ({row['id']}) is revoked.")
    else:
        shown = ("id", "role", "created", "expires", "last_used")
        project.console.say(f"{'id':10}{'role':9}{'created':22}{'expires':22}{'last used':22}state    name")
        for row in ledger.tokens.all():
            cells = [str(row[key] or "never")[:19] for key in shown]
            state = tokens.state(row, project.clock())
            widths = (10, 9, 22, 22, 22)
            line = "".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True))
            project.console.say(f"{line}{state:9}{row['name']}")


def token_command(arguments: Sequence[str]) -> int:
    """Read the command line of ``token`` and act."""
    parser = argparse.ArgumentParser(prog="app.py token", description="Make, list and take back tokens.")
    acts = parser.add_subparsers(dest="act", required=True)
    for act, text in (("add", "make one"), ("list", "list them"), ("revoke", "take one back")):
        command = acts.add_parser(act, help=text, description=f"Tokens: {text}.")
        command.add_argument("--config", default="config.json", help="the project's config")
        if act != "list":
            command.add_argument("name", help="whose it is" if act == "add" else "its name or id")
        if act == "add":
            command.add_argument("--role", choices=["read", "predict", "admin"], required=True)
            command.add_argument("--days", type=float, help="it ends after so many days; never by default")
    return perform(manage_tokens, parser.parse_args(arguments))


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and serve, or manage tokens."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["token"]:
        return token_command(arguments[1:])
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").splitlines()[0],
        epilog="python app.py token --help tells about tokens: add, list, revoke [--role, --days].",
    )
    parser.add_argument("--config", type=Path, default=Path("config.json"), help="the project's config")
    parser.add_argument("--host", help="where to listen; the config's server.host by default")
    parser.add_argument("--port", type=int, help="the port; 0 takes a free one")
    parser.add_argument("--schedule", action="store_true", help="start a tick every `schedule` minutes")
    parser.add_argument("--workers", type=int, help="worker processes, with gunicorn or granian")
    parser.add_argument("--runner", choices=["waitress", "gunicorn", "granian"], help="what serves")
    parser.add_argument("--log", choices=["text", "json"], help="how the log is written")
    given = parser.parse_args(arguments)
    gc.disable()  # until it serves: nothing that a start makes is rubbish, and to search it takes time
    try:
        run(Project(given.config), given)
    except VigilError as error:
        print(runnable(str(error), given.config), file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
