"""The release that answers: followed through the pointer, swapped whole, kept when the next is damaged."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vigil import bundles
from vigil.bundles import pointer
from vigil.contract.rows import RowReader
from vigil.errors import BundleError
from vigil.models.answer import Answerer, open_served
from vigil.serving import Compiled
from vigil.web.regular import Regular
from vigil.web.unasked import Unasked

#: How long a release that could not be loaded is left alone before it is tried again.
RETRY_SECONDS = 5.0

Stamp = tuple[int, int, int] | None

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A release in memory, complete; ``kept`` are fields written down that it does not look at."""

    id: str
    task: str
    answerer: Answerer
    reader: RowReader
    regular: Regular
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one request answers from.

    ``wanted`` is the release that the pointer names. ``loaded`` is another one, or None, when that
    could not be loaded; ``notice`` then says why.
    """

    loaded: Loaded | None = None
    wanted: str | None = None
    notice: str | None = None

    @property
    def release(self) -> str | None:
        """The release that answers, else the one that should."""
        return self.loaded.id if self.loaded else self.wanted


@dataclass(frozen=True, slots=True)
class _Seen:
    """A snapshot with the pointer's stamp that it was made for, and when it is worth another try."""

    stamp: Stamp
    snapshot: Snapshot
    retry_at: float = float("inf")


class LiveRelease:
    """Holds the live release, and takes up a new one at the first request after the switch."""

    def __init__(self, production: Path, models: Path, beside: Callable[[], Unasked]) -> None:
        """Follow the pointer in ``production``; ``beside`` says what a row may hold besides features."""
        self._production = production
        self._pointer = str(production / pointer.NAME)  # put together once: every request looks at it
        self._models = models
        self._beside = beside
        self._lock = threading.Lock()
        self._seen: _Seen | None = None

    def snapshot(self) -> Snapshot:
        """Return what to answer from.

        While a new release is being loaded, requests go on with the one before it.
        """
        seen = self._seen
        if seen is not None and self._is_current(seen):
            return seen.snapshot
        if not self._lock.acquire(blocking=seen is None):
            assert seen is not None  # noqa: S101  (only then the lock is not waited for)
            return seen.snapshot
        try:
            if self._seen is None or not self._is_current(self._seen):
                self._seen = self._look()
            return self._seen.snapshot
        finally:
            self._lock.release()

    @property
    def is_quick(self) -> bool:
        """Whether a compiled release is in memory and still the live one: nothing has to be waited for."""
        seen = self._seen
        loaded = seen.snapshot.loaded if seen and self._is_current(seen) else None
        return loaded is not None and isinstance(loaded.answerer, Compiled)

    def _is_current(self, seen: _Seen) -> bool:
        return seen.stamp == stamped(self._pointer) and time.monotonic() < seen.retry_at

    def _look(self) -> _Seen:
        """Read the pointer and load what it names; keep the release before it when that fails."""
        stamp = stamped(self._pointer)  # before reading: a switch in between is seen at the next request
        before = self._seen.snapshot.loaded if self._seen else None
        wanted = None
        try:
            named = pointer.read(self._production)
            if named is None:
                return _Seen(stamp, Snapshot())
            wanted = named.release
            loaded = before if before and before.id == wanted else load(self._models, wanted, self._beside())
            return _Seen(stamp, Snapshot(loaded, wanted))
        except BundleError as error:
            _log.error("the live release cannot be loaded: %s", error)
            notice = _notice(wanted, before, error)
            return _Seen(stamp, Snapshot(before, wanted, notice), time.monotonic() + RETRY_SECONDS)


def stamped(path: str) -> Stamp:
    """Return what tells a file from the one that takes its place, None where there is none."""
    try:
        status = os.stat(path)  # noqa: PTH116  (a path object costs more)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def load(models: Path, release: str, beside: Unasked) -> Loaded:
    """Load a release completely, its checksums first. Raises BundleError when it cannot be trusted."""
    answerer = open_served(models, release)
    manifest = bundles.load_manifest(models, release)
    try:
        features = bundles.features(manifest)
        task = str(manifest["task"])
    except (KeyError, TypeError) as error:
        what = f"the manifest does not say what a row is ({error})."
        raise BundleError(what, where=str(models / release), hint="Train again, or roll back.") from error
    levels = {name: frozenset(known) for name, known in answerer.levels.items()}
    reader, regular = RowReader(features, levels, beside.expected), Regular(features, beside.expected)
    return Loaded(release, task, answerer, reader, regular, beside.kept)


def _notice(wanted: str | None, before: Loaded | None, error: BundleError) -> str:
    """Say what is wrong and who answers instead; the path of the bundle stays in the log."""
    subject = f"Release {wanted} cannot be loaded" if wanted else "The live release is not known"
    instead = f"release {before.id} goes on answering" if before else "nothing answers"
    return f"{subject} ({error.what.rstrip('.')}); {instead}."
