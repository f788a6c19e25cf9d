"""What every endpoint is handed: the project, the live release, the commands, who may ask."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from vigil.access import secret
from vigil.access.keyring import Holder, Keyring
from vigil.access.tokens import SHORTEST, digest_of
from vigil.batches.merged import MergedProfiles
from vigil.errors import ServiceError
from vigil.predictions.writer import PredictionLog
from vigil.project import Project
from vigil.serving import Compiled
from vigil.web import unasked
from vigil.web.children import Children
from vigil.web.limits import Limiter, SharedBuckets
from vigil.web.live import LiveRelease
from vigil.web.sessions import Sessions
from vigil.web.traffic import Traffic
from vigil.web.trial import Silent, TrialRelease

#: Names by which a machine calls itself.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

#: Where the environment names the folder of what worker processes count together.
LIMITS = "VIGIL_LIMITS"

#: Wrong tokens from one address: so many at once, then one in so many seconds.
GUESSES, GUESS_EVERY = 20, 5.0


@dataclass(slots=True)
class Service:
    """One project's service.

    ``trial`` is the release that is tried beside the live one, ``silent`` the thread for answers that nobody
    waits for. ``commands`` maps what a page may start to the argument list of a child process. ``keyring``
    knows who may ask, ``sessions`` who has logged in; ``rates`` and ``guesses`` say how often; ``traffic``
    counts; ``waiting`` says how many requests wait. ``instance`` names this service, its worker processes
    included, so that a report never asks another one on the same port.
    """

    project: Project
    live: LiveRelease
    trial: TrialRelease
    silent: Silent
    profiles: MergedProfiles
    keyring: Keyring
    sessions: Sessions
    children: Children
    rates: Limiter
    guesses: Limiter
    traffic: Traffic
    waiting: Callable[[], int | None] = lambda: None
    hosts: frozenset[str] = LOOPBACK
    instance: str = field(default_factory=lambda: uuid.uuid4().hex)
    log: PredictionLog | None = None

    def is_quick(self) -> bool:
        """Tell whether a small prediction needs no release to be loaded, no ledger and no other process."""
        trial = self.trial.current()
        is_compiled = trial is None or isinstance(trial.loaded.answerer, Compiled)
        return is_compiled and self.live.is_quick and self.keyring.is_fresh


def open_service(
    project: Project,
    *,
    commands: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    host: str,
    folder: Path | None = None,
) -> Service:
    """Open what the endpoints need, the ledger included; commands run in `folder`.

    ``environ`` may hold VIGIL_LIMITS, a folder for what its worker processes count together, VIGIL_TOKEN, and
    VIGIL_HOSTS (names, separated by commas, under which the
    service may be called). Raises ServiceError when that token is too short, or when there is no valid
    one where `host` can be reached from other machines; LedgerError when the ledger cannot be opened.
    """
    own = secret.load(secret.place(project.root, project.name))
    keyring = _keyring(project, environ.get("VIGIL_TOKEN"), own, host)
    named = {name.strip().lower() for name in environ.get("VIGIL_HOSTS", "").split(",")}
    hosts = (LOOPBACK | named | {host.lower()}) - {"", "0.0.0.0", "::"}  # noqa: S104  (refused as names)
    rate = project.config.server.requests_per_second
    return Service(
        project=project,
        live=LiveRelease(project.production, project.models, partial(unasked.of, project)),
        trial=TrialRelease(project.production, project.models, project.output, partial(unasked.of, project)),
        silent=Silent(),
        profiles=MergedProfiles(project.ledger, project.output),
        keyring=keyring,
        sessions=Sessions(own),
        children=Children(commands, folder or project.root),
        rates=Limiter(rate, 2 * rate, buckets=_shared(environ, "rates")),
        guesses=Limiter(1 / GUESS_EVERY, GUESSES, buckets=_shared(environ, "guesses")),
        traffic=Traffic(),
        hosts=hosts,
        instance=environ.get("VIGIL_INSTANCE") or uuid.uuid4().hex,
        log=_log(project),
    )


def _shared(environ: Mapping[str, str], name: str) -> SharedBuckets | None:
    """Return the buckets that worker processes share, None where there is but one process."""
    folder = environ.get(LIMITS)
    return SharedBuckets(Path(folder) / name) if folder else None


def _log(project: Project) -> PredictionLog | None:
    """Return where answers are written down, None when the config wants none."""
    settings = project.config.predictions
    if not settings.log:
        return None
    return PredictionLog(
        project.output / "predictions" / "segments",
        hashed=settings.features == "hashed",
        most_bytes=settings.most_waiting_mb * 2**20,
    )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _keyring(project: Project, token: str | None, own: bytes, host: str) -> Keyring:
    """Return who may ask. Raises ServiceError when what there is protects too little."""
    hint = f"Make one: python app.py token add NAME --role admin. Or set VIGIL_TOKEN, {SHORTEST} characters."
    if token is not None and len(token.strip()) < SHORTEST:
        what = "VIGIL_TOKEN is too short to protect anything."
        raise ServiceError(what, where="service", hint=f"{hint} Or unset it on a loopback address.")
    inner = secret.inner_token(own)
    fixed = {inner: Holder("reports", "reports", "read")}
    if token is not None:
        fixed[token.strip()] = Holder(f"environment-{digest_of(token)[:12]}", "VIGIL_TOKEN", "admin")
    keyring = Keyring(project.ledger.tokens, project.clock, fixed, inner)
    if not keyring.has_valid and not is_loopback(host):
        what = f"will not listen on {host} without a token: other machines could reach it."
        raise ServiceError(what, where="service", hint=hint)
    return keyring
