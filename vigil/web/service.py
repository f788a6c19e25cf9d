"""What every endpoint is handed: the project, the live release, the commands, who may ask."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vigil.errors import ServiceError
from vigil.project import Project
from vigil.web.live import LiveRelease
from vigil.web.merged import MergedProfiles

#: A shorter token could be guessed.
SHORTEST_TOKEN = 16

#: Names by which a machine calls itself.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Service:
    """One project's service.

    ``commands`` maps what a page may start to the argument list of a child process; nothing in the
    web room starts one yet. ``token`` None lets everyone in who can reach the port. ``instance`` names this
    process's service, so that a report never asks another one on the same port.
    """

    project: Project
    live: LiveRelease
    profiles: MergedProfiles
    commands: Mapping[str, Sequence[str]] = field(default_factory=dict)
    token: str | None = None
    hosts: frozenset[str] = LOOPBACK
    instance: str = field(default_factory=lambda: uuid.uuid4().hex)


def open_service(
    project: Project, *, commands: Mapping[str, Sequence[str]], environ: Mapping[str, str], host: str
) -> Service:
    """Open what the endpoints need, the ledger included.

    ``environ`` may hold VIGIL_TOKEN and VIGIL_HOSTS (names, separated by commas, under which the
    service may be called). Raises ServiceError when the token is too short, or absent where `host`
    can be reached from other machines; LedgerError when the ledger cannot be opened.
    """
    token = _token(environ.get("VIGIL_TOKEN"), host)
    named = {name.strip().lower() for name in environ.get("VIGIL_HOSTS", "").split(",")}
    hosts = (LOOPBACK | named | {host.lower()}) - {"", "0.0.0.0", "::"}  # noqa: S104  (refused as names)
    profiles = MergedProfiles(project.ledger)  # opens the ledger before the first request
    live = LiveRelease(project.production, project.models, _expected(project))
    return Service(project, live, profiles, commands, token, hosts)


def _expected(project: Project) -> frozenset[str]:
    """Return the columns that a row may hold although no model looks at them."""
    config = project.config
    return frozenset({config.target, *config.key, *config.ignore, *([config.time] if config.time else [])})


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _token(token: str | None, host: str) -> str | None:
    """Return the token that is asked for. Raises ServiceError when it protects too little."""
    hint = f"Set the environment's VIGIL_TOKEN to {SHORTEST_TOKEN} characters or more."
    if token is not None and len(token.strip()) < SHORTEST_TOKEN:
        what = "VIGIL_TOKEN is too short to protect anything."
        raise ServiceError(what, where="service", hint=f"{hint} Or unset it on a loopback address.")
    if token is None and not is_loopback(host):
        what = f"will not listen on {host} without a token: other machines could reach it."
        raise ServiceError(what, where="service", hint=hint)
    return token
